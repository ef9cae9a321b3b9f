#!/usr/bin/env python3
"""How alerts of series with known truth are classed, and what is left out of alerts.geojson for that.

usage: classes.py [--max-natural P] [--min-ha HA] [--list] STATE TRUTH [STATE TRUTH ...]

STATE is the folder of a nightly run (register.gpkg is read), TRUTH the truth.geojson of its series: that of `pitwatch
simulate`, or of semi-real series with the same properties. An alert is of an event if it was first detected from 15 days
before its onset until its end, and they share 30 % of the event or half of the alert; the class of the event is that of
the one that shares most. Prints, of events of at least HA hectares, the classes when they ended and at the third clear
observation after detection, how often classes changed, what of the ponds is to_water from the third observation on, and for several
limits what was never published of the true disturbances, and how many alerts on decoys were.

Needs Debian's packages: apt-get install -y python3-numpy python3-gdal
"""
import argparse
import collections
import json
import os
import sqlite3
from datetime import date, timedelta

import numpy as np
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()
PIXEL_M = 5
NATURAL = ("burn", "flood", "harvest", "from_water")  # where no probability is recorded
PONDS = ("to_water", "pond", "tailings_pond")
ANSWERS = {"to_water": ("to_water",), "pond": ("to_water",), "burn": ("burn",), "fire": ("burn",), "flood": ("flood",),
           "harvest": ("harvest",), "ploughing": ("harvest",),
           "veg_to_bare": ("vegetation_to_bare", "built_or_bright"), "bare_to_bare": ("bare_to_bare", "built_or_bright")}


def day(text):
    return date.fromisoformat(text[:10].replace("/", "-")) if text else None


