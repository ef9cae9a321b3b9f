#!/usr/bin/env bash
# What a night in units of work costs beside one run, and that both come to the same.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/units.sh [DIR] [--places N] [--parallel N]
In DIR (build/units) makes N places (200) of five sites, 31 scenes each, and the state of all nights but the last. Then does the last
night twice: by pitwatch run, and by plan, a unit for each site (--parallel of them at a time, 2) and merge. Prints seconds (elapsed, CPU) and
peak memory of each, and checks that states, chips, alerts.geojson and the tables of the register are the same. All files are in the page cache.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/build/units
places=200
parallel=2
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --places) places=$2; shift 2 ;;
    --parallel) parallel=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
pitwatch=${PITWATCH:-$root/build/pitwatch}
[[ -n ${PITWATCH:-} ]] || "$root/tools/build.sh" release pitwatch
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
helper=$root/benchmarks/many_alerts.py

options=(--sites "$folder/sites.geojson" --source "$folder/items" --history-days 60 --buffer-m 0 --quiet --cache "$folder/cache")
if [[ ! -e $folder/made ]]; then
  rm -rf "$folder/state0" "$folder/items"
  python3 "$helper" make "$folder" --places "$places" --dates 31
  "$pitwatch" run "${options[@]}" --state "$folder/state0" --to 2021-06-28
  # The newest manifest is then that of an ordinary night: a first night's names every scene of every site.
  "$pitwatch" run "${options[@]}" --state "$folder/state0" --to 2021-06-28
  touch "$folder/made"
fi
rm -rf "$folder/one" "$folder/many"
cp -r "$folder/state0" "$folder/one"
cp -r "$folder/state0" "$folder/many"

# measure NAME WORD...: a row.
measure() {
  local name=$1
  shift
  /usr/bin/time -f '%e %U %S %M' -o "$folder/time.txt" "$@" > "$folder/stdout" 2> "$folder/stderr" || {
    cat "$folder/stderr" >&2
    exit 1
  }
  tail -n 1 "$folder/time.txt" | awk -v name="$name" '{ printf "| %s | %.2f | %.2f | %d |\n", name, $1, $2 + $3, $4 / 1024 }'
}

units() {
  tail -n +2 "$folder/many/plan.jsonl" | python3 -c '
import json, sys
for line in sys.stdin: print(json.loads(line)["unit"])'
}

echo "$(python3 "$helper" count "$folder/sites.geojson") sites, $(find "$folder/items" -name '*.json' | wc -l) scenes"
echo "| what | s | CPU s | MiB |"
echo "|---|---|---|---|"
measure "run" "$pitwatch" run "${options[@]}" --state "$folder/one"
measure "plan" "$pitwatch" plan "${options[@]}" --state "$folder/many"
units > "$folder/units.txt"
first=$(head -n 1 "$folder/units.txt")
measure "one unit, one acquisition" "$pitwatch" run "${options[@]}" --state "$folder/many" --threads 1 --unit "$first"
measure "the same again: done before" "$pitwatch" run "${options[@]}" --state "$folder/many" --threads 1 --unit "$first"
measure "all $(wc -l < "$folder/units.txt") units, $parallel at a time" xargs -a "$folder/units.txt" -P "$parallel" -I '{}' \
  "$pitwatch" run "${options[@]}" --state "$folder/many" --threads 1 --unit '{}'
measure "merge" "$pitwatch" merge "${options[@]}" --state "$folder/many"
measure "the same again: nothing to do" "$pitwatch" merge "${options[@]}" --state "$folder/many"

python3 - "$folder/one" "$folder/many" <<'END_OF_CHECK'
import hashlib, os, sqlite3, sys

def files(state):
    found = {}
    for folder, folders, names in os.walk(state):
        folders[:] = [name for name in folders if os.path.relpath(os.path.join(folder, name), state) not in ("runs", "units")]
        for name in names:
            path = os.path.join(folder, name)
            if name not in ("lock", "plan.jsonl", "register.gpkg") and not name.endswith(".lock"):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, state)] = hashlib.sha256(file.read()).hexdigest()
    return found

def tables(state):
    database = sqlite3.connect(f"file:{state}/register.gpkg?mode=ro", uri=True)
    names = [row[0] for row in database.execute("SELECT table_name FROM gpkg_contents ORDER BY 1")]
    found = {}
    for name in names:
        if name == "runs":
            continue
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})") if row[1] != "recorded_at"]
        found[name] = sorted(database.execute(f"SELECT {', '.join(columns)} FROM {name}").fetchall(), key=repr)
    return found

one, many = sys.argv[1:]
of_one, of_many = files(one), files(many)
different = sorted(path for path in of_one.keys() | of_many.keys() if of_one.get(path) != of_many.get(path))
rows_of_one, rows_of_many = tables(one), tables(many)
different += [name for name in rows_of_one if rows_of_one[name] != rows_of_many.get(name)]
print(f"{len(of_one)} files and {sum(map(len, rows_of_one.values()))} rows of the register: " +
      ("the same" if not different else f"DIFFERENT: {different[:20]}"))
sys.exit(bool(different))
END_OF_CHECK
