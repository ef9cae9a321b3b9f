#!/usr/bin/env bash
# The water of alerts by the sample layers, on mountains that this makes, and how long that takes.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/water_facts.sh [DIR]
Makes elevations of one arc second (fractal mountains, EPSG:4326) around the sample sites in DIR (build/water_facts), and
works out the water of one alert and of a hundred, 100 draws, 10 km around, with cells of 30 m, and of one with cells of
10 m, on 2 threads. Needs python3 with numpy and GDAL (PYTHON names another one).
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
folder=${1:-$root/build/water_facts}
if [[ -z ${WATER_FACTS:-} ]]; then
  "$root/tools/build.sh" release water_facts
  WATER_FACTS=$root/build/benchmarks/water_facts
fi
mkdir -p "$folder"
"${PYTHON:-/usr/bin/python3}" - "$root/sample_data" "$folder" <<'END'
import json
import sys

import numpy as np
from osgeo import gdal, osr

sample, folder = sys.argv[1:]
side, left, top, cell = 2160, 46.3, 40.45, 1 / 3600
random = np.random.default_rng(1)
ground, height, step, at = np.zeros((side, side)), 900.0, 512, np.arange(side)
while step >= 2:
    nodes = random.random((side // step + 2, side // step + 2))
    i, f = at // step, at / step - at // step
    f = f * f * (3 - 2 * f)
    rows = nodes[i] * (1 - f)[:, None] + nodes[i + 1] * f[:, None]
    ground += height * (rows[:, i] * (1 - f) + rows[:, i + 1] * f)
    height, step = height / 2, step // 2
file = gdal.GetDriverByName("GTiff").Create(f"{folder}/dem.tif", side, side, 1, gdal.GDT_Float32, ["COMPRESS=DEFLATE"])
file.SetGeoTransform([left, cell, 0, top, 0, -cell])
crs = osr.SpatialReference()
crs.ImportFromEPSG(4326)
file.SetProjection(crs.ExportToWkt())
file.GetRasterBand(1).WriteArray(ground.astype(np.float32))
file = None
context = json.load(open(f"{sample}/context.json"))
for layer in context["layers"]:
    layer["source"] = f"{sample}/{layer['source']}"
for cell_m in (30, 10):
    context["elevation"] = {"source": f"{folder}/dem.tif", "cell_m": cell_m, "draws": 100, "reach_m": 10000}
    context["groundwater"] = {"depth_m": 8, "recharge_mm": 60, "soil": "loam"}
    json.dump(context, open(f"{folder}/context_{cell_m}.json", "w"))
END
while read -r cell count; do
  echo "== cells of $cell m, alerts: $count"
  "$WATER_FACTS" "$folder/context_$cell.json" 46.614 40.149 "$count" 2
done <<< $'30 1\n30 100\n10 1'
