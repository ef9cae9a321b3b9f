#!/usr/bin/env bash
# One index of a full tile beside gdal_calc.py and Orfeo ToolBox, from memory beside numexpr, and twenty indices over polygons beside one.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/index_speed.sh DIR [--runs N]
DIR holds before.json, a STAC item, with before_B04.tif and before_B08.tif, 10980 x 10980 pixels, and B02, B11 and B12
(benchmarks/tile_pair.sh makes such files). Prints for each line the least wall seconds of the runs, and processor
seconds (user and system) of that run: on a busy machine these alone can be compared.

  gdal_calc           gdal_calc.py, NDVI as Float32, not compressed: what it does by default
  gdal_calc deflate   the same, tiled and compressed
  otb                 otbcli_BandMathX, the same as float, not compressed; where it is installed (otb-bin)
  otb deflate         the same, tiled and compressed
  index float32       pitwatch index, compressed, with overviews and statistics; no masks
  index int16         the same with --type int16
  table 1, table 20   statistics over a polygon of 20 x 20 km, of one index and of twenty; without masks
  numexpr             NDVI of 120 million pixels of float32 in memory, where python3-numexpr is there
  kernel              the same arithmetic by kernel_benchmarks (ndvi_program, one thread), nanoseconds per pixel
Needs python3-gdal and python3-numpy.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
runs=3
folder=
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --runs) runs=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$(cd "$1" && pwd); shift ;;
  esac
done
if [[ -z $folder ]]; then usage >&2; exit 2; fi

"$root/tools/build.sh" release pitwatch kernel_benchmarks
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
index=("$root/build/pitwatch" index "$folder/before.json" --offset-check off --gate off --quiet)

# measure NAME COMMAND...: the quickest of the runs.
measure() {
  local name=$1 best=
  shift
  for ((run = 0; run < runs; ++run)); do
    /usr/bin/time -o "$out/time" -f '%e %U %S %M' "$@" > /dev/null
    local now
    now=$(tail -n 1 "$out/time")
    if [[ -z $best ]] || awk "BEGIN { exit !(${now%% *} < ${best%% *}) }"; then best=$now; fi
  done
  awk -v name="$name" '{ printf "%-20s %7.2f s wall  %7.2f s processor  %6.0f MiB\n", name, $1, $2 + $3, $4 / 1024 }' \
    <<< "$best"
}

formula="(A.astype('float32')-B)/(A.astype('float32')+B)"
calc=(/usr/bin/python3 /usr/bin/gdal_calc.py -A "$folder/before_B08.tif" -B "$folder/before_B04.tif" --calc "$formula"
  --type Float32 --overwrite --quiet --outfile "$out/calc.tif")
measure "gdal_calc" "${calc[@]}"
measure "gdal_calc deflate" "${calc[@]}" --co COMPRESS=DEFLATE --co TILED=YES
if command -v otbcli_BandMathX > /dev/null; then
  otb=(otbcli_BandMathX -il "$folder/before_B08.tif" "$folder/before_B04.tif" -exp "(im1b1-im2b1)/(im1b1+im2b1)" -out)
  measure "otb" "${otb[@]}" "$out/otb.tif" float
  measure "otb deflate" "${otb[@]}" "$out/otb.tif?&gdal:co:COMPRESS=DEFLATE&gdal:co:TILED=YES" float
else
  echo "otb: otbcli_BandMathX is not there: its lines are left out"
fi
measure "index float32" "${index[@]}" --index NDVI --no-masks --out "$out/float32.tif"
measure "index int16" "${index[@]}" --index NDVI --no-masks --type int16 --out "$out/int16.tif"

/usr/bin/python3 - "$folder/before_B04.tif" "$out/site.geojson" <<'END'
import json
import sys

from osgeo import gdal, osr

left, step, _, top = gdal.Open(sys.argv[1]).GetGeoTransform()[:4]
utm = osr.SpatialReference(gdal.Open(sys.argv[1]).GetProjection())
degrees = osr.SpatialReference()
degrees.ImportFromEPSG(4326)
degrees.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
there = osr.CoordinateTransformation(utm, degrees)
corners = [(4e4, 6e4), (6e4, 6e4), (6e4, 4e4), (4e4, 4e4), (4e4, 6e4)]
ring = [list(there.TransformPoint(left + x, top - y)[:2]) for x, y in corners]
site = {"type": "Feature", "properties": {"id": "wide"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
json.dump({"type": "FeatureCollection", "features": [site]}, open(sys.argv[2], "w"))
END
twenty=NDVI,EVI,SAVI,MSAVI,BI,NDBI,NDMI,NBR,IRON_OXIDE,FERRIC_OXIDES,GOSSAN,CLAY,AMWI,DUST,NBR2,BAI,GEMI,ARVI,UI,kNDVI
table=("${index[@]}" --sites "$out/site.geojson" --no-masks --table "$out/table.csv")
measure "table 1" "${table[@]}" --index NDVI
measure "table 20" "${table[@]}" --index "$twenty"

/usr/bin/python3 - <<'END' || true
import sys
import time

try:
    import numexpr
except ImportError:
    sys.exit("numexpr: not there")
import numpy as np

n = 10980 * 10980
a = np.random.default_rng(1).integers(1, 5000, n).astype("f4")
b = np.random.default_rng(2).integers(1, 5000, n).astype("f4")
out = np.empty(n, "f4")
best = None
for _ in range(5):
    wall, processor = time.perf_counter(), time.process_time()
    numexpr.evaluate("(a - b) / (a + b)", out=out)
    took = time.perf_counter() - wall, time.process_time() - processor
    best = min(best or took, took)
print(f"numexpr              {best[0]:7.2f} s wall  {best[1]:7.2f} s processor: {best[1] / n * 1e9:.2f} ns a pixel")
END
"$root/build/benchmarks/kernel_benchmarks" --benchmark_filter='ndvi_program/(L2|DRAM)/AVX' 2> /dev/null |
  awk '/ndvi_program/ { for (i = 1; i <= NF; ++i) if ($i ~ /items_per_second/) print "kernel", $1, $i }'
