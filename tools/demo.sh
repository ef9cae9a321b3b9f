#!/usr/bin/env bash
# From nothing to alerts: makes a synthetic pair of scenes and compares them.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/demo.sh [SEED]
Sets up, builds, writes a synthetic pair into build/demo, compares it, and lists the alerts. SEED: another ground.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seed=${1:-7}

"$root/tools/setup.sh"
"$root/tools/build.sh" release pitwatch make_sample_pair
folder=$root/build/demo
"$root/build/make_sample_pair" "$folder" --seed "$seed"
"$root/build/pitwatch" compare "$folder/before.json" "$folder/after.json" --out "$folder/out"

echo "alerts: $folder/out/alerts.geojson (the truth: $folder/truth.geojson)"
python3 - "$folder/out/alerts.geojson" <<'END'
import json
import sys

print(f"{'id':<16} {'class':<20} {'ha':>7}")
for feature in json.load(open(sys.argv[1]))["features"]:
    alert = feature["properties"]
    print(f"{feature['id']:<16} {alert['class']:<20} {alert['area_ha']:7.2f}")
END
