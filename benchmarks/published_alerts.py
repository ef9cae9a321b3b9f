#!/usr/bin/env python3
"""What a nightly run has put into alerts.geojson on any night, whatever it is classed as by now.

usage: published_alerts.py REGISTER.gpkg EXPORT.geojson OUT_PREFIX

EXPORT is all of the register (pitwatch alerts export). Writes OUT_PREFIX-any.geojson and, of alerts that were there
confirmed, OUT_PREFIX-confirmed.geojson.
"""
import json
import sqlite3
import sys

LEFT_OUT = ("burn", "flood", "harvest", "from_water")  # in the register only


def main(register, export, prefix):
    history = sqlite3.connect(register).execute("SELECT alert_id, event, class FROM alert_history ORDER BY alert_id, at").fetchall()
    published, confirmed, is_confirmed = set(), set(), set()
    for alert, event, change_class in history:
        if event == "confirmed":
            is_confirmed.add(alert)
        if change_class in LEFT_OUT:
            continue
        published.add(alert)
        if alert in is_confirmed:
            confirmed.add(alert)
    alerts = json.load(open(export))
    for name, ids in (("any", published), ("confirmed", confirmed)):
        chosen = [alert for alert in alerts["features"] if alert["id"] in ids]
        json.dump(dict(alerts, features=chosen), open(f"{prefix}-{name}.geojson", "w"))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
