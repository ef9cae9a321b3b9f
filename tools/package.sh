#!/usr/bin/env bash
# Builds the Debian package.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/package.sh [DIR]
Sets up, builds and writes pitwatch_VERSION_ARCHITECTURE.deb into DIR (default: build/package). VERSION follows from git:
0.1.0 for the tag v0.1.0, 0.1.0+12.50df8f6 twelve commits later, 0.1.0~git20261130.50df8f6 before the first release.
Environment: JOBS, as for tools/build.sh; SOURCE_DATE_EPOCH, the time of the files in the package (default: of the commit).
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac
out=$root/build/package
if [[ $# -gt 0 ]]; then
  mkdir -p "$1"
  out=$(cd "$1" && pwd)
fi

git() { command git -C "$root" -c safe.directory="$root" "$@"; }
release=$(sed -n 's/^project(pitwatch VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
version=$release
if tag=$(git describe --tags --match 'v[0-9]*' --abbrev=7 2>/dev/null); then
  # v0.1.0-12-g50df8f6 -> 0.1.0+12.50df8f6
  version=$(sed -E 's/^v//; s/-([0-9]+)-g/+\1./' <<<"$tag")
elif commit=$(git log -1 --format=%cd.%h --date=format:%Y%m%d --abbrev=7 2>/dev/null); then
  version=$release~git$commit
fi
if [[ ! $version =~ ^[0-9][0-9A-Za-z.+~]*$ ]]; then
  echo "package.sh: '$version' is no version of a Debian package" >&2
  exit 1
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
export PITWATCH_PACKAGE_VERSION=$version-1

"$root/tools/setup.sh" --package
"$root/tools/build.sh" release pitwatch pages >&2

# The package's own changelog, which refers to that of the program.
mkdir -p "$root/build/packaging" "$out"
changelog=$root/build/packaging/changelog.Debian
cat >"$changelog" <<END
pitwatch ($PITWATCH_PACKAGE_VERSION) unstable; urgency=medium

  * Packaged from its sources; changes are in CHANGELOG.md.

 -- Pitwatch maintainers <maintainers@pitwatch.invalid>  $(LC_ALL=C date --utc -R --date="@$SOURCE_DATE_EPOCH")
END
gzip -9nf "$changelog"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
if ! log=$(cd "$work" && cpack --config "$root/build/CPackConfig.cmake" -B "$work" 2>&1); then
  echo "$log" >&2
  exit 1
fi
mv "$work"/*.deb "$out"
ls "$out"/pitwatch_"$PITWATCH_PACKAGE_VERSION"_*.deb
