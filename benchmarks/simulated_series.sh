#!/usr/bin/env bash
# What the nightly run finds in simulated series, how late, and what it false alarms.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/simulated_series.sh [SEEDS] [DIR] [--first SEED] [--baseline-from DATE]
Simulates four and a half years of both sample sites (2019 to June 2023, every five days; the first three years are learnt
from) for SEEDS seeds (5 by default) from 1 or --first on in DIR (build/simulated_series), runs over them, scores the alerts of
each site against its truth, and prints pooled tables of all seeds in DIR. --baseline-from leaves out what is older, for a
short history.

Needs Debian's packages: apt-get install -y python3-numpy python3-gdal
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
first=1
baseline_from=
places=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --first) first=$2; shift 2 ;;
    --baseline-from) baseline_from=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) places+=("$1"); shift ;;
  esac
done
seeds=${places[0]:-5}
folder=${places[1]:-$root/build/simulated_series}
source "$root/benchmarks/monitor_functions.sh"
"$root/tools/build.sh" release pitwatch
if [[ -n $baseline_from ]]; then
  mkdir -p "$folder"
  sed "s/\"baseline_from\": \"[0-9-]*\"/\"baseline_from\": \"$baseline_from\"/" "$watched_sites" > "$folder/sites.geojson"
  watched_sites=$folder/sites.geojson
fi
for ((seed = first; seed < first + seeds; ++seed)); do
  simulate_series "$seed"
  watch_series "$seed" all
done

python3 - "$folder" <<'END'
import glob
import json
import statistics
import sys

reports = {status: [json.load(open(path))["truth"] for path in sorted(glob.glob(f"{sys.argv[1]}/*/all-*-{status}.json"))]
           for status in ("any", "confirmed", "last", "last_confirmed")}
sizes = ((0, 0.05), (0.05, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 1), (1, 5), (5, 1e9))
events = {status: [e for r in of_status for e in r["events"]] for status, of_status in reports.items()}


def row(name, chosen):
    columns = []
    for status in reports:
        group = [e for e in events[status] if chosen(e)]
        found = [e for e in group if e["found"]]
        columns.append(f"{len(found) / len(group):.2f}" if group else "-")
        if status.startswith("last"):
            continue
        lag = [e["lag_days"] if status == "any" else e["confirmed_lag_days"] for e in found]
        lag = [days for days in lag if days is not None]  # none where it was confirmed before it reopened
        columns.append(f"{statistics.median(lag):.0f}" if lag else "-")
    print("|", " | ".join([name, str(len([e for e in events["any"] if chosen(e)])), *columns]), "|")


print("| | events | found | median days | confirmed | median days | at the end | confirmed |\n" + "|---" * 8 + "|")
disturbance = lambda e: e["kind"] == "disturbance"
for low, high in sizes:
    name = f"{low} - {high} ha" if high < 1e9 else f"{low} ha and more"
    row(name, lambda e: disturbance(e) and low <= e["area_ha"] < high)
for kind in sorted({e["type"] for e in events["any"] if disturbance(e)}):
    row(kind, lambda e: e["type"] == kind)
row("pit_deepened, 0.2 ha and more", lambda e: e["type"] == "pit_deepened" and e["area_ha"] >= 0.2)
row("**all disturbances**", disturbance)
row("**0.1 ha and more**", lambda e: disturbance(e) and e["area_ha"] >= 0.1)
row("**0.2 ha and more**", lambda e: disturbance(e) and e["area_ha"] >= 0.2)
for kind in sorted({e["type"] for e in events["any"] if not disturbance(e)}):
    row("*" + kind + "*", lambda e: e["type"] == kind)
for status, of_status in reports.items():
    hits = {name: sum(r["commission"]["alerts_by_hit"][name]["count"] for r in of_status)
            for name in of_status[0]["commission"]["alerts_by_hit"]}
    false = statistics.mean(r["commission"]["false_per_100km2_year"]["value"] for r in of_status)
    bins = {}  # of all sites and seeds together: alerts, right ones, sum of confidences
    for r in of_status:
        for number, one in enumerate(r["calibration"]["bins"]):
            if one["count"] == 0:
                continue
            so_far = bins.get(number, (0, 0, 0))
            bins[number] = tuple(a + b * one["count"] for a, b in
                                 zip(so_far, (1, one["right_share"], one["mean_confidence"])))
    error = sum(abs(right - confidence) for _, right, confidence in bins.values()) / sum(b[0] for b in bins.values())
    iou = [e["iou"] for e in events[status] if disturbance(e) and e["found"] and e["area_ha"] >= 0.5]
    observations = [e["confirmed_lag_clear_observations" if "confirmed" in status else "lag_clear_observations"] for e in events[status]
             if disturbance(e) and e["found"]]
    observations = [count for count in observations if count is not None]
    print(f"{status}: {sum(hits.values())} alerts, by what they hit:", ", ".join(f"{n} {name}" for name, n in hits.items()) +
          f"; {false:.0f} false per 100 km2 and year; median {statistics.median(observations):.0f} clear observations from onset, IoU "
          f"{statistics.median(iou):.2f} from 0.5 ha on, calibration error {error:.2f}")
