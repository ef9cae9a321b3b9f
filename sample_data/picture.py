#!/usr/bin/env python3
"""Draws a result: before and after in B11, B08, B04 as red, green, blue, alerts outlined by class on the latter.

usage: picture.py DIR OUT.jpg      DIR holds before.json, after.json and out/alerts.geojson, as tools/demo.sh leaves them
Needs python3-gdal and python3-numpy.
"""
import json
import sys

import numpy as np
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ZOOM = 2
COLOURS = {
    "vegetation_to_bare": (255, 60, 0), "bare_to_bare": (255, 210, 0), "to_water": (0, 140, 255),
    "from_water": (0, 255, 255), "vegetation_change": (80, 255, 80), "burn": (255, 0, 255),
    "built_or_bright": (255, 255, 255),
}


def band_path(folder, date, name):
    return f"{folder}/" + json.load(open(f"{folder}/{date}.json"))["assets"][name]["href"]


def composite(folder, date):
    planes = []
    for name in ("B11", "B08", "B04"):
        plane = gdal.Open(band_path(folder, date, name)).ReadAsArray().astype("f4")
        if name == "B11":
            plane = np.repeat(np.repeat(plane, 2, 0), 2, 1)
        planes.append(plane)
    return planes


def stretch(planes, limits):
    scaled = [np.clip((p - low) / (high - low) * 255, 0, 255) for p, (low, high) in zip(planes, limits)]
    return np.repeat(np.repeat(np.stack(scaled, -1).astype("u1"), ZOOM, 0), ZOOM, 1)


def outline(image, folder):
    grid = gdal.Open(band_path(folder, "before", "B04"))
    left, size, _, top, _, _ = grid.GetGeoTransform()
    utm, wgs84 = osr.SpatialReference(wkt=grid.GetProjection()), osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    for crs in (utm, wgs84):
        crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_utm = osr.CoordinateTransformation(wgs84, utm)
    for feature in json.load(open(f"{folder}/out/alerts.geojson"))["features"]:
        shape = ogr.CreateGeometryFromJson(json.dumps(feature["geometry"]))
        parts = [shape] if feature["geometry"]["type"] == "Polygon" else [shape.GetGeometryRef(i) for i in range(shape.GetGeometryCount())]
        for ring in (part.GetGeometryRef(i) for part in parts for i in range(part.GetGeometryCount())):
            points = [to_utm.TransformPoint(*ring.GetPoint_2D(i)) for i in range(ring.GetPointCount())]
            pixels = [((x - left) / size * ZOOM, (top - y) / size * ZOOM) for x, y, _ in points]
            for (x0, y0), (x1, y1) in zip(pixels, pixels[1:]):
                for t in np.linspace(0, 1, int(max(abs(x1 - x0), abs(y1 - y0))) * 2 + 2):
                    x, y = int(x0 + (x1 - x0) * t), int(y0 + (y1 - y0) * t)
                    image[max(y - 1, 0):y + 1, max(x - 1, 0):x + 1] = COLOURS[feature["properties"]["class"]]
    return image


def main():
    folder, out = sys.argv[1:3]
    before, after = composite(folder, "before"), composite(folder, "after")
    limits = [tuple(np.percentile(p[p > 0], (1, 99))) for p in before]
    gap = np.full((before[2].shape[0] * ZOOM, 8, 3), 255, "u1")
    picture = np.concatenate([stretch(before, limits), gap, outline(stretch(after, limits), folder)], 1)
    memory = gdal.GetDriverByName("MEM").Create("", picture.shape[1], picture.shape[0], 3, gdal.GDT_Byte)
    for band in range(3):
        memory.GetRasterBand(band + 1).WriteArray(picture[..., band])
    gdal.GetDriverByName("JPEG").CreateCopy(out, memory, options=["QUALITY=80"])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main()
