#!/usr/bin/env bash
# The package as its users meet it: in a bare Debian 12 of debootstrap it is installed, runs a night over simulated scenes
# under its own units, is checked, removed, and leaves the record. Needs root, the packages of tools/setup.sh --package and
# Debian's mirror. Where systemd-nspawn cannot boot the system, commands run as the units' user in a chroot, and units are
# checked, not started.
set -euo pipefail

usage() {
  cat <<'END'
usage: tests/package/install_test.sh [DEB]
DEB: the package (default: tools/package.sh builds it). Environment: PITWATCH_ROOTS, a folder for the bare Debian, which is
kept for the next time, and for the one that is used (default: /var/tmp/pitwatch-package-test); 3 GB. PITWATCH_BOOT=no: as
where systemd-nspawn cannot boot it.
Exit code 77: skipped.
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
if [[ $EUID -ne 0 ]]; then
  echo "skipped: needs root" >&2
  exit 77
fi
for program in debootstrap lintian mandoc systemd-analyze; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: $program is missing (tools/setup.sh --package)" >&2
    exit 77
  fi
done

roots=${PITWATCH_ROOTS:-/var/tmp/pitwatch-package-test}
bare=$roots/bare
used=$roots/used
mkdir -p "$roots"
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
step() { echo "== $*"; }

step "the package"
deb=${1:-}
if [[ -z $deb ]]; then deb=$("$top/tools/package.sh"); fi
[[ -f $deb ]] || fail "no package $deb"
lintian --tag-display-limit 0 --fail-on error,warning --suppress-tags-from-file "$here/lintian_tags" "$deb"

step "a bare Debian 12"
if [[ ! -e $bare/etc/debian_version ]]; then
  rm -rf "$bare.new"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,ca-certificates bookworm "$bare.new" >&2
  mv "$bare.new" "$bare"
fi
rm -rf --one-file-system "$used"
cp -a "$bare" "$used"
mkdir -p "$roots/archives/partial"

inside() { # COMMAND...: as root in it, with its own view of processes and mounts
  unshare --mount --pid --fork --kill-child bash -c '
    root=$1; archives=$2; shift 2
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/run"
    mount --bind "$archives" "$root/var/cache/apt/archives"
    exec chroot "$root" "$@"' inside "$used" "$roots/archives" "$@"
}
cp --dereference /etc/resolv.conf "$used/etc/resolv.conf"
# No service starts while packages are installed.
printf '#!/bin/sh\nexit 101\n' >"$used/usr/sbin/policy-rc.d"
chmod 755 "$used/usr/sbin/policy-rc.d"
apt() { inside env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -o APT::Keep-Downloaded-Packages=true "$@"; }

step "installs"
cp "$deb" "$used/root/pitwatch.deb"
apt update
apt install -y --no-install-recommends /root/pitwatch.deb >"$roots/install.log" 2>&1 || {
  tail -20 "$roots/install.log" >&2
  fail "does not install"
}
inside pitwatch --version
[[ $(inside stat -c '%U:%G %a' /var/lib/pitwatch) == "pitwatch:pitwatch 2750" ]] || fail "/var/lib/pitwatch is not as it should be"
[[ $(inside stat -c '%U:%G %a' /etc/pitwatch/environment) == "root:pitwatch 640" ]] || fail "environment can be read"
for page in "$used"/usr/share/man/man1/pitwatch*.1.gz; do zcat "$page" | mandoc -T lint -W style || fail "$page"; done

step "units"
units=$(cd "$used/lib/systemd/system" && ls pitwatch*.service pitwatch*.timer)
# shellcheck disable=SC2086
inside systemd-analyze verify --man=no --recursive-errors=one $units || fail "units"
for unit in $units; do
  [[ $unit == *.service ]] || continue
  exposure=$(inside env SYSTEMD_COLORS=0 SYSTEMD_URLIFY=0 systemd-analyze security --offline=true --no-pager "${unit/@./@pitwatch.service.}" | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
  echo "$unit: exposure $exposure"
  awk -v "x=$exposure" 'BEGIN { exit !(x != "" && x <= 2.0) }' || fail "$unit: exposure $exposure is more than 2.0"
done

step "a night"
inside sh -ec '
  cp /usr/share/doc/pitwatch/examples/sites.geojson /etc/pitwatch/sites.geojson
  runuser -u pitwatch -- pitwatch simulate --sites /etc/pitwatch/sites.geojson --from 2020-01-01 --to 2022-06-30 \
    --history-days 731 --size-km 1.5 --bands B02,B03,B04,B08,B11,B12 --out /var/lib/pitwatch/archive --quiet
  # The archive that scenes are fetched from.
  sed -i "s|^#source = https.*|source = /var/lib/pitwatch/archive|; s|^#from = .*|from = 2020-01-01|" /etc/pitwatch/pitwatch.conf'
cp "$here/night.sh" "$used/root/night.sh"
rm -f "$used/root/night.result"
booted=no
if [[ ${PITWATCH_BOOT:-yes} != no ]] && command -v systemd-nspawn >/dev/null; then
  cat >"$used/etc/systemd/system/night-test.service" <<'END'
[Unit]
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/bash /root/night.sh units
StandardOutput=file:/root/night.result
StandardError=file:/root/night.errors
END
  ln -sf /etc/systemd/system/night-test.service "$used/etc/systemd/system/default.target.wants/night-test.service" 2>/dev/null || {
    mkdir -p "$used/etc/systemd/system/multi-user.target.wants"
    ln -sf /etc/systemd/system/night-test.service "$used/etc/systemd/system/multi-user.target.wants/night-test.service"
  }
  if timeout 1800 systemd-nspawn --quiet --directory="$used" --register=no --keep-unit --boot --console=pipe \
    </dev/null >"$roots/boot.log" 2>&1 || true; then :; fi
  if [[ -s $used/root/night.result ]]; then booted=yes; fi
fi
if [[ $booted == no ]]; then
  echo "not booted (systemd-nspawn is missing, cannot, or shall not; $roots/boot.log): in a chroot, as the units' user"
  inside /bin/bash /root/night.sh chroot >"$used/root/night.result" 2>"$used/root/night.errors" || true
fi
cat "$used/root/night.result"
grep -q '^night: done$' "$used/root/night.result" || {
  cat "$used/root/night.errors" >&2
  fail "the night"
}

step "removal leaves the record"
record() { (cd "$used/var/lib/pitwatch" && find . -type f ! -path './scenes/*' ! -path './archive/*' -print0 | sort -z | xargs -0 sha256sum); }
before=$(record)
[[ -n $before ]] || fail "no record"
apt remove -y pitwatch >"$roots/remove.log" 2>&1
[[ ! -e $used/usr/bin/pitwatch && -e $used/etc/pitwatch/pitwatch.conf ]] || fail "is not removed"
[[ $(record) == "$before" ]] || fail "removal changed the record"
apt purge -y pitwatch >"$roots/purge.log" 2>&1
grep -q 'is evidence and stays' "$roots/purge.log" || fail "purge does not say that the record stays"
[[ ! -e $used/etc/pitwatch/pitwatch.conf && ! -e $used/var/cache/pitwatch ]] || fail "purge leaves configuration or cache"
[[ $(record) == "$before" ]] || fail "purge changed the record"
[[ $(inside stat -c %U /var/lib/pitwatch/state) == pitwatch ]] || fail "the record has lost its owner"

step "installed again, it goes on"
apt install -y --no-install-recommends /root/pitwatch.deb >"$roots/again.log" 2>&1
inside runuser -u pitwatch -- pitwatch verify /var/lib/pitwatch/state --quiet
rm -rf --one-file-system "$used"
echo "passed"
