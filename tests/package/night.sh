#!/bin/bash
# Within the bare Debian: one night, by its units ("units") or by their commands as their user ("chroot"). The last line
# says "night: done", or the script ends before.
set -euo pipefail
how=$1
state=/var/lib/pitwatch/state

by_unit() { # NAME
  if [[ $how == units ]]; then
    systemctl start "$1.service" || {
      systemctl status --no-pager --full "$1.service" >&2 || true
      journalctl --no-pager -u "$1.service" >&2 || true
      return 1
    }
    return
  fi
  # What the unit says of its user, folder, files' mode and environment; what it may do besides is not imitated.
  local unit=/lib/systemd/system/$1.service command user
  local -a environment
  said() { sed -n "s/^$1=//p" "$unit"; }
  command=$(said ExecStart)
  user=$(said User)
  mapfile -t environment < <(said Environment)
  # shellcheck disable=SC2086
  (
    umask "$(said UMask)"
    cd "$(said WorkingDirectory)"
    setpriv --reuid "$user" --regid "$(said Group)" --init-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
      env -i PATH=/usr/bin:/bin CACHE_DIRECTORY=/var/cache/pitwatch "${environment[@]}" $command
  )
}

# Without a first line the system would seem not to have booted, and units that fail would be passed over.
echo "night: by $how"
# The run starts what goes before it.
if [[ $how == units ]]; then
  systemctl enable --quiet pitwatch-fetch.service pitwatch.timer
else
  by_unit pitwatch-fetch
fi
by_unit pitwatch || [[ $? -eq 4 ]]
echo "scenes fetched: $(find /var/lib/pitwatch/scenes -name '*.json' | wc -l)"
if [[ $how == units ]]; then
  # It was started by the run's success, and is not waited for by that.
  for ((i = 0; i < 300; ++i)); do
    if [[ $(systemctl show -P ActiveState pitwatch-report.service) == inactive &&
          -e /var/lib/pitwatch/reports/index.html ]]; then break; fi
    sleep 1
  done
  echo "report: $(systemctl show -P Result pitwatch-report.service)"
else
  by_unit pitwatch-report
fi
by_unit pitwatch-status
grep -q '^pitwatch_' /var/lib/pitwatch/pitwatch.prom
echo "metrics: $(grep -c '^pitwatch_' /var/lib/pitwatch/pitwatch.prom)"
echo "alerts: $(grep -o '"id"' $state/alerts.geojson | wc -l)"
[[ -e /var/lib/pitwatch/reports/index.html ]]
# For the group, and not for others.
find /var/lib/pitwatch/state /var/lib/pitwatch/reports \( ! -user pitwatch -o ! -group pitwatch -o -perm /o=rwx \) -print >/tmp/open
if [[ -s /tmp/open ]]; then
  echo "can be read by others, or are not the unit's user's:" >&2
  head -5 /tmp/open >&2
  exit 1
fi
useradd --no-create-home --groups pitwatch analyst 2>/dev/null || true
runuser -u analyst -- pitwatch alerts list --state $state --quiet >/dev/null
if runuser -u nobody -- cat $state/alerts.geojson 2>/dev/null >&2; then
  echo "anybody can read the alerts" >&2
  exit 1
fi
export PITWATCH_CONFIG=/etc/pitwatch/pitwatch.conf
runuser -u pitwatch -- pitwatch status
runuser -u pitwatch -- pitwatch verify | tail -1
if [[ $how == units ]]; then
  # A unit that fails says so: without sites the run cannot begin.
  echo '{' > /etc/pitwatch/sites.geojson
  if systemctl start pitwatch.service 2>/dev/null; then exit 1; fi
  sleep 2
  journalctl --no-pager -u 'pitwatch-failed@*' | grep 'has failed on'
fi
echo "night: done"
