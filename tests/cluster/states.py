"""Small sites with a few months of scenes, and what two states of them must have in common."""
import datetime
import hashlib
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "benchmarks"))
import many_alerts  # noqa: E402

DATES = 30
# 24 x 24 pixels have room for one of the squares that are bared: an alert a site.
many_alerts.SITE_PX = 24

TABLES = ("alerts", "alert_history", "alert_scenes", "reviews", "context_facts", "context_layers", "coverage")
# When a row was written, and the how-manieth it was: a database does not give numbers again that a lost transaction had taken.
OF_WRITING = ("recorded_at", "fid")


def make_sites(folder, sites, each=10):
    """`folder`/sites.geojson and `folder`/items: 30 acquisitions of each, one alert on each."""
    os.makedirs(folder, exist_ok=True)
    many_alerts.make(folder, sites // each, DATES, each)


def add_late_scene(folder, place, number, each=10):
    """A scene two days after the 20th acquisition of ground of `make_sites`, of which only a square within the site `number` has
    been delivered: no other site sees it. Gives that site's id."""
    size, margin = many_alerts.SITE_PX, 4
    known = sorted(name for name in os.listdir(f"{folder}/items") if name.endswith(f"_{place}_L2A.json"))[19]
    with open(f"{folder}/items/{known}") as file:
        item = json.load(file)
    with open(f"{folder}/sites.geojson") as file:
        site = json.load(file)["features"][place * each + number]["properties"]["id"]
    left = 300000 + place % 10 * (size * each + 100) * 10 + (number * size + margin) * 10
    top = 4500000 - place // 10 * (size + 100) * 10 - margin * 10
    for band, (pixel, _, _) in many_alerts.BANDS.items():
        values = many_alerts.pixels_of(band, True, many_alerts.NOISES_BEFORE + 1, size * each, size)
        step, of_value = pixel // 10, 1 if band == "SCL" else 2
        row, begin, side = size * each // step * of_value, (number * size + margin) // step * of_value, (size - 2 * margin) // step
        square = b"".join(values[y * row + begin:y * row + begin + side * of_value] for y in range(margin // step, margin // step + side))
        item["assets"][many_alerts.COMMON[band]]["href"] = f"pixels/late_{band}.tif"
        with open(f"{folder}/items/pixels/late_{band}.tif", "wb") as file:
            file.write(many_alerts.tiff((left, top), pixel, side, side, 8 * of_value, square))
    at = datetime.datetime.fromisoformat(item["properties"]["datetime"].rstrip("Z")) + datetime.timedelta(days=2)
    outline = many_alerts.ring(left, top, (size - 2 * margin) * 10, (size - 2 * margin) * 10)
    longitudes, latitudes = zip(*outline)
    item.update(id=f"S2A_38TPK_{at:%Y%m%d}_{place}_L2A", geometry={"type": "Polygon", "coordinates": [outline]},
                bbox=[min(longitudes), min(latitudes), max(longitudes), max(latitudes)])
    item["properties"]["datetime"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    with open(f"{folder}/items/{item['id']}.json", "w") as file:
        json.dump(item, file)
    return site


def configure(path, folder, **more):
    """An INI file of run's options over those sites."""
    options = {"sites": f"{folder}/sites.geojson", "source": f"{folder}/items", "history-days": 60, "buffer-m": 0, "chips": 3,
               **more}
    with open(path, "w") as file:
        file.writelines(f"{name} = {value}\n" for name, value in options.items())


def lasting_files(state):
    """Of each file its hash, but for those that tell of runs rather than of ground: manifests, plans, outcomes, logs, locks;
    and the register, which `lasting_rows` compares."""
    files = {}
    for folder, folders, names in os.walk(state):
        below = os.path.relpath(folder, state)
        if below == ".":
            folders[:] = [name for name in folders if name not in ("runs", "units", "logs")]
        for name in names:
            path = os.path.normpath(os.path.join(below, name))
            if path in ("lock", "plan.jsonl") or name.endswith(".lock") or name.startswith("register.gpkg"):
                continue
            with open(os.path.join(folder, name), "rb") as file:
                files[path] = hashlib.sha256(file.read()).hexdigest()
    return files


def lasting_rows(state, server=None, database=None):
    """All rows of a register but those of runs, without the times at which they were written; by table."""
    if server is not None:
        columns = server.sql("SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = "
                             "'public' ORDER BY table_name, ordinal_position", database).split("\n")
        rows = {}
        for table in TABLES:
            kept = [name for of, name in (line.split() for line in columns if line) if of == table and name not in OF_WRITING]
            rows[table] = server.sql(f"SELECT {', '.join(kept)} FROM {table} ORDER BY fid", database).splitlines()
        return rows
    with sqlite3.connect(f"file:{state}/register.gpkg?mode=ro", uri=True) as register:
        rows = {}
        for table in TABLES:
            kept = [row[1] for row in register.execute(f"PRAGMA table_info({table})") if row[1] not in OF_WRITING]
            rows[table] = [repr(row) for row in register.execute(f"SELECT {', '.join(kept)} FROM {table} ORDER BY fid")]
        return rows


def differences(one, other):
    """Names of what is in one alone, or differs; of two dictionaries."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
