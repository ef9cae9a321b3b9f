#!/usr/bin/env bash
# What is found against what false alarms it costs: the nightly run and published rules over the same semi-real series.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/semireal_curve.sh DIR [SETTINGS] [STRICTNESS]
Over each semi-real series in DIR (benchmarks/semireal_series.sh makes them) runs pitwatch with --false-alarms at each of
SETTINGS ("3 10 50 200"), and OPERA DIST-ALERT's, nrt's and RADD's rules (peer_rules.py) at each STRICTNESS ("0.5 1 2 4"),
and prints a row for each: share of disturbances of 0.1 ha and more that were found, false alarms per 100 km2 and year, by any
and by confirmed alerts. Last, of alerts with each confidence, how many were true, at the first of SETTINGS that is 10.

Needs ../shared/tools/semireal and Debian's packages: apt-get install -y python3-numpy python3-scipy python3-gdal
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:--h} in
  -h | --help) usage; exit 0 ;;
esac
folder=$1
settings=${2:-3 10 50 200}
strictness=${3:-0.5 1 2 4}
tools=${PITWATCH_SHARED:-$root/../shared}/tools/semireal
"$root/tools/build.sh" release pitwatch
score() {  # SERIES ALERTS OUT
  /usr/bin/python3 "$tools/score_series.py" --truth "$1/truth.geojson" --alerts "$2" --json > "$3"
}
for series in "$folder"/*/site.geojson; do
  series=${series%/site.geojson}
  out=$series/curve
  mkdir -p "$out"
  for setting in $settings; do
    state=$out/state-$setting
    rm -rf "$state"
    "$root/build/pitwatch" run --sites "$series/site.geojson" --source "$series/items" --state "$state" \
      --false-alarms "$setting" --quiet
    "$root/build/pitwatch" alerts export --register "$state/register.gpkg" --format geojson \
      --out "$state/register.geojson" --quiet
    "$root/benchmarks/published_alerts.py" "$state/register.gpkg" "$state/register.geojson" "$state/published"
    score "$series" "$state/published-any.geojson" "$out/pitwatch-$setting.json"
  done
  for strict in $strictness; do
    /usr/bin/python3 "$root/benchmarks/peer_rules.py" "$series/items" "$out/peers" --watch-from 2021-06-01 \
      --strictness "$strict" --rules dist,ewma,radd
    for rule in dist ewma radd; do
      for level in any confirmed; do
        alerts=$out/peers/$rule-$level.geojson
        if [[ -e $alerts ]]; then score "$series" "$alerts" "$out/$rule-$level-$strict.json"; fi
      done
    done
  done
done
/usr/bin/python3 "$root/benchmarks/semireal_curve.py" "$folder" "$settings" "$strictness" "$tools"
