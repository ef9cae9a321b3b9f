#!/usr/bin/env bash
# Published rules for alerts and the nightly run, over the same simulated series, scored by the same scorer.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/peer_rules.sh [SEEDS] [DIR]
Simulates four and a half years of both sample sites (the first three are learnt from) for seeds 1 .. SEEDS (5 by default) in DIR
(build/peer_rules), runs OPERA DIST-ALERT's, RADD's and nrt's rules (peer_rules.py says what of them) and pitwatch run over
them, and prints a table of what each finds, how late, and what false alarms.

Needs Debian's packages: apt-get install -y python3-numpy python3-scipy python3-gdal
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seeds=${1:-5}
folder=${2:-$root/build/peer_rules}
source "$root/benchmarks/monitor_functions.sh"
"$root/tools/build.sh" release pitwatch
for ((seed = 1; seed <= seeds; ++seed)); do
  simulate_series "$seed"
  watch_series "$seed" pitwatch
  for site in gizilbulag demirli; do
    /usr/bin/python3 "$root/benchmarks/peer_rules.py" "$folder/$seed/scenes/$site" "$folder/$seed/peers/$site" \
      --watch-from 2022-01-01
    for alerts in "$folder/$seed/peers/$site"/*.geojson; do
      name=$(basename "$alerts" .geojson)
      score_alerts "$seed" "${name%-*}" "${name##*-}" "$site" "$alerts"
    done
  done
done
print_table dist="DIST-ALERT's rules" dist_veg="its vegetation test alone" dist_generic="its generic test alone" \
  radd="RADD's updating, on NDVI" ewma="nrt EWMA on NDVI, sensitivity 8" pitwatch="pitwatch run"
