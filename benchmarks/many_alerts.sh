#!/usr/bin/env bash
# What a large archive and a full register cost where there is little to do.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/many_alerts.sh [DIR] [--places N]
In DIR (build/many_alerts) makes N places (100) of five sites, 100 scenes each, and runs the nights: 500 sites, 10 000 scenes
and a register of some 4500 alerts, each of which is then reviewed (some minutes, once, and a GB). Prints for what people and
schedulers call, on one thread, seconds of CPU time (user and system), which say something on a busy machine, too, and peak
memory. All files are in the page cache.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/build/many_alerts
places=100
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --places) places=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
"$root/tools/build.sh" release pitwatch
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
pitwatch=$root/build/pitwatch
helper=$root/benchmarks/many_alerts.py
state=$folder/state

night=("$pitwatch" run --sites "$folder/sites.geojson" --source "$folder/items" --state "$state" --history-days 340
  --buffer-m 0 --quiet)

if [[ ! -e $folder/made ]]; then
  rm -rf "$state" "$folder/items"
  python3 "$helper" make "$folder" --places "$places"
  python3 "$helper" table "$folder/series.csv" --dates 60
  python3 "$helper" table "$folder/many_pixels.csv" --pixels 20000 --dates 300
  "${night[@]}"
  python3 "$helper" review "$state/register.gpkg"
  "${night[@]}"  # the reviews into alerts.geojson
  touch "$folder/made"
fi
echo "$(python3 "$helper" count "$folder/sites.geojson") sites, $(find "$folder/items" -name '*.json' | wc -l) scenes," \
  "$(python3 "$helper" count "$state/alerts.geojson") alerts"

rm -rf "$folder/out"
mkdir "$folder/out"
# measure NAME WORD...: a row, of the least of three.
measure() {
  local name=$1 least
  shift
  least=$(for _ in 1 2 3; do
    /usr/bin/time -f '%U %S %M' -o "$folder/time.txt" "$@" > "$folder/out/stdout" 2> "$folder/out/stderr" || {
      cat "$folder/out/stderr" >&2
      exit 1
    }
    tail -n 1 "$folder/time.txt" | awk '{ printf "%.2f %d\n", $1 + $2, $3 / 1024 }'
  done | sort -n | head -n 1)
  printf '%-40s %8s %10s\n' "$name" $least
}

alert=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["features"][7]["id"])' "$state/alerts.geojson")
printf '%-40s %8s %10s\n' "" "CPU s" "peak MiB"
measure "alerts list" "$pitwatch" alerts list --state "$state"
measure "alerts list --json" "$pitwatch" alerts list --state "$state" --json
measure "alerts list --where" "$pitwatch" alerts list --state "$state" --where "confidence > 0.5 AND site LIKE 'site-00%'"
measure "alerts list --as-of" "$pitwatch" alerts list --state "$state" --as-of 2022-03-20
measure "alerts show" "$pitwatch" alerts show "$alert" --state "$state"
for format in geojson csv kml gpkg; do
  measure "alerts export --format $format" "$pitwatch" alerts export --state "$state" --format "$format" \
    --out "$folder/out/alerts.$format"
done
measure "alerts diff of two dates" "$pitwatch" alerts diff 2022-03-20 2022-04-02 --state "$state"
measure "alerts review" "$pitwatch" alerts review "$alert" --state "$state" --verdict natural --reviewer "A. Person" \
  --reason "benchmark"
measure "run, nothing new" "${night[@]}" --threads 1
measure "status" "$pitwatch" status --state "$state"
measure "verify --no-inputs" "$pitwatch" verify "$state" --no-inputs
measure "scenes" "$pitwatch" scenes "$folder/items" --threads 1
measure "series of 500 pixels of 60 dates" "$pitwatch" series "$folder/series.csv" --id id
measure "the same without --id" "$pitwatch" series "$folder/series.csv"
measure "series of 20 000 pixels of 300 dates" "$pitwatch" series "$folder/many_pixels.csv" --id id --summary
