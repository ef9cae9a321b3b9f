#!/usr/bin/env bash
# What the nightly engine finds in real series: a mine, three pixels with a known course, and 482 of the Amazon.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/real_series.sh [DIR] [--row TITLE] [-- OPTION...]
Runs over the reference series (coal_mine_series, pyxccd_series, amazon_points; PITWATCH_SHARED names their place, by
default ../shared beside the checkout) in DIR (build/real_series), and prints a table for each. OPTIONs are thresholds of
the monitor, for run and series. --row prints one row of a table of variants instead.

Needs Debian's packages: apt-get install -y python3-numpy python3-gdal
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/build/real_series
title=
thresholds=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --row) title=$2; shift 2 ;;
    --) shift; thresholds=("$@"); break ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
data=$(realpath "${PITWATCH_SHARED:-$root/../shared}/data")
for needed in coal_mine_series pyxccd_series amazon_points; do
  if [[ ! -d $data/$needed ]]; then
    echo "no $data/$needed: PITWATCH_SHARED names the folder above data/" >&2
    exit 1
  fi
done
"$root/tools/build.sh" release pitwatch
rm -rf "$folder"/{mine,series}
mkdir -p "$folder"/{mine,series}

# The mine has no green band. "planted" is the same series with 20 pixels of green ground overwritten, in all bands, by
# the mine's own of the same date, at two places.
/usr/bin/python3 - "$data/coal_mine_series" "$folder/mine" <<'END'
import glob
import json
import os
import sys

import numpy
from osgeo import gdal

gdal.UseExceptions()
source, target = sys.argv[1:]
bands = {"B02": "blue", "B04": "red", "B08": "nir", "B11": "swir16", "B12": "swir22"}
# From when; rows and columns of the green ground, and of the mine.
plants = (("20220304", (slice(1, 5), slice(23, 28)), (slice(18, 22), slice(24, 29))),
          ("20221015", (slice(20, 25), slice(1, 5)), (slice(20, 25), slice(20, 24))))
place = None
for path in sorted(glob.glob(f"{source}/*.json")):
    date = os.path.basename(path)[:-5]
    item = json.load(open(path))
    place = item["geometry"]
    rasters = {name: gdal.Open(f"{source}/{date}/{name}.tif") for name in bands}
    values = {name: raster.ReadAsArray() for name, raster in rasters.items()}
    for series in ("as_is", "planted"):
        os.makedirs(f"{target}/{series}/{date}", exist_ok=True)
        if series == "planted":
            for since, green, mine in plants:
                for plane in values.values():
                    if date >= since:
                        plane[green] = plane[mine]
        item["assets"]["scl"]["href"] = f"{source}/{date}/SCL.tif"
        for name, common_name in bands.items():
            copy = gdal.GetDriverByName("GTiff").CreateCopy(f"{target}/{series}/{date}/{name}.tif", rasters["B02"])
            copy.GetRasterBand(1).WriteArray(values[name])
            copy = None
            item["assets"][common_name] = dict(item["assets"]["blue"], href=f"./{date}/{name}.tif",
                                               **{"eo:bands": [{"name": name, "common_name": common_name}]})
        json.dump(item, open(f"{target}/{series}/{date}.json", "w"))
json.dump({"type": "FeatureCollection", "features": [
    {"type": "Feature", "geometry": place, "properties": {"id": "mine", "name": "coal mine"}}]},
    open(f"{target}/sites.geojson", "w"))
END
for series in as_is planted; do
  for hectares in 0.05 0.01; do
    "$root/build/pitwatch" run --sites "$folder/mine/sites.geojson" --source "$folder/mine/$series" \
      --state "$folder/mine/$series-$hectares" --buffer-m 0 --min-area-ha "$hectares" --all-classes --quiet \
      "${thresholds[@]}"
  done
done

# The amazon's clouds are in its table as they were seen. An observation is taken as clear where blue is dark and the near
# infrared is not: rules of thumb, not fitted to the labels.
awk -F, -v OFS=, '{ sub(/\r$/, "") } NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i; print $0, "clear"; next }
  { print $0, ($at["blue"] != "NA" && $at["blue"] < 0.07 && $at["bnir"] > 0.12) + 0 }' \
  "$data/amazon_points/ts_A_raw_long.csv" > "$folder/series/amazon.csv"

series() {
  "$root/build/pitwatch" series "$data/pyxccd_series/$2" --scale 0.0001 "${@:3}" "${thresholds[@]}" --quiet \
    -o "$folder/series/$1.csv"
}
amazon() {
  "$root/build/pitwatch" series "$folder/series/amazon.csv" --id sample --summary "${@:2}" "${thresholds[@]}" --quiet \
    -o "$folder/series/$1.csv"
}
for event in fire logging; do
  series "$event 365 days" "hls_${event}_sichuan.csv" --clear qa=0,1
  series "$event until 2023-06-30" "hls_${event}_sichuan.csv" --clear qa=0,1 --history-until 2023-06-30
done
for days in 365 730; do
  series "crop $days days" s2_crop_henan.csv --clear QA60=0 --history-days "$days"
