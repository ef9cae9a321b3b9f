#!/usr/bin/python3
"""Draws simulated scenes and alerts, in true colour and in short-wave infrared (B11, B08, B04 as red, green, blue).

usage: pictures.py sheet SITE_FOLDER OUT.jpg [DATE ...]   dates (YYYYMMDD) of a series side by side; ten by default
       pictures.py pair BEFORE.json AFTER.json ALERTS.geojson OUT.jpg   both dates, alerts outlined by class on the later
       pictures.py touches ITEM.json ALERTS.geojson ID OUT.jpg   one alert (red), licences (yellow), the reserve (green),
                                                          streams (blue) and springs (cyan) of this folder

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
    "built_or_bright": (255, 255, 255), "unknown": (190, 190, 190), "flood": (0, 90, 160), "harvest": (200, 160, 90),
}

LAYERS = (("licences.geojson", (255, 230, 0)), ("protected_areas.geojson", (90, 255, 90)),
          ("rivers.geojson", (40, 110, 255)), ("springs.geojson", (0, 255, 255)))


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


class Pen:
    """Draws shapes in degrees on the picture of an item, ZOOM pixels for each of its red band."""

    def __init__(self, image, item):
        grid, _ = open_band(item, "red")
        self.image = image
        self.left, self.size, _, self.top, _, _ = grid.GetGeoTransform()
        utm, wgs84 = osr.SpatialReference(wkt=grid.GetProjection()), osr.SpatialReference()
        wgs84.ImportFromEPSG(4326)
        for crs in (utm, wgs84):
            crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        self.to_utm = osr.CoordinateTransformation(wgs84, utm)

    def dot(self, x, y, colour, reach=1):
        if 0 <= x < self.image.shape[2] and 0 <= y < self.image.shape[1]:
            self.image[:, max(y - reach, 0):y + reach, max(x - reach, 0):x + reach] = numpy.array(colour)[:, None, None]

    def draw(self, geometry, colour):
        def lines(shape):
            if shape.GetGeometryCount() == 0:
                yield [shape.GetPoint_2D(i) for i in range(shape.GetPointCount())]
            for k in range(shape.GetGeometryCount()):
                yield from lines(shape.GetGeometryRef(k))

        for line in lines(ogr.CreateGeometryFromJson(json.dumps(geometry))):
            points = [self.to_utm.TransformPoint(*point) for point in line]
            pixels = [((x - self.left) / self.size * ZOOM, (self.top - y) / self.size * ZOOM) for x, y, _ in points]
            if len(pixels) == 1:
                self.dot(int(pixels[0][0]), int(pixels[0][1]), colour, 5)
            for (x0, y0), (x1, y1) in zip(pixels, pixels[1:]):
                for t in numpy.linspace(0, 1, int(max(abs(x1 - x0), abs(y1 - y0))) * 2 + 2):
                    self.dot(int(x0 + (x1 - x0) * t), int(y0 + (y1 - y0) * t), colour)


def enlarged(item):
    return composite(item, INFRARED).repeat(ZOOM, 1).repeat(ZOOM, 2)


def features_of(path):
    return json.load(open(path))["features"]


def pair(before, after, alerts, out):
    earlier, later = enlarged(before), enlarged(after)
    pen = Pen(later, after)
    for feature in features_of(alerts):
        pen.draw(feature["geometry"], COLOURS[feature["properties"]["class"]])
    gap = numpy.full((3, earlier.shape[1], 8), 255, numpy.uint8)
    write(numpy.concatenate([earlier, gap, later], 2), out, 80)


def touches(item, alerts, alert, out):
    image = enlarged(item)
    pen = Pen(image, item)
    for layer, colour in LAYERS:
        for feature in features_of(pathlib.Path(__file__).parent / layer):
            pen.draw(feature["geometry"], colour)
    for feature in features_of(alerts):
        if feature["id"].startswith(alert):
            pen.draw(feature["geometry"], (255, 40, 40))
    write(image, out, 80)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["sheet"] and len(arguments) >= 3:
        sheet(arguments[1], arguments[2], arguments[3:])
    elif arguments[:1] == ["pair"] and len(arguments) == 5:
        pair(*arguments[1:])
    elif arguments[:1] == ["touches"] and len(arguments) == 5:
        touches(*arguments[1:])
    else:
        sys.exit(__doc__)
