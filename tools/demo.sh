#!/usr/bin/env bash
# From nothing to alerts: simulates three years over the sample sites, compares two summers, and scores the result.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/demo.sh [SEED]
Sets up, builds, simulates a series of both sample sites into build/demo, compares the least cloudy scenes of July
2021 and 2023 at Gizilbulag, lists the alerts, and scores them against what is known to have happened. SEED: another world.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seed=${1:-1}

"$root/tools/setup.sh"
"$root/tools/build.sh" release pitwatch
pitwatch=$root/build/pitwatch
demo=$root/build/demo
rm -rf "$demo"
"$pitwatch" simulate --sites "$root/sample_data/sites.geojson" --from 2021-01-01 --until 2023-12-31 --seed "$seed" \
  --out "$demo/series"

# The whole scene of July with the least cloud: the same season in both years.
clearest() {
  python3 - "$demo/series/gizilbulag" "$1" <<'END'
import glob
import json
import sys

folder, year = sys.argv[1:]
best = None
for path in sorted(glob.glob(f"{folder}/S2*_{year}07*/*.json")):
    properties = json.load(open(path))["properties"]
    key = (properties["s2:nodata_pixel_percentage"], properties["eo:cloud_cover"], path)
    best = min(best, key) if best else key
print(best[-1])
END
}
before=$(clearest 2021)
after=$(clearest 2023)
out=$demo/alerts
"$pitwatch" compare "$before" "$after" --out "$out"

python3 - "$out/alerts.geojson" <<'END'
import json
import sys

print(f"{'id':<16} {'class':<20} {'ha':>7} {'confidence':>11}")
for feature in json.load(open(sys.argv[1]))["features"]:
    alert = feature["properties"]
    print(f"{feature['id']:<16} {alert['class']:<20} {alert['area_ha']:7.2f} {alert['confidence']:11.2f}")
END
"$pitwatch" score --truth "$demo/series/gizilbulag/truth.geojson" --alerts "$out/alerts.geojson" \
  --from 2021-07-15 --until 2023-07-15 --html "$demo/score.html" > "$demo/score.txt"
echo "alerts:      $out/alerts.geojson"
echo "the truth:   $demo/series/gizilbulag/truth.geojson"
echo "how well:    $demo/score.txt, $demo/score.html"