END

# Most events begin with a few pixels and grow for months. The lag that a user sees begins when there is something to see.
/usr/bin/python3 - "$folder" <<'END'
import glob
import json
import os
import statistics
import sys
from datetime import datetime, timedelta

from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()
SEEN_HA = 0.1
CODES = {"pit_in_forest": 1, "pit_in_grass": 2, "pit_in_crop": 3, "pit_deepened": 4, "waste_dump": 5, "tailings_pond": 6,
         "access_road": 7, "pond": 8, "alluvial_working": 9}  # of types in labels
lags = {"any": [], "confirmed": []}


def day(text):
    return datetime.fromisoformat(text[:10])


def visible_since(event, geometry, labels):
    """The first day with SEEN_HA of the event in the labels; `labels` are (day, path) from its onset on."""
    raster = gdal.Open(labels[-1][1])
    pixel_ha = abs(raster.GetGeoTransform()[1] * raster.GetGeoTransform()[5]) / 1e4
    mask = gdal.GetDriverByName("MEM").Create("", raster.RasterXSize, raster.RasterYSize, 1, gdal.GDT_Byte)
    mask.SetGeoTransform(raster.GetGeoTransform())
    mask.SetSpatialRef(raster.GetSpatialRef())
    wgs84 = osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    for system in (wgs84, target := raster.GetSpatialRef()):
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    shape = ogr.CreateGeometryFromJson(json.dumps(geometry))
    shape.Transform(osr.CoordinateTransformation(wgs84, target))
    memory = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = memory.CreateLayer("", target)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(shape)
    layer.CreateFeature(feature)
    gdal.RasterizeLayer(mask, [1], layer)
    inside = mask.ReadAsArray() > 0
    for when, path in labels:
        if (gdal.Open(path).ReadAsArray()[inside] == CODES[event["type"]]).sum() * pixel_ha >= SEEN_HA:
            return when
    return None


for truth_path in sorted(glob.glob(f"{sys.argv[1]}/*/scenes/*/truth.geojson")):
    site_folder = os.path.dirname(truth_path)
    site, seed_folder = os.path.basename(site_folder), os.path.dirname(os.path.dirname(site_folder))
    labels = [(datetime.strptime(os.path.basename(path)[:8], "%Y%m%d"), path)
              for path in sorted(glob.glob(f"{site_folder}/labels/*.tif"))]
    scored = {status: {event["id"]: event for event in
                       json.load(open(f"{seed_folder}/all-{site}-{status}.json"))["truth"]["events"]} for status in lags}
    for feature in json.load(open(truth_path))["features"]:
        event = feature["properties"]
        onset = day(event["onset"])
        if event["kind"] != "disturbance" or event["onset"] < "2022" or event["area_ha"] < SEEN_HA:
            continue
        since = visible_since(event, feature["geometry"], [label for label in labels if label[0] >= onset])
        if since is None:
            continue
        for status, name in (("any", "lag_days"), ("confirmed", "confirmed_lag_days")):
            result = scored[status].get(feature["id"])
            if result is None or not result["found"]:
                continue
            found = onset + timedelta(days=result[name])
            observations = sum(since <= day(observation) <= found for observation in event["clear_looks"])
            lags[status].append((since.month, (found - since).days, observations))
for status, of_status in lags.items():
    for season, months in (("all year", range(1, 13)), ("April to October", range(4, 11))):
        chosen = [lag for lag in of_status if lag[0] in months]
        print(f"{status}, from the day with {SEEN_HA} ha disturbed, {season}: {len(chosen)} found, median "
              f"{statistics.median(lag[1] for lag in chosen):.0f} days, {statistics.median(lag[2] for lag in chosen):.0f} "
              "clear observations")
END
