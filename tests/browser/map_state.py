"""A state to make maps of: two simulated sites with alerts, licences, reviews and chips, and texts of people who mean ill."""
import json
import os
import shutil
import sqlite3
import struct
import subprocess

HOSTILE = '</script><img src=x onerror="window.hit=1">'
# A scene id may be anything; U+2028 ends a line of a script, U+202E turns around what follows.
HOSTILE_SCENE = "S2A'];window.hit=1;//\u2028\u202e\\" + HOSTILE
SITES = {"small": (46.610, 40.146), "other": (46.700, 40.146)}


def call(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stderr}")
    return done.stdout


def square(west, south, width, height):
    ring = [[west, south], [west + width, south], [west + width, south + height], [west, south + height], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(features):
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": properties, "geometry": geometry} for properties, geometry in features]})


def write_sites(path, names):
    with open(path, "w") as file:
        file.write(collection([({"id": site, "name": names.get(site, site)}, square(*corner, 0.007, 0.006))
                               for site, corner in SITES.items()]))


def edit(register, statements):
    """Changes a register behind the program's back. The triggers of its spatial index call functions that are GDAL's."""
    with sqlite3.connect(register) as database:
        database.create_function("ST_IsEmpty", 1, lambda shape: 0)
        for at, name in enumerate(("MinX", "MaxX", "MinY", "MaxY")):
            database.create_function("ST_" + name, 1, lambda shape, at=at: struct.unpack_from("<4d", shape, 8)[at])
        for statement, values in statements:
            database.execute(statement, values)


def write_chip(path, alert, role, acquired, corner, seed, acquisition):
    """As `run` writes them, of 64 pixels a side: a field with a square that is bare or not."""
    import numpy
    from osgeo import gdal, osr
    gdal.UseExceptions()
    side = 64
    os.makedirs(os.path.dirname(path), exist_ok=True)
    chip = gdal.GetDriverByName("GTiff").Create(path, side, side, 7, gdal.GDT_UInt16, ["COMPRESS=DEFLATE", "TILED=NO"])
    zone = osr.SpatialReference()
    zone.ImportFromEPSG(32638)
    chip.SetProjection(zone.ExportToWkt())
    chip.SetGeoTransform((corner[0], 10, 0, corner[1], 0, -10))
    chip.SetMetadata({"PITWATCH_ALERT": alert, "PITWATCH_ROLE": role, "PITWATCH_ACQUIRED": acquired,
                      "PITWATCH_ACQUISITION": acquisition})
    noise = numpy.random.default_rng(seed)
    green, bare = (400, 700, 500, 3200, 1800, 1000), (1300, 1700, 2100, 2900, 3700, 3200)
    for band in range(6):
        pixels = noise.normal(green[band], 60, (side, side))
        if role != "before":
            pixels[20:44, 20:44] = noise.normal(bare[band], 60, (24, 24))
        chip.GetRasterBand(band + 1).WriteArray((pixels + 3001).astype(numpy.uint16))
        chip.GetRasterBand(band + 1).SetScale(1e-4)
        chip.GetRasterBand(band + 1).SetOffset(-0.3001)
    chip.GetRasterBand(7).WriteArray(numpy.zeros((side, side), numpy.uint16))


def write_chips(state, alert, scene):
    """Chips around an alert on its dates, and a table of what was seen, in the place of what `run` kept."""
    from osgeo import osr
    to_zone = osr.CoordinateTransformation(*(reference(code) for code in (4326, 32638)))
    lon, lat = (alert["bbox"][0] + alert["bbox"][2]) / 2, (alert["bbox"][1] + alert["bbox"][3]) / 2
    east, north, _ = to_zone.TransformPoint(lon, lat)
    corner = (round(east, -1) - 320, round(north, -1) + 320)
    given = alert["properties"]
    folder = f"{state}/chips/{given['site']}/{alert['id']}"
    shutil.rmtree(folder, ignore_errors=True)
    dates = [("before", given["onset_after"], ""), ("detected", given["first_detected"], scene)]
    dates += [("seen", f"2022-12-{day:02}T07:44:58Z", f"S2A_202212{day:02}") for day in (3, 13, 23)]
    for seed, (role, acquired, acquisition) in enumerate(dates):
        name = role if role != "seen" else "seen_" + acquired.replace("-", "").replace(":", "")
        write_chip(f"{folder}/{name}.tif", alert["id"], role, acquired, corner, seed, acquisition)
    names = ["acquisition", "acquired", "use", "why", "clear_share", "detected_share", "probability"]
    for feature in ("ndvi", "bsi", "mndwi", "log_visible", "log_swir16", "log_swir22"):
        names += [feature, feature + "_expected", feature + "_sd"]
    with open(f"{folder}/observations.csv", "w") as table:
        table.write(",".join(names) + "\n")
        for day in range(1, 11):
            use = "masked" if day % 4 == 0 else "clear"
            ndvi = ["", "", ""] if use == "masked" else [0.21, 0.62, 0.05]
            values = [f"S2A_{day}", f"2022-12-{day * 2:02}T07:44:58Z", use, "cloud" if use == "masked" else "", 0.9, 0.8, 0.97]
            table.write(",".join(map(str, values + ndvi + [""] * 15)) + "\n")


def reference(code):
    from osgeo import osr
    system = osr.SpatialReference()
    system.ImportFromEPSG(code)
    system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return system


def make_state(program, folder):
    """The folder of a state. Alerts of `small` have reviews, chips and hostile texts, as far as there are such."""
    sites, state = f"{folder}/sites.geojson", f"{folder}/state"
    write_sites(sites, {})
    call(program, "simulate", "--sites", sites, "--from", "2021-07-01", "--until", "2022-12-31", "--every-days", 10,
         "--history-days", 150, "--size-km", 1.5, "--clear-sky", "--bands", "B02,B03,B04,B08,B11,B12", "--seed", 7,
         "--out", f"{folder}/series")
    for scene in os.listdir(f"{folder}/series/other"):  # a gap
        if scene.startswith("S2") and "20220520" <= scene.split("_")[2] < "20220619":
            shutil.rmtree(f"{folder}/series/other/{scene}")
    call(program, "run", "--sites", sites, "--source", f"{folder}/series", "--state", state, "--history-days", 150,
         "--quiet")
    west, south, east, north = published(state)[0]["bbox"]
    around = square(west - 0.001, south - 0.001, east - west + 0.002, north - south + 0.002)
    with open(f"{folder}/licences.geojson", "w") as file:
        file.write(collection([({"id": "LIC-1", "holder": "Holder " + HOSTILE}, around)]))
    with open(f"{folder}/context.json", "w") as file:
        json.dump({"layers": [{"name": "licences " + HOSTILE, "role": "licence", "source": f"{folder}/licences.geojson",
                               "columns": {"id": "id", "holder": "holder"}}]}, file)
    call(program, "context", "--state", state, "--layers", f"{folder}/context.json")
    alerts = published(state)
    for alert, verdict in zip(alerts, ("licensed", "confirmed_mining")):
        call(program, "alerts", "review", alert["id"], "--state", state, "--verdict", verdict, "--reviewer",
             "A. Name " + HOSTILE, "--reason", "seen " + HOSTILE)
    call(program, "alerts", "review", alerts[0]["id"], "--state", state, "--verdict", "natural", "--reviewer", "B. Name",
         "--reason", "from afar", "--at", "2022-12-24")
    write_chips(state, alerts[0], HOSTILE_SCENE)
    edit(f"{state}/register.gpkg", [
        ("UPDATE alerts SET scenes = ? WHERE id = ?",
         (json.dumps({"before": [HOSTILE_SCENE], "after": ["S2B"]}), alerts[0]["id"])),
        ("UPDATE alerts SET status = 'closed' WHERE id = ?", (alerts[-1]["id"],))])
    write_sites(sites, {"small": "Small " + HOSTILE})
    return state


def published(state):
    """Alerts of alerts.geojson, the largest first."""
    with open(f"{state}/alerts.geojson") as file:
        return sorted(json.load(file)["features"], key=lambda feature: -feature["properties"]["area_ha"])
