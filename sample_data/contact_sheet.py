#!/usr/bin/python3
"""Draws dates of a simulated series side by side: true colour above, short-wave infrared below.

usage: contact_sheet.py SITE_FOLDER OUT.jpg [DATE ...]       dates as YYYYMMDD; ten spread over the series by default

Needs python3-gdal and python3-numpy. SITE_FOLDER holds STAC items as `pitwatch simulate` writes them.
"""
import json
import pathlib
import sys

import numpy
from osgeo import gdal

gdal.UseExceptions()
SIDE = 300


def read(item, key):
    """Reflectance on 10 m pixels; not a number where there is no data."""
    asset = json.load(open(item))["assets"][key]
    bands = asset["raster:bands"][0]
    pixels = gdal.Open(str(item.parent / asset["href"])).ReadAsArray(buf_xsize=SIDE, buf_ysize=SIDE)
    return numpy.where(pixels == 0, numpy.nan, pixels * bands["scale"] + bands["offset"])


def composite(item, keys, highest):
    stretched = [numpy.clip(read(item, key) / high, 0, 1) ** 0.8 for key, high in zip(keys, highest)]
    return numpy.nan_to_num(255 * numpy.stack(stretched)).astype(numpy.uint8)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    items = {}
    for path in sorted(pathlib.Path(sys.argv[1]).glob("S2*/S2*.json")):
        items.setdefault(path.stem.split("_")[2], path)
    dates = sys.argv[3:] or sorted(items)[:: max(1, len(items) // 10)][:10]
    true_colour = [composite(items[d], ("red", "green", "blue"), (0.25, 0.25, 0.25)) for d in dates]
    infrared = [composite(items[d], ("swir16", "nir", "red"), (0.45, 0.45, 0.3)) for d in dates]
    rows = []
    for first in range(0, len(dates), 5):
        for kind in (true_colour, infrared):
            row = kind[first:first + 5]
            row += [numpy.zeros_like(row[0])] * (5 - len(row))
            rows.append(numpy.concatenate(row, axis=2))
    sheet = numpy.concatenate(rows, axis=1)
    memory = gdal.GetDriverByName("MEM").Create("", sheet.shape[2], sheet.shape[1], 3)
    for band in range(3):
        memory.GetRasterBand(band + 1).WriteArray(sheet[band])
    gdal.GetDriverByName("JPEG").CreateCopy(sys.argv[2], memory, options=["QUALITY=85"])
    pathlib.Path(sys.argv[2] + ".aux.xml").unlink(missing_ok=True)
    print("left to right, top to bottom:", " ".join(dates))


main()
