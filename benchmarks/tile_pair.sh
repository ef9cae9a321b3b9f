#!/usr/bin/env bash
# A full tile pair, from decoding alone to alerts, in one run on one machine.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/tile_pair.sh [DIR] [--threads N] [--runs N]
Prints seconds (median of the runs) for
  gdal      GDAL decoding every block of the ten bands, and nothing else: the limit that ratios are of
  whole     GDAL reading whole bands as its users do, with GDAL_NUM_THREADS, where python3-gdal is there
  reader    pitwatch's reader decoding every block
  compare   pitwatch compare, hashing of the inputs and writing of all outputs included
  ungated   the same with --gate off: what it takes not to ask whether the scenes are garbage
  numpy     a comparison with python3-gdal, numpy and scipy, once, where they and the script are there
and the ratios and peak resident memory.

Needs python3-gdal and python3-numpy. DIR holds {before,after}_{B02,B04,B08,B11,B12}.tif, 10980 x 10980 and 5490 x 5490
pixels. Without it the pair is made once in build/tile_pair: from an OSCD city of the reference data where that is there
(PITWATCH_SHARED, default ../shared), otherwise by `pitwatch simulate`.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shared=${PITWATCH_SHARED:-$root/../shared}
folder=
threads=2
runs=3
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --threads) threads=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$(cd "$1" && pwd); shift ;;
  esac
done

"$root/tools/build.sh" release pitwatch decode_blocks
if [[ -z $folder ]]; then
  folder=$root/build/tile_pair
  if [[ ! -e $folder/after_B12.tif ]]; then
    mkdir -p "$folder"
    if [[ -e $shared/tools/make_full_tile_pair.py && -d $shared/data/oscd/mumbai ]]; then
      (cd "$folder" && /usr/bin/python3 "$(realpath "$shared")/tools/make_full_tile_pair.py" \
        "$(realpath "$shared")/data/oscd/mumbai" > /dev/null)
    else
      # The whole tile of one site, without clouds.
      python3 - "$root/sample_data/sites.geojson" "$folder/site.geojson" <<'END'
import json
import sys

sites = json.load(open(sys.argv[1]))
sites["features"] = sites["features"][:1]
json.dump(sites, open(sys.argv[2], "w"))
END
      "$root/build/pitwatch" simulate --sites "$folder/site.geojson" --from 2021-07-10 --to 2022-07-10 --every-days 365 \
        --clear-sky --size-km 109.8 --bands B02,B04,B08,B11,B12 --memory 2GiB --out "$folder/simulated"
      for band in B02 B04 B08 B11 B12; do
        ln -sf "$folder"/simulated/*/S2*_20210710_*/$band.tif "$folder/before_$band.tif"
        ln -sf "$folder"/simulated/*/S2*_20220710_*/$band.tif "$folder/after_$band.tif"
      done
    fi
  fi
fi

/usr/bin/python3 - "$folder" <<'END'
import json
import sys

bands = (("B02", "blue"), ("B04", "red"), ("B08", "nir"), ("B11", "swir16"), ("B12", "swir22"))
for date, acquired in (("before", "2021-06-01T08:00:00Z"), ("after", "2022-06-01T08:00:00Z")):
    assets = {
        common: {
            "href": f"./{date}_{name}.tif",
            "eo:bands": [{"name": name, "common_name": common}],
            "raster:bands": [{"nodata": 0, "scale": 0.0001, "offset": 0}],
        }
        for name, common in bands
    }
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": f"tile_pair_{date}", "geometry": None, "links": [],
        "properties": {"datetime": acquired}, "assets": assets,
    }
    json.dump(item, open(f"{sys.argv[1]}/{date}.json", "w"), indent=1)
END
files=("$folder"/{before,after}_{B02,B04,B08,B11,B12}.tif)
cat "${files[@]}" > /dev/null  # everything is read from memory, in all programs alike

# Wall seconds and peak kilobytes of a command, as "seconds kilobytes".
measure() {
  /usr/bin/time -f '%e %M' -o "$folder/time.txt" "$@" > /dev/null
  tail -n 1 "$folder/time.txt"
}
median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }

decode() {
  for ((i = 0; i < runs; ++i)); do "$root/build/benchmarks/decode_blocks" "$1" "$threads" "${files[@]}"; done | median "$runs"
}
whole_bands() {
  GDAL_NUM_THREADS=$threads /usr/bin/python3 - "${files[@]}" <<'END'
import sys
import time

from osgeo import gdal

gdal.UseExceptions()
start = time.time()
for path in sys.argv[1:]:
    gdal.Open(path).ReadAsArray()
print(f"{time.time() - start:.3f}")
END
}

gdal=$(decode gdal)
reader=$(decode pitwatch)
whole=
if /usr/bin/python3 -c 'import osgeo.gdal' 2> /dev/null; then
  whole=$(for ((i = 0; i < runs; ++i)); do whole_bands; done | median "$runs")
fi
compare_runs() {
  for ((i = 0; i < runs; ++i)); do
    rm -rf "$folder/out"
    measure "$root/build/pitwatch" compare "$folder/before.json" "$folder/after.json" --out "$folder/out" \
      --threads "$threads" --quiet "$@"
  done | median "$runs"
}
read -r compare_seconds compare_kb <<< "$(compare_runs)"
read -r ungated_seconds ungated_kb <<< "$(compare_runs --gate off)"
printf '%-8s %8s %10s %10s\n' "" seconds "x gdal" "peak MiB"
row() { awk -v n="$1" -v s="$2" -v d="$gdal" -v k="$3" 'BEGIN { printf "%-8s %8.2f %10.2f %10s\n", n, s, s / d, k == "" ? "" : sprintf("%.0f", k / 1024) }'; }
row gdal "$gdal" ""
if [[ -n $whole ]]; then row whole "$whole" ""; fi
row reader "$reader" ""
row compare "$compare_seconds" "$compare_kb"
row ungated "$ungated_seconds" "$ungated_kb"

script=$shared/tools/numpy_tile_pair.py
if [[ -e $script ]] && /usr/bin/python3 -c 'import numpy, osgeo.gdal, scipy' 2> /dev/null; then
  read -r numpy_seconds numpy_kb <<< "$(measure /usr/bin/python3 "$script" "$folder" "$folder/numpy.geojson")"
  row numpy "$numpy_seconds" "$numpy_kb"
  awk -v n="$numpy_seconds" -v c="$compare_seconds" 'BEGIN { printf "compare is %.1f times as fast as numpy\n", n / c }'
fi