done
amazon "amazon all observations"
amazon "amazon clear observations" --clear clear=1
amazon "amazon clear observations, until 2018-10-01" --clear clear=1 --history-until 2018-10-01

/usr/bin/python3 - "$folder" "$data" "$title" <<'END'
import collections
import csv
import glob
import itertools
import json
import os
import sys

folder, data, title = sys.argv[1:]
open_statuses = ("provisional", "confirmed", "recovering")


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def mine_alerts(name, hectares):
    return [feature["properties"] for feature in
            json.load(open(f"{folder}/mine/{name}-{hectares}/alerts.geojson"))["features"]]


events = {row["series"].split("_")[1]: row["first_clear_after"]
          for row in rows_of(f"{data}/pyxccd_series/truth.csv") if row["first_clear_after"]}


def course(name):
    """Observations of a pixel; of those from its event on, when and at which clear observation detected and confirmed; the observations of
    each alert before."""
    observations = [observation for observation in rows_of(f"{folder}/series/{name}.csv") if observation["use"] != "unseen"]
    event = events.get(name.split()[0])
    since = [observation for observation in observations if event and observation["date"][:10] >= event]
    found = []
    for statuses in (open_statuses, ("confirmed",)):
        numbers = [i for i, observation in enumerate(since) if observation["status"] in statuses]
        found.append((since[numbers[0]]["date"][:10], numbers[0] + 1) if numbers else None)
    alerts = [list(alert) for is_open, alert in
              itertools.groupby((observation for observation in observations if not event or observation["date"][:10] < event),
                                key=lambda observation: observation["status"] in open_statuses) if is_open]
    return observations, found, alerts


label_of = {row["sample"]: row["label"] for row in rows_of(f"{folder}/series/amazon.csv")}

if title:
    cells = [title]
    for name in ("fire 365 days", "logging 365 days"):
        _, found, others = course(name)
        cells.append(" / ".join(str(one[1]) if one else "-" for one in found) + (f" ({len(others)})" if others else ""))
    cells.append(", ".join(str(len(course(f"crop {days} days")[2])) for days in (365, 730)))
    pixels = rows_of(f"{folder}/series/amazon clear observations, until 2018-10-01.csv")
    for is_felled in (True, False):
        group = [p for p in pixels if (label_of[p["id"]] == "Deforestatio") == is_felled]
        cells.append(" / ".join(str(sum(p[column] != "" for p in group)) for column in ("first_detected", "confirmed_on")))
    cells.append(f"{len(mine_alerts('as_is', '0.05'))}, {len(mine_alerts('planted', '0.05'))}")
    print("| " + " | ".join(cells) + " |")
    sys.exit()

print("| mine | least ha | alerts | first detected | confirmed | class | status | ha |")
print("|---|---|---|---|---|---|---|---|")
for name, hectares in itertools.product(("as_is", "planted"), ("0.05", "0.01")):
    alerts = mine_alerts(name, hectares)
    for i, alert in enumerate(alerts or [None]):
        cells = [name, hectares, str(len(alerts))] if i == 0 else ["", "", ""]
        cells += ["-"] * 5 if alert is None else [
            alert["first_detected"][:10], (alert["confirmed_on"] or "-")[:10], alert["class"], alert["status"],
            f"{alert['area_ha']:.2f}"]
        print("| " + " | ".join(cells) + " |")

print("\n| series | clear observations after history | event | detected, clear observation | confirmed, clear observation | other alerts |"
      "\n|---|---|---|---|---|---|")
for name in ("fire 365 days", "fire until 2023-06-30", "logging 365 days", "logging until 2023-06-30",
             "crop 365 days", "crop 730 days"):
    observations, found, alerts = course(name)
    cells = [f"{one[0]}, {one[1]}" if one else "-" for one in found]
    classes = collections.Counter(alert[-1]["class"] for alert in alerts)
    confirmed = sum(any(observation["status"] == "confirmed" for observation in alert) for alert in alerts)
    others = f"{len(alerts)}, {confirmed} confirmed" + "".join(f", {n} {name}" for name, n in classes.items())
    print(f"| {name} | {len(observations)} | {events.get(name.split()[0], '-')} | {cells[0]} | {cells[1]} | {others} |")

print("\n| amazon | label | pixels | judged | detected | confirmed |\n|---|---|---|---|---|---|")
for path in sorted(glob.glob(f"{folder}/series/amazon *.csv"), key=len):
    pixels = rows_of(path)
    for label in ("Deforestatio", "Forest", "Pasture", "NonForest", "NatNonForest"):
        group = [pixel for pixel in pixels if label_of[pixel["id"]] == label]
        name = os.path.basename(path)[len("amazon "):-len(".csv")] if label == "Deforestatio" else ""
        print(f"| {name} | {label} | {len(group)} | {sum(p['status'] != 'not_judged' for p in group)} | "
              f"{sum(p['first_detected'] != '' for p in group)} | {sum(p['confirmed_on'] != '' for p in group)} |")
END
