"""Sites, scenes and reviews by the thousand: see many_alerts.sh. Of the standard library alone.

many_alerts.py make DIR --places N --dates N --sites N     DIR/sites.geojson, DIR/items/*.json, DIR/items/pixels/*.tif
many_alerts.py review REGISTER                             a review of each alert that has none
many_alerts.py table FILE --pixels N --dates N             a table of pixel series
many_alerts.py count GEOJSON                               how many alerts it has

A place is a strip of ground with as many sites side by side, each with nine squares that are bared on one day, near the end
of the series. All places have the same pixels, and all dates share a few rasters with other noise.
"""
import argparse
import datetime
import json
import math
import os
import random
import sqlite3
import struct

SITE_PX = 64
ZONE = 38
FIRST = datetime.datetime(2021, 3, 1, 7, 59, 11)
EVERY_DAYS = 4
AFTER = 14  # dates with bared squares
BANDS = {  # pixel size, DN of plants, of bare ground
    "B02": (10, 400, 1300), "B03": (10, 650, 1700), "B04": (10, 500, 2100), "B08": (10, 3000, 2900),
    "B11": (20, 1800, 3700), "B12": (20, 1000, 3200), "SCL": (20, 4, 5),
}
COMMON = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B11": "swir16", "B12": "swir22", "SCL": "scl"}
NOISES_BEFORE, NOISES_AFTER = 6, 3


def lonlat(x, y):
    """WGS 84 of UTM coordinates, to some centimetres (Snyder 1987, equations 8-17 to 8-25)."""
    a, f, k = 6378137.0, 1 / 298.257223563, 0.9996
    e2 = f * (2 - f)
    ep2 = e2 / (1 - e2)
    e1 = (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
    mu = y / k / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
    phi = (mu + (3 * e1 / 2 - 27 * e1**3 / 32) * math.sin(2 * mu) + (21 * e1**2 / 16 - 55 * e1**4 / 32) * math.sin(4 * mu)
           + 151 * e1**3 / 96 * math.sin(6 * mu))
    c, t = ep2 * math.cos(phi)**2, math.tan(phi)**2
    s = 1 - e2 * math.sin(phi)**2
    n, r = a / math.sqrt(s), a * (1 - e2) / s**1.5
    d = (x - 500000) / (n * k)
    lat = phi - n * math.tan(phi) / r * (d**2 / 2 - (5 + 3 * t + 10 * c - 4 * c**2 - 9 * ep2) * d**4 / 24)
    lon = (d - (1 + 2 * t + c) * d**3 / 6 + (5 - 2 * c + 28 * t - 3 * c**2 + 8 * ep2 + 24 * t**2) * d**5 / 120)
    return math.degrees(lon / math.cos(phi)) + ZONE * 6 - 183, math.degrees(lat)


def ring(left, top, width, height):
    corners = [(left, top), (left, top - height), (left + width, top - height), (left + width, top), (left, top)]
    return [[round(value, 7) for value in lonlat(*corner)] for corner in corners]


def tiff(origin, pixel, width, height, bits, pixels):
    """An uncompressed GeoTIFF of one strip."""
    doubles = struct.pack("<9d", pixel, pixel, 0, 0, 0, 0, *origin, 0)
    keys = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32600 + ZONE)
    entries = 13
    extra = 8 + 2 + entries * 12 + 4
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, bits), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, extra + len(doubles) + len(keys)), (277, 3, 1, 1), (278, 3, 1, height), (279, 4, 1, len(pixels)),
            (339, 3, 1, 1), (33550, 12, 3, extra), (33922, 12, 6, extra + 24), (34735, 3, 16, extra + len(doubles))]
    head = struct.pack("<2sHIH", b"II", 42, 8, entries)
    for tag, kind, count, value in tags:
        head += struct.pack("<HHII", tag, kind, count, value)
    return head + struct.pack("<I", 0) + doubles + keys + pixels


def is_bared(x, y):
    """x and y in pixels of 10 m: nine squares of 6 pixels in each site."""
    return 0 <= (x % SITE_PX - 10) % 18 < 6 and 0 <= (y % SITE_PX - 10) % 18 < 6 and x % SITE_PX >= 10 and \
        y % SITE_PX >= 10 and x % SITE_PX < 52 and y % SITE_PX < 52


def pixels_of(band, bared, seed, width, height):
    step = BANDS[band][0] // 10
    ground, noise = random.Random(band), random.Random(f"{band} {seed}")
    values = []
    for y in range(0, height, step):
        for x in range(0, width, step):
            value = BANDS[band][2 if bared and is_bared(x, y) else 1]
            if band != "SCL":
                value = round(value * (0.8 + 0.4 * ground.random()) + 120 * (noise.random() - 0.5))
            values.append(value)
    return struct.pack(f"<{len(values)}{'B' if band == 'SCL' else 'H'}", *values)


