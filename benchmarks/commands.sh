#!/usr/bin/env bash
# How long people wait for the commands that answer and change nothing.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/commands.sh [DIR] [--many DIR]
On the series and the state of tools/demo.sh, which are made in DIR (build/commands) once: two sites, 4.5 years, 698 scenes.
With --many, also a night without news of the 500 sites of benchmarks/many_alerts.sh, which has made them in that DIR.
Prints for each command, on all cores and with files in the page cache, seconds of waiting, of CPU time (user and system),
and peak memory, of the run with the least waiting of three. "first": nothing is remembered; "again": what files said is.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/build/commands
many=
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --many) many=$(cd "$2" && pwd); shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
pitwatch=${PITWATCH_PROGRAM:-$root/build/pitwatch}
[[ -n ${PITWATCH_PROGRAM:-} ]] || "$root/tools/build.sh" release pitwatch
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
unset PITWATCH_PROGRAM
sites=$root/sample_data/sites.geojson
watch=(--sites "$sites" --source "$folder/series" --buffer-m 600 --quiet)
cache=$folder/cache

if [[ ! -e $folder/made ]]; then
  rm -rf "$folder/series" "$folder/state"
  "$pitwatch" simulate --sites "$sites" --from 2019-01-01 --to 2023-06-30 --history-days 1096 --seed 1 \
    --bands B02,B03,B04,B08,B11,B12 --out "$folder/series"
  "$pitwatch" run "${watch[@]}" --state "$folder/state"
  touch "$folder/made"
fi

out=$folder/out
rm -rf "$out" "$cache"
mkdir "$out"
# What an old build does not know of is left out, so that it can be measured, too.
has_option() { [[ $("$pitwatch" "$1" --help) == *"$2"* ]]; }
remember() { ! has_option scenes --cache || printf '%s\n' --cache "$1"; }
mapfile -t kept < <(remember "$cache")

# measure NAME BEFORE WORD...: a row; BEFORE is run before each of three.
measure() {
  local name=$1 before=$2 least
  shift 2
  least=$(for _ in 1 2 3; do
    $before
    /usr/bin/time -f '%e %U %S %M' -o "$out/time.txt" "$@" > "$out/stdout" 2> "$out/stderr" || {
      echo "$name: failed" >&2
      cat "$out/stderr" >&2
      exit 1
    }
    tail -n 1 "$out/time.txt" | awk '{ printf "%.2f %.2f %d\n", $1, $2 + $3, $4 / 1024 }'
  done | sort -n | head -n 1)
  printf '%-52s %8s %8s %10s\n' "$name" $least
}
forget() { rm -rf "$cache" "$out/rerun"; }
nothing() { rm -rf "$out/rerun"; }

read -r id place < <(python3 - "$folder/state/alerts.geojson" <<'END'
import json
import sys

features = json.load(open(sys.argv[1]))["features"]
largest = max(features, key=lambda feature: feature["properties"]["area_ha"])
west, south, east, north = largest["bbox"]
print(largest["id"], f"{(west + east) / 2:.6f},{(south + north) / 2:.6f}")
END
)

printf '%-52s %8s %8s %10s\n' "" "wait s" "CPU s" "peak MiB"
measure "run, nothing new, first" forget "$pitwatch" run "${watch[@]}" --state "$folder/state" "${kept[@]}"
measure "run, nothing new, again" nothing "$pitwatch" run "${watch[@]}" --state "$folder/state" "${kept[@]}"
measure "scenes --sites, 698 scenes, first" forget "$pitwatch" scenes "$folder/series" --sites "$sites" --quiet "${kept[@]}"
measure "scenes --sites, 698 scenes, again" nothing "$pitwatch" scenes "$folder/series" --sites "$sites" --quiet "${kept[@]}"
if has_option inspect --state; then
  measure "inspect --state" nothing "$pitwatch" inspect --at "$place" "${watch[@]}" --state "$folder/state" "${kept[@]}"
  measure "inspect --state --from 2019-01-01" nothing "$pitwatch" inspect --at "$place" "${watch[@]}" \
    --state "$folder/state" --from 2019-01-01 "${kept[@]}"
fi
measure "inspect" nothing "$pitwatch" inspect --at "$place" "${watch[@]}" "${kept[@]}"
for days in "2022-02-01 2022-02-10" "2022-11-01 2022-11-10" "2023-06-01 2023-06-10"; do
  read -r from to <<< "$days"
  measure "rerun $from to $to" nothing "$pitwatch" rerun "${watch[@]}" --state "$folder/state" --from "$from" --to "$to" \
    --out "$out/rerun" "${kept[@]}"
done
measure "alerts list" nothing "$pitwatch" alerts list --state "$folder/state"
measure "alerts show" nothing "$pitwatch" alerts show "$id" --state "$folder/state"
if [[ $("$pitwatch" alerts show --help) == *--series* ]]; then
  measure "alerts show --series" nothing "$pitwatch" alerts show "$id" --state "$folder/state" --series
fi
if [[ -n $many ]]; then
  night=("$pitwatch" run --sites "$many/sites.geojson" --source "$many/items" --state "$many/state" --history-days 340
    --buffer-m 0 --quiet)
  measure "run, nothing new, 500 sites, 10 000 scenes, first" forget "${night[@]}" "${kept[@]}"
  measure "run, nothing new, 500 sites, 10 000 scenes, again" nothing "${night[@]}" "${kept[@]}"
fi
