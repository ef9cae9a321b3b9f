#!/usr/bin/env python3
"""Tables of benchmarks/semireal_curve.sh: DIR SETTINGS STRICTNESS, and the folder of the scorer."""
import datetime
import glob
import json
import sys

folder, settings, strictness = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
sys.path.insert(0, sys.argv[4])
import score_series as scorer

RULES = (("dist", "DIST-ALERT's rules"), ("ewma", "nrt EWMA on NDVI"), ("radd", "RADD's updating, on NDVI"))
LEAST_NEAR = 0.1  # of an alert, near a disturbance that had begun: what the scorer takes for no false alarm


def pooled(pattern, level):
    scores = [json.load(open(path))[level] for path in sorted(glob.glob(f"{folder}/*/curve/{pattern}.json"))]
    events = [event for score in scores for event in score["per_disturbance"] if event["area_ha"] >= 0.1]
    if not events:
        return "- | -"
    found = sum(event["detected"] for event in events) / len(events)
    false = sum(score["false"] for score in scores) / sum(score["area_km2"] * score["years"] for score in scores)
    return f"{found:.3f} | {100 * false:.1f}"


def judged(series, alerts):
    """Confidence of each alert, and whether it is of a disturbance."""
    truth = json.load(open(f"{series}/truth.geojson"))
    grid = scorer.Grid(truth.get("bbox") or scorer.bounds([f["geometry"]["coordinates"] for f in truth["features"]]))
    disturbances = [(scorer.D(f["properties"]["onset"]), scorer.grow(grid.mask(f["geometry"]), int(20 / scorer.PX)))
                    for f in truth["features"] if f["properties"]["kind"] == "disturbance"]
    for feature in json.load(open(alerts))["features"]:
        mask = grid.mask(feature["geometry"])
        first = scorer.D(feature["properties"]["first_detected"])
        near = mask[2] & False
        for onset, around in disturbances:
            overlap = scorer.inter(mask, around) if onset - datetime.timedelta(15) <= first else None
            if overlap:
                rows, columns = overlap[0]
                top, left = rows.start - mask[0], columns.start - mask[1]
                near[top:top + overlap[1].shape[0], left:left + overlap[1].shape[1]] |= overlap[1] & overlap[2]
        yield feature["properties"]["confidence"], near.sum() >= LEAST_NEAR * max(mask[2].sum(), 1)


print("| rule | setting | found, any | false, any | found, confirmed | false, confirmed |\n" + "|---" * 6 + "|")
for setting in settings:
    columns = [pooled(f"pitwatch-{setting}", level) for level in ("any", "confirmed")]
    print(f"| pitwatch run | --false-alarms {setting} | {columns[0]} | {columns[1]} |")
for rule, name in RULES:
    for strict in strictness:
        columns = [pooled(f"{rule}-{level}-{strict}", "any") for level in ("any", "confirmed")]
        print(f"| {name} | x {strict} | {columns[0]} | {columns[1]} |")

bins = {}
for path in sorted(glob.glob(f"{folder}/*/curve/state-10/published-any.geojson")):
    for confidence, is_true in judged(path.split("/curve/")[0], path):
        bins.setdefault(min(int(confidence * 5), 4), []).append((confidence, is_true))
if bins:
    print("\n| `confidence` | alerts | mean | true |\n|---|---|---|---|")
for number, group in sorted(bins.items()):
    print(f"| {number / 5:.1f} to {(number + 1) / 5:.1f} | {len(group)} | {sum(one[0] for one in group) / len(group):.2f} | "
          f"{sum(one[1] for one in group) / len(group):.2f} |")
