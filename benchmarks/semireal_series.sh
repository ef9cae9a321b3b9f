#!/usr/bin/env bash
# What the nightly run finds in semi-real series at each setting of --false-alarms, by size, type and distance to water.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/semireal_series.sh [DIR] [SETTINGS] [-- OPTION...]
Makes twelve semi-real series in DIR (build/semireal; some 5 GB, once), runs over each with --false-alarms at each of
SETTINGS ("3 10 50" by default) and OPTIONs, and prints what was in alerts.geojson on any night, scored against the truth:
what each setting finds by size, type and distance to water, and the false alarms that it was measured to cost.

Needs ../shared/tools/semireal and Debian's packages: apt-get install -y python3-numpy python3-scipy python3-gdal python3-skimage
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
places=()
while [[ $# -gt 0 && $1 != -- ]]; do
  places+=("$1")
  shift
done
if [[ $# -gt 0 ]]; then shift; fi
folder=${places[0]:-$root/build/semireal}
settings=${places[1]:-3 10 50}
tools=${PITWATCH_SHARED:-$root/../shared}/tools/semireal
"$root/tools/build.sh" release pitwatch
if [[ ! -d $folder ]]; then "$tools/make_series.sh" "$folder"; fi
for setting in $settings; do
  for series in "$folder"/*/site.geojson; do
    series=${series%/site.geojson}
    state=$series/state-$setting
    rm -rf "$state"
    "$root/build/pitwatch" run --sites "$series/site.geojson" --source "$series/items" --state "$state" \
      --false-alarms "$setting" --quiet "$@"
    "$root/build/pitwatch" alerts export --register "$state/register.gpkg" --format geojson \
      --out "$state/register.geojson" --quiet
    "$root/benchmarks/published_alerts.py" "$state/register.gpkg" "$state/register.geojson" "$state/published"
    /usr/bin/python3 "$tools/score_series.py" --truth "$series/truth.geojson" \
      --alerts "$state/published-any.geojson" --json > "$series/score-$setting.json"
  done
done

/usr/bin/python3 - "$folder" $settings <<'END'
import glob
import json
import statistics
import sys

folder, settings = sys.argv[1], sys.argv[2:]
SIZES = ((0.05, 0.1), (0.1, 0.2), (0.2, 0.5), (0.5, 1), (1, 1e9))
print("| `--false-alarms` | level | " + " | ".join(f"{low} - {high} ha" if high < 1e9 else f"{low} ha and more" for low, high in SIZES) +
      " | 0.1 ha and more | 0.2 ha and more | by water | away from it | to bare | bare to bare | to water | median days of steps | IoU "
      "| false per 100 km2 and year | on decoys |\n" + "|---" * 18 + "|")
for setting in settings:
    scores = [(json.load(open(path)), path) for path in sorted(glob.glob(f"{folder}/*/score-{setting}.json"))]
    by_water = {}  # (series, event)
    for _, path in scores:
        series = path.rsplit("/", 1)[0]
        for feature in json.load(open(f"{series}/truth.geojson"))["features"]:
            by_water[series, feature["id"]] = feature["properties"].get("by_water", False)
    for level in ("any", "confirmed"):
        events = [dict(event, by_water=by_water[path.rsplit("/", 1)[0], event["id"]]) for score, path in scores
                  for event in score[level]["per_disturbance"]]

        def found(chosen, least_ha=0.1):
            group = [event["detected"] for event in events if event["area_ha"] >= least_ha and chosen(event)]
            return f"{sum(group) / len(group):.3f}".replace("0.", ".", 1) if group else "-"

        km2_years = sum(score[level]["area_km2"] * score[level]["years"] for score, _ in scores)
        lags = [e["lag"] for e in events if e["detected"] and e["growth"] == "step"]
        overlaps = [e["iou"] for e in events if e["detected"]]
        columns = [*(found(lambda e, low=low, high=high: low <= e["area_ha"] < high, low) for low, high in SIZES),
                   found(lambda e: True), found(lambda e: e["area_ha"] >= 0.2), found(lambda e: e["by_water"]),
                   found(lambda e: not e["by_water"]),
                   *(found(lambda e, t=t: e["type"] == t) for t in ("veg_to_bare", "bare_to_bare", "to_water")),
                   f"{statistics.median(lags):.0f}" if lags else "-",
                   f"{statistics.median(overlaps):.2f}".replace("0.", ".", 1) if overlaps else "-",
                   f"{100 * sum(s[level]['false'] for s, _ in scores) / km2_years:.1f}",
                   str(sum(s[level]["on_decoys"] for s, _ in scores))]
        print("|", " | ".join([setting, level, *columns]), "|")
END
