#!/usr/bin/env bash
# What compare finds between two simulated summers, by size and by type.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/simulated_pairs.sh [SEEDS] [DIR]
Simulates a cloudless pair of both sample sites, 10 July 2021 and 10 July 2022, for seeds 1 .. SEEDS (20 by default) in DIR
(build/simulated_pairs), compares each, scores the alerts against the truth, and prints pooled tables. Needs python3.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seeds=${1:-20}
folder=${2:-$root/build/simulated_pairs}
"$root/tools/build.sh" release pitwatch
mkdir -p "$folder"
for ((seed = 1; seed <= seeds; ++seed)); do
  series=$folder/$seed
  rm -rf "$series"
  "$root/build/pitwatch" simulate --sites "$root/sample_data/sites.geojson" --from 2021-07-10 --to 2022-07-10 \
    --every-days 365 --history-days 1 --clear-sky --bands B02,B04,B08,B11,B12 --seed "$seed" --out "$series" --quiet
  for site in "$series"/*/; do
    "$root/build/pitwatch" compare "$site"/S2*_20210710_*/*.json "$site"/S2*_20220710_*/*.json --out "$site/out" --quiet
    "$root/build/pitwatch" score --truth "$site/truth.geojson" --alerts "$site/out/alerts.geojson" --draws 1 --json \
      > "$site/score.json"
  done
done

python3 - "$folder" <<'END'
import collections
import glob
import json
import statistics
import sys

reports = [json.load(open(path))["truth"] for path in sorted(glob.glob(sys.argv[1] + "/*/*/score.json"))]
events = [event for report in reports for event in report["events"]]
sizes = ((0, 0.05), (0.05, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 1), (1, 5), (5, 1e9))


def row(name, group):
    found = [e for e in group if e["found"]]
    iou = [e["iou"] for e in found]
    bias = [e["area_bias"] for e in found]
    outline = f"{statistics.median(iou):.2f} | {statistics.median(bias):+.2f}" if found else "- | -"
    print(f"| {name} | {len(group)} | {len(found) / len(group) if group else 0:.2f} | {outline} |")


print("| | events | found | median IoU | median area bias |\n|---|---|---|---|---|")
disturbances = [e for e in events if e["kind"] == "disturbance"]
for low, high in sizes:
    name = f"{low} - {high} ha" if high < 1e9 else f"{low} ha and more"
    row(name, [e for e in disturbances if low <= e["area_ha"] < high])
for kind in sorted({e["type"] for e in disturbances}):
    row(kind, [e for e in disturbances if e["type"] == kind])
row("**all disturbances**", disturbances)
for kind in sorted({e["type"] for e in events} - {e["type"] for e in disturbances}):
    row("*" + kind + "*", [e for e in events if e["type"] == kind])
verdicts = collections.Counter()
for report in reports:
    for name, hit in report["commission"]["alerts_by_hit"].items():
        verdicts[name] += hit["count"]
alerts = sum(verdicts.values())
print(f"{alerts} alerts, by what they hit:", ", ".join(f"{count} {name}" for name, count in verdicts.items()))
END
