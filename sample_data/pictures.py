#!/usr/bin/python3
"""Draws simulated scenes and alerts, in true colour and in short-wave infrared (B11, B08, B04 as red, green, blue).

usage: pictures.py sheet SITE_FOLDER OUT.jpg [DATE ...]   dates (YYYYMMDD) of a series side by side; ten by default
       pictures.py pair BEFORE.json AFTER.json ALERTS.geojson OUT.jpg   both dates, alerts outlined by class on the later

Needs python3-gdal and python3-numpy. Items are STAC as `pitwatch simulate` writes them.
"""
import json
import pathlib
import sys

import numpy
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ZOOM = 2
TRUE_COLOUR = (("red", 0.25), ("green", 0.25), ("blue", 0.25))
INFRARED = (("swir16", 0.45), ("nir", 0.45), ("red", 0.3))
COLOURS = {
    "vegetation_to_bare": (255, 60, 0), "bare_to_bare": (255, 210, 0), "to_water": (0, 140, 255),
    "from_water": (0, 255, 255), "vegetation_change": (80, 255, 80), "burn": (255, 0, 255),
    "built_or_bright": (255, 255, 255),
}


def open_band(item, key):
    asset = json.load(open(item))["assets"][key]
    return gdal.Open(str(pathlib.Path(item).parent / asset["href"])), asset["raster:bands"][0]


def composite(item, bands):
    """Bytes: band, row, column; black where there is no data. All on the pixels of the red band."""
    red, _ = open_band(item, "red")
    planes = []
    for key, highest in bands:
        source, calibration = open_band(item, key)
        dn = source.ReadAsArray(buf_xsize=red.RasterXSize, buf_ysize=red.RasterYSize)
        reflectance = dn * calibration["scale"] + calibration["offset"]
        planes.append(numpy.where(dn == 0, 0, 255 * numpy.clip(reflectance / highest, 0, 1) ** 0.8))
    return numpy.stack(planes).astype(numpy.uint8)


def write(picture, path, quality):
    memory = gdal.GetDriverByName("MEM").Create("", picture.shape[2], picture.shape[1], 3)
    for band in range(3):
        memory.GetRasterBand(band + 1).WriteArray(picture[band])
    gdal.GetDriverByName("JPEG").CreateCopy(path, memory, options=[f"QUALITY={quality}"])
    pathlib.Path(path + ".aux.xml").unlink(missing_ok=True)


def sheet(folder, out, dates):
    items = {}
    for path in sorted(pathlib.Path(folder).glob("S2*/S2*.json")):
        items.setdefault(path.stem.split("_")[2], path)
    dates = dates or sorted(items)[:: max(1, len(items) // 10)][:10]
    rows = []
    for first in range(0, len(dates), 5):
        for bands in (TRUE_COLOUR, INFRARED):
            row = [composite(items[date], bands) for date in dates[first:first + 5]]
            row += [numpy.zeros_like(row[0])] * (5 - len(row))
            rows.append(numpy.concatenate(row, axis=2))
    write(numpy.concatenate(rows, axis=1), out, 75)
    print("left to right, top to bottom:", " ".join(dates))


def outline(image, item, alerts):
    grid, _ = open_band(item, "red")
    left, size, _, top, _, _ = grid.GetGeoTransform()
    utm, wgs84 = osr.SpatialReference(wkt=grid.GetProjection()), osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    for crs in (utm, wgs84):
        crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_utm = osr.CoordinateTransformation(wgs84, utm)
    for feature in json.load(open(alerts))["features"]:
        shape = ogr.CreateGeometryFromJson(json.dumps(feature["geometry"]))
        single = feature["geometry"]["type"] == "Polygon"
        parts = [shape] if single else [shape.GetGeometryRef(i) for i in range(shape.GetGeometryCount())]
        for ring in (part.GetGeometryRef(i) for part in parts for i in range(part.GetGeometryCount())):
            points = [to_utm.TransformPoint(*ring.GetPoint_2D(i)) for i in range(ring.GetPointCount())]
            pixels = [((x - left) / size * ZOOM, (top - y) / size * ZOOM) for x, y, _ in points]
            for (x0, y0), (x1, y1) in zip(pixels, pixels[1:]):
                for t in numpy.linspace(0, 1, int(max(abs(x1 - x0), abs(y1 - y0))) * 2 + 2):
                    x, y = int(x0 + (x1 - x0) * t), int(y0 + (y1 - y0) * t)
                    colour = numpy.array(COLOURS[feature["properties"]["class"]], numpy.uint8)
                    image[:, max(y - 1, 0):y + 1, max(x - 1, 0):x + 1] = colour[:, None, None]


def pair(before, after, alerts, out):
    earlier, later = (composite(item, INFRARED).repeat(ZOOM, 1).repeat(ZOOM, 2) for item in (before, after))
    outline(later, after, alerts)
    gap = numpy.full((3, earlier.shape[1], 8), 255, numpy.uint8)
    write(numpy.concatenate([earlier, gap, later], 2), out, 80)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["sheet"] and len(arguments) >= 3:
        sheet(arguments[1], arguments[2], arguments[3:])
    elif arguments[:1] == ["pair"] and len(arguments) == 5:
        pair(*arguments[1:])
    else:
        sys.exit(__doc__)
