#!/usr/bin/env bash
# What a map of thousands of alerts costs to make and to look at.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/web_map.sh [STATE] [--alerts N]
Takes a copy of a state (build/demo/state, which tools/demo.sh makes), fills its register with copies of its alerts and their
histories until there are N (8000, of which some 5000 are published), makes a map of it and opens that in chromium. Prints
seconds and size of the map, and milliseconds of the page: until it is first painted, until list and map are shown, and of
filters and dates until the next frame.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=$root/build/demo/state
alerts=8000
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --alerts) alerts=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) state=$1; shift ;;
  esac
done
"$root/tools/build.sh" release pitwatch
folder=$root/build/web_map
rm -rf "$folder"
mkdir -p "$folder"
cp -r "$state" "$folder/state"
/usr/bin/python3 "$root/benchmarks/web_map.py" fill "$folder/state/register.gpkg" --alerts "$alerts"
/usr/bin/time -f 'map made in %e s (%U s of CPU time), %M KiB at most' \
  "$root/build/pitwatch" map --state "$folder/state" --out "$folder/map" --quiet
echo "size: $(du -sh --apparent-size "$folder/map" | cut -f 1), $(find "$folder/map" -type f | wc -l) files"
/usr/bin/python3 "$root/benchmarks/web_map.py" measure "$folder/map"
