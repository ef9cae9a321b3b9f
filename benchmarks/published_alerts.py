#!/usr/bin/env python3
"""What a nightly run has put into alerts.geojson on any night, whatever it is classed as by now.

usage: published_alerts.py REGISTER.gpkg EXPORT.geojson OUT_PREFIX [MAX_NATURAL]

EXPORT is all of the register (pitwatch alerts export); MAX_NATURAL that of the runs (default 0.8). Writes OUT_PREFIX-any.geojson and,
of alerts that were there confirmed, OUT_PREFIX-confirmed.geojson.
"""
import json
import sqlite3
import sys

LEFT_OUT = ("burn", "flood", "harvest", "from_water")  # of registers that have no probabilities


def main(register, export, prefix, max_natural="0.8"):
    connection = sqlite3.connect(register)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(alert_history)")]
    natural = "natural_probability" if "natural_probability" in columns else "NULL"
    history = connection.execute(
        f"SELECT alert_id, event, class, {natural} FROM alert_history ORDER BY alert_id, at, fid").fetchall()
    published, confirmed, is_confirmed = set(), set(), set()
    for alert, event, change_class, probability in history:
        if event == "confirmed":
            is_confirmed.add(alert)
        if probability > float(max_natural) if probability is not None else change_class in LEFT_OUT:
            continue
        published.add(alert)
        if alert in is_confirmed:
            confirmed.add(alert)
    alerts = json.load(open(export))
    for name, ids in (("any", published), ("confirmed", confirmed)):
        chosen = [alert for alert in alerts["features"] if alert["id"] in ids]
        json.dump(dict(alerts, features=chosen), open(f"{prefix}-{name}.geojson", "w"))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
