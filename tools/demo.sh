#!/usr/bin/env bash
# From nothing to alerts: simulates years of scenes over the sample sites, runs the nightly job, and scores its alerts.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/demo.sh [SEED]
Sets up, builds, simulates a series of both sample sites into build/demo (2019 to June 2023, every five days), runs the
nightly job over it, lists the alerts that are open, draws the course of one pixel, and scores all alerts against what is
known to have happened; last, it says whose ground they lie on and which water they may reach, which days showed nothing,
adds up the ground, and makes a map to be looked at. SEED: another world.
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
sites=$root/sample_data/sites.geojson
rm -rf "$demo"
# Nothing happens in the first three years: they are learnt from.
"$pitwatch" simulate --sites "$sites" --from 2019-01-01 --to 2023-06-30 --history-days 1096 --seed "$seed" \
  --bands B02,B03,B04,B08,B11,B12 --out "$demo/series"
# All of the ground that the series shows is watched, so that it can be scored whole.
"$pitwatch" run --sites "$sites" --source "$demo/series" --state "$demo/state" --buffer-m 600

echo
"$pitwatch" alerts list --state "$demo/state" --status provisional,confirmed --min-area-ha 0.2
echo

# The middle of the largest alert, and how it came about.
read -r place largest < <(python3 - "$demo/state/alerts.geojson" <<'END'
import json
import sys

features = json.load(open(sys.argv[1]))["features"]
largest = max(features, key=lambda feature: feature["properties"]["area_ha"])
west, south, east, north = largest["bbox"]
print(f"{(west + east) / 2:.6f},{(south + north) / 2:.6f}", largest["id"])
END
)
"$pitwatch" inspect --at "$place" --sites "$sites" --source "$demo/series" --buffer-m 600 --out "$demo/pixel.png"
for site in gizilbulag demirli; do
  "$pitwatch" score --truth "$demo/series/$site/truth.geojson" --alerts "$demo/state/alerts.geojson" \
    --where "site = '$site'" --from 2022-01-01 --html "$demo/score-$site.html" > "$demo/score-$site.txt"
done
# Whose ground it is, and which water it may reach: the sample layers, over the elevations of the simulated ground.
python3 - "$root/sample_data" "$demo" <<'END'
import json
import sys

samples, demo = sys.argv[1:]
config = json.load(open(f"{samples}/context.json"))
for layer in config["layers"]:
    layer["source"] = f"{samples}/{layer['source']}"
config["elevation"] = {"source": [f"{demo}/series/{site}/dem.tif" for site in ("gizilbulag", "demirli")],
                       "rmse_m": 2, "correlation_length_m": 100}
config["groundwater"] = {"depth_m": 6, "recharge_mm": 120, "soil": "loam", "vadose": "sand_and_gravel"}
json.dump(config, open(f"{demo}/context.json", "w"), indent=1)
END
"$pitwatch" context --state "$demo/state" --layers "$demo/context.json" > "$demo/context.txt"
"$pitwatch" coverage --state "$demo/state" --now 2023-07-01 > "$demo/coverage.txt"
"$pitwatch" account --state "$demo/state" --out "$demo/account" > "$demo/account.txt"
# The map links to the dossiers that lie in its folder.
"$pitwatch" report --state "$demo/state" --all --out "$demo/map/dossiers"
"$pitwatch" map --state "$demo/state" --out "$demo/map"
echo "alerts:           $demo/state/alerts.geojson"
echo "the register:     $demo/state/register.gpkg"
echo "licences, waters: $demo/context.txt"
echo "what was unseen:  $demo/coverage.txt"
echo "the account:      $demo/account.txt, $demo/account/account-gizilbulag.png"
echo "a pixel's course: $demo/pixel.png"
echo "the truth:        $demo/series/truth.geojson"
echo "how well:         $demo/score-gizilbulag.html, $demo/score-demirli.html"
echo
echo "Open in a browser:"
echo "the map:          $demo/map/index.html"
echo "one dossier:      $demo/map/dossiers/alert-$largest.html"