class Raster:
    """Shapes as sets of pixels on one grid in UTM."""

    def __init__(self, lon, lat):
        self.utm = osr.SpatialReference()
        self.utm.ImportFromEPSG((32600 if lat >= 0 else 32700) + int((lon + 180) // 6) + 1)
        wgs84 = osr.SpatialReference()
        wgs84.ImportFromEPSG(4326)
        for system in (self.utm, wgs84):
            system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        self.to_utm = osr.CoordinateTransformation(wgs84, self.utm)

    def pixels(self, geometry):
        geometry = geometry.Clone()
        geometry.Transform(self.to_utm)
        left, right, bottom, top = geometry.GetEnvelope()
        column, row = int(left // PIXEL_M), int(-top // PIXEL_M)
        width, height = int(right // PIXEL_M) - column + 1, int(-bottom // PIXEL_M) - row + 1
        mask = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Byte)
        mask.SetGeoTransform((column * PIXEL_M, PIXEL_M, 0, -row * PIXEL_M, 0, -PIXEL_M))
        mask.SetProjection(self.utm.ExportToWkt())
        memory = ogr.GetDriverByName("Memory").CreateDataSource("")
        layer = memory.CreateLayer("", self.utm)
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(geometry)
        layer.CreateFeature(feature)
        gdal.RasterizeLayer(mask, [1], layer, burn_values=[1])
        rows, columns = np.nonzero(mask.ReadAsArray())
        return set(zip((rows + row).tolist(), (columns + column).tolist()))


def read_alerts(state, raster):
    """Alerts, each with its history of the newest revision, and where it lay at most."""
    source = ogr.Open(f"{state}/register.gpkg")
    alerts = {}
    for feature in source.GetLayerByName("alerts"):
        one = feature.items()
        one["history"] = []
        one["pixels"] = raster.pixels(feature.GetGeometryRef())
        alerts[one["id"]] = one
    connection = sqlite3.connect(f"{state}/register.gpkg")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(alert_history)")]
    natural = "natural_probability" if "natural_probability" in columns else "NULL"
    for alert, revision, at, event, change_class, p in connection.execute(
            f"SELECT alert_id, revision, at, event, class, {natural} FROM alert_history ORDER BY alert_id, fid"):
        history = alerts[alert]["history"]
        if history and revision > history[-1]["revision"]:
            history.clear()
        p = (1.0 if change_class in NATURAL else 0.0) if p is None else p
        history.append({"revision": revision, "at": day(at), "event": event, "class": change_class, "natural": p})
    for layer_feature in source.GetLayerByName("alert_history"):
        shape = layer_feature.GetGeometryRef()
        if shape is not None and not shape.IsEmpty():
            alerts[layer_feature["alert_id"]]["pixels"] |= raster.pixels(shape)
    return alerts


def class_on(alert, when):
    told = [e["class"] for e in alert["history"] if e["at"] <= when]
    return told[-1] if told else alert["history"][0]["class"]


def least_natural(alert):
    return min(e["natural"] for e in alert["history"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--max-natural", type=float, default=0.8)
    parser.add_argument("--min-ha", type=float, default=0.1)
    parser.add_argument("--list", action="store_true", help="name the events that went wrong")
    parser.add_argument("pairs", nargs="+")
    options = parser.parse_args()
    confusion = {"at the end": collections.Counter(), "third observation": collections.Counter()}
    flips, ponds, lasting, decoys = [], [], [], collections.Counter()
    left_out, found, hidden_share = [], [], []
    on_decoys = {}
    published = {"alerts": 0, "all": 0}
    for state, truth_path in zip(options.pairs[::2], options.pairs[1::2]):
        truth = json.load(open(truth_path))["features"]
        place = ogr.CreateGeometryFromJson(json.dumps(truth[0]["geometry"])).Centroid()
        raster = Raster(place.GetX(), place.GetY())
        alerts = read_alerts(state, raster)
        dates = [day(row[0]) for row in sqlite3.connect(f"{state}/register.gpkg").execute(
            "SELECT DISTINCT last_observed FROM alerts")]
        last = max(dates)
        observations_path = os.path.join(os.path.dirname(truth_path), "looks.json")  # of semi-real series
        seen = json.load(open(observations_path)) if os.path.exists(observations_path) else {}
        for alert in alerts.values():
            published["all"] += 1
            alert["published"] = any(e["natural"] <= options.max_natural for e in alert["history"])
            published["alerts"] += alert["published"]
            told = [e["class"] for e in alert["history"]]
            flips.append(sum(a != b for a, b in zip(told, told[1:])))
        for feature in truth:
            event = feature["properties"]
            if event["area_ha"] < options.min_ha:
                continue
            pixels = raster.pixels(ogr.CreateGeometryFromJson(json.dumps(feature["geometry"])))
            onset, end = day(event["onset"]), day(event.get("end")) or last
            best, most = None, 0
            hits = []
            for alert in alerts.values():
                if not onset - timedelta(15) <= day(alert["first_detected"]) <= end:
                    continue
                shared = len(pixels & alert["pixels"])
                if shared and (shared >= 0.3 * len(pixels) or shared >= 0.5 * len(alert["pixels"])):
                    hits.append(alert)
                    if shared > most:
                        best, most = alert, shared
            if best is None:
                continue
            kind = event["type"]
            observations = [day(d) for d in seen.get(event["id"], event.get("clear_looks", []))]
            observations = [d for d in observations if d >= best["history"][0]["at"]]
            third = observations[2] if len(observations) > 2 else last
            if event["kind"] == "decoy":
                decoys[kind, any(a["published"] for a in hits)] += 1
                on_decoys.update({(state, a["id"]): least_natural(a) for a in hits})
            confusion["at the end"][kind, class_on(best, min(last, end - timedelta(1)))] += 1
            confusion["third observation"][kind, class_on(best, third)] += 1
            if event["kind"] == "disturbance":
                found.append(min(least_natural(a) for a in hits))
                if not any(a["published"] for a in hits):
                    left_out.append((state, event["id"], kind, event["area_ha"], best["id"], best["class"]))
                hidden = [d for d in observations if d <= end]
                if hidden:
                    hidden_share.append(np.mean([
                        [e["natural"] for e in best["history"] if e["at"] <= d][-1] > options.max_natural
                        for d in hidden]))
            if kind in PONDS and kind != "tailings_pond" and event["area_ha"] >= 0.2 and len(observations) > 2:
                told = [class_on(best, d) for d in observations[2:] if d < end]
                ponds.append(class_on(best, third) == "to_water")
                lasting.append(bool(told) and all(c == "to_water" for c in told))
                if options.list and not (ponds[-1] and lasting[-1]):
                    print("pond:", state, event["id"], event["area_ha"], best["id"],
                          [(str(e["at"]), e["class"], round(e["natural"], 2)) for e in best["history"]
                           if e["event"] in ("first_detected", "reclassified")])
    for when, table in confusion.items():
        classes = sorted({c for _, c in table})
        print(f"\n| {when} | " + " | ".join(classes) + " | right |\n|---" + "|---" * (len(classes) + 1) + "|")
        for kind in sorted({k for k, _ in table}):
            row = [table[kind, c] for c in classes]
            right = sum(table[kind, c] for c in ANSWERS.get(kind, ())) / sum(row)
            print(f"| {kind} | " + " | ".join(map(str, row)) + f" | {right:.2f} |" if kind in ANSWERS else
                  f"| {kind} | " + " | ".join(map(str, row)) + " | |")
    share = lambda values: f"{np.mean(values):.3f} of {len(values)}" if values else "-"
    print(f"\nponds of 0.2 ha and more to_water at the third clear observation: {share(ponds)}; from then on for as long as they "
          f"last: {share(lasting)}")
    print(f"changes of class per alert: mean {np.mean(flips):.2f}, two and more {np.mean(np.array(flips) > 1):.3f}")
    print(f"true disturbances found {len(found)}; never published {len(left_out)}; mean share of their clear observations at "
          f"which they were left out {np.mean(hidden_share):.4f}")
    print("\n| --max-natural | true disturbances never published | alerts on decoys published |\n|---|---|---|")
    for limit in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1):
        out = sum(p > limit for p in found) / max(len(found), 1)
        print(f"| {limit} | {out:.3f} | {sum(p <= limit for p in on_decoys.values())} of {len(on_decoys)} |")
    for one in left_out:
        print("left out:", *one)
    print("decoys with an alert, published on any night / never: " + ", ".join(
        f"{kind} {decoys[kind, True]} / {decoys[kind, False]}" for kind in sorted({k for k, _ in decoys})))
    print(f"alerts: {published['alerts']} of {published['all']} published")


if __name__ == "__main__":
    main()