def make(folder, places, dates, sites_of_place):
    width, height = SITE_PX * sites_of_place, SITE_PX
    os.makedirs(f"{folder}/items/pixels", exist_ok=True)
    seeds = range(NOISES_BEFORE + NOISES_AFTER)
    payload = {(band, seed): pixels_of(band, seed >= NOISES_BEFORE, seed, width, height) for band in BANDS for seed in seeds}
    features = []
    for place in range(places):
        left, top = 300000 + place % 10 * (width + 100) * 10, 4500000 - place // 10 * (height + 100) * 10
        for (band, seed), pixels in payload.items():
            pixel = BANDS[band][0]
            with open(f"{folder}/items/pixels/{place:03}_{band}_{seed}.tif", "wb") as file:
                file.write(tiff((left, top), pixel, width * 10 // pixel, height * 10 // pixel, 8 if band == "SCL" else 16,
                                pixels))
        outline = ring(left, top, width * 10, height * 10)
        box = [min(x for x, _ in outline), min(y for _, y in outline), max(x for x, _ in outline), max(y for _, y in outline)]
        for date in range(dates):
            at = FIRST + datetime.timedelta(days=EVERY_DAYS * date, seconds=14 * (place // 10))
            seed = date % NOISES_BEFORE if date < dates - AFTER else NOISES_BEFORE + date % NOISES_AFTER
            item_id = f"S2A_38TPK_{at:%Y%m%d}_{place}_L2A"
            assets = {}
            for band, (pixel, _, _) in BANDS.items():
                raster = {"nodata": 0, "data_type": "uint8" if band == "SCL" else "uint16", "spatial_resolution": pixel}
                if band != "SCL":
                    raster.update(scale=0.0001, offset=0)
                assets[COMMON[band]] = {"href": f"pixels/{place:03}_{band}_{seed}.tif", "raster:bands": [raster],
                                        "type": "image/tiff; application=geotiff", "roles": ["data"]}
                if band != "SCL":
                    assets[COMMON[band]]["eo:bands"] = [{"name": band, "common_name": COMMON[band]}]
            item = {
                "type": "Feature", "stac_version": "1.0.0", "id": item_id, "stac_extensions": [], "bbox": box,
                "geometry": {"type": "Polygon", "coordinates": [outline]}, "links": [], "assets": assets,
                "properties": {
                    "datetime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "platform": "sentinel-2a", "instruments": ["msi"],
                    "eo:cloud_cover": 0, "proj:epsg": 32600 + ZONE, "s2:product_type": "S2MSI2A",
                    "s2:processing_baseline": "03.00", "view:sun_azimuth": 150.0, "view:sun_elevation": 50.0,
                },
            }
            with open(f"{folder}/items/{item_id}.json", "w") as file:
                json.dump(item, file)
        for n in range(sites_of_place):
            shape = ring(left + n * SITE_PX * 10 + 20, top - 20, SITE_PX * 10 - 40, SITE_PX * 10 - 40)
            features.append({"type": "Feature", "properties": {"id": f"site-{place:03}-{n}", "name": f"Site {place} {n}"},
                             "geometry": {"type": "Polygon", "coordinates": [shape]}})
    with open(f"{folder}/sites.geojson", "w") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)


def review(register):
    """As `pitwatch alerts review` writes them, all at once, which no person does. The triggers of GeoPackage's spatial index
    call functions that are GDAL's own; reviews have no such index."""
    with sqlite3.connect(register) as database:
        database.create_function("ST_IsEmpty", 1, lambda shape: 0)
        for name, low in (("MinX", True), ("MaxX", False), ("MinY", True), ("MaxY", False)):
            at = ("MinX", "MaxX", "MinY", "MaxY").index(name)
            database.create_function("ST_" + name, 1, lambda shape, at=at: struct.unpack_from("<4d", shape, 8)[at])
        verdicts = ("confirmed_mining", "licensed", "natural", "false")
        reviewed = {row[0] for row in database.execute("SELECT alert_id FROM reviews")}
        rows = [(shape, alert, verdicts[i % 4], f"Reviewer {i % 8}", "2023-01-01T10:00:00.000Z", "Seen on the ground.",
                 "2023-01-01T10:00:00.000Z", "benchmark")
                for i, (alert, shape) in enumerate(database.execute("SELECT id, geom FROM alerts ORDER BY fid").fetchall())
                if alert not in reviewed]
        database.executemany("INSERT INTO reviews (geom, alert_id, verdict, reviewer, reviewed_at, reason, recorded_at, "
                             "os_user) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    print(len(rows))


def table(path, pixels, dates):
    ground = random.Random(1)
    with open(path, "w") as file:
        file.write("id,date,blue,green,red,nir,swir16,swir22\n")
        for pixel in range(pixels):
            for date in range(dates):
                day = FIRST + datetime.timedelta(days=10 * date)
                values = ",".join(f"{value * (0.9 + 0.2 * ground.random()):.4f}" for value in (.04, .06, .05, .3, .18, .1))
                file.write(f"p{pixel},{day:%Y-%m-%d},{values}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("make", "review", "table", "count"))
    parser.add_argument("path")
    for option, default in (("--places", 100), ("--dates", 100), ("--sites", 5), ("--pixels", 500)):
        parser.add_argument(option, type=int, default=default)
    given = parser.parse_args()
    if given.action == "make":
        make(given.path, given.places, given.dates, given.sites)
    elif given.action == "review":
        review(given.path)
    elif given.action == "table":
        table(given.path, given.pixels, given.dates)
    else:
        print(len(json.load(open(given.path))["features"]))


if __name__ == "__main__":
    main()
