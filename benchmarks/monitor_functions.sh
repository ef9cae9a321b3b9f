# shellcheck shell=bash disable=SC2154  # variables of the script that sources this
# What the benchmarks of the nightly run on simulated series share; sourced. Needs $root, the repository, and $folder.
watched_sites=$root/sample_data/sites.geojson

# simulate_series SEED: four and a half years of both sample sites in $folder/SEED/scenes, nothing in the first three.
simulate_series() {
  rm -rf "${folder:?}/$1"
  "$root/build/pitwatch" simulate --sites "$root/sample_data/sites.geojson" --from 2019-01-01 --to 2023-06-30 \
    --history-days 1096 --bands B02,B03,B04,B08,B11,B12 --seed "$1" --out "$folder/$1/scenes" --quiet
}

# watch_series SEED NAME [OPTION...]: runs over all of what was simulated, and scores what was in alerts.geojson on any
# night (any, confirmed) and what is there in the end (last, last_confirmed).
watch_series() {
  local seed=$1 name=$2 state=$folder/$1/$2 site
  shift 2
  "$root/build/pitwatch" run --sites "$watched_sites" --source "$folder/$seed/scenes" \
    --state "$state" --buffer-m 600 --quiet "$@"
  "$root/build/pitwatch" alerts export --register "$state/register.gpkg" --format geojson --out "$state/register.geojson" \
    --quiet
  "$root/benchmarks/published_alerts.py" "$state/register.gpkg" "$state/register.geojson" "$state/published"
  for site in gizilbulag demirli; do
    score_alerts "$seed" "$name" any "$site" "$state/published-any.geojson" "site = '$site'"
    score_alerts "$seed" "$name" confirmed "$site" "$state/published-confirmed.geojson" "site = '$site'"
    score_alerts "$seed" "$name" last "$site" "$state/alerts.geojson" "site = '$site'"
    score_alerts "$seed" "$name" last_confirmed "$site" "$state/alerts.geojson" \
      "site = '$site' AND confirmed_on IS NOT NULL"
  done
}

# score_alerts SEED NAME STATUS SITE ALERTS [FILTER]: onsets after the years that are learnt from.
score_alerts() {
  "$root/build/pitwatch" score --truth "$folder/$1/scenes/$4/truth.geojson" --alerts "$5" --where "${6:-}" \
    --from 2022-01-01 --draws 1 --json > "$folder/$1/$2-$4-$3.json"
}

# print_table NAME=TITLE...: a row for each name and status, pooled over sites and seeds.
print_table() {
  python3 - "$folder" "$@" <<'END_OF_PROGRAM'
import glob
import json
import statistics
import sys

folder, rows = sys.argv[1], [row.split("=", 1) for row in sys.argv[2:]]


def reports_of(name, status):
    return [json.load(open(path))["truth"] for path in sorted(glob.glob(f"{folder}/*/{name}-*-{status}.json"))]


def share(events):
    return f"{sum(e['found'] is not None for e in events) / len(events):.2f}" if events else "-"


def row(title, status, reports):
    events = [e for r in reports for e in r["events"] if e["kind"] == "disturbance"]
    deepened = [e for e in events if e["type"] == "pit_deepened"]
    small = [e for e in events if 0.05 <= e["area_ha"] < 0.1]
    lag = [e["lag_days" if status == "any" else "confirmed_lag_days"] for e in events if e["found"]]
    hits = {name: sum(r["commission"]["alerts_by_hit"][name]["count"] for r in reports)
            for name in ("disturbance", "natural", "decoy", "false")}
    others = sum(hits.values()) - hits["decoy"]
    false = statistics.mean(r["commission"]["false_per_100km2_year"]["value"] for r in reports)
    return (f"| {title}, {status} | {share(events)} | {share(deepened)} | {share(small)} | "
            f"{statistics.median(lag) if lag else float('nan'):.0f} | {false:.0f} | "
            f"{hits['false'] / others if others else float('nan'):.2f} |", (len(events), len(deepened), len(small)))


lines, counts = [], set()
for name, title in rows:
    for status in ("any", "confirmed"):
        reports = reports_of(name, status)
        if reports:
            line, count = row(title, status, reports)
            lines.append(line)
            counts.add(count)
(events, deepened, small), = counts  # the same events for all, or the rows cannot be compared
print(f"| | found, of {events} | bare to bare, of {deepened} | 0.05 - 0.1 ha, of {small} | median days | "
      "false per 100 km2 and year | commission, decoys aside |\n|---|---|---|---|---|---|---|")
print("\n".join(lines))
END_OF_PROGRAM
}
