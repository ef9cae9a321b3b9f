#!/usr/bin/python3
"""What a nightly run has put into alerts.geojson on any night, whatever it is classed as by now, as large as it was there.

usage: published_alerts.py REGISTER.gpkg EXPORT.geojson OUT_PREFIX [MAX_NATURAL]

EXPORT is all of the register (pitwatch alerts export); MAX_NATURAL that of the runs (default 0.8). Writes OUT_PREFIX-any.geojson and,
of alerts that were there confirmed, OUT_PREFIX-confirmed.geojson. An alert has its largest outline of the nights on which it was there:
what greens again, or is filled, is still an alert of all that it was.
"""
import json
import sys

from osgeo import ogr

ogr.UseExceptions()
LEFT_OUT = ("burn", "flood", "harvest", "from_water")  # of registers that have no probabilities


class Published:
    """The largest outline of each alert that was published."""

    def __init__(self):
        self.largest = {}  # id: (hectares, GeoJSON geometry)

    def add(self, row):
        shape, area = row.GetGeometryRef(), row["area_ha"] or 0
        before = self.largest.setdefault(row["alert_id"], (-1, None))
        if shape is not None and not shape.IsEmpty() and area > before[0]:
            self.largest[row["alert_id"]] = (area, shape.ExportToJson())

    def write(self, alerts, path):
        chosen = []
        for alert in alerts["features"]:
            if alert["id"] not in self.largest:
                continue
            outline = self.largest[alert["id"]][1]
            chosen.append(dict(alert, geometry=json.loads(outline)) if outline else alert)
        with open(path, "w") as out:
            json.dump(dict(alerts, features=chosen), out)


def newest_accounts(layer):
    """Rows of the newest revision of each alert, in their order."""
    rows = [(row["alert_id"], row["revision"], row["at"], row.GetFID(), row) for row in layer]
    newest = {}
    for alert, revision, *_ in rows:
        newest[alert] = max(revision, newest.get(alert, revision))
    for alert, revision, _, _, row in sorted(rows, key=lambda one: one[:4]):
        if revision == newest[alert]:
            yield row


def main(register, export, prefix, max_natural="0.8"):
    source = ogr.Open(register)
    layer = source.GetLayerByName("alert_history")
    has_natural = layer.GetLayerDefn().GetFieldIndex("natural_probability") >= 0
    published, confirmed, is_confirmed = Published(), Published(), set()
    for row in newest_accounts(layer):
        alert = row["alert_id"]
        if row["event"] == "confirmed":
            is_confirmed.add(alert)
        natural = row["natural_probability"] if has_natural else None
        if natural > float(max_natural) if natural is not None else row["class"] in LEFT_OUT:
            continue
        published.add(row)
        if alert in is_confirmed:
            confirmed.add(row)
    with open(export) as file:
        alerts = json.load(file)
    published.write(alerts, f"{prefix}-any.geojson")
    confirmed.write(alerts, f"{prefix}-confirmed.geojson")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
