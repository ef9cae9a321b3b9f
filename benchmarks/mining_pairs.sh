#!/usr/bin/env bash
# On how many labelled pairs compare alerts: new mines, by how much of the pair they fill, and changes that are none.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/mining_pairs.sh [DIR]
Unpacks the labelled mining pairs of the reference data (PITWATCH_SHARED, default ../shared) into DIR
(build/mining_pairs), each alone and in the middle of 3 x 3 copies of its first date, compares them with the default
options, and prints the share of pairs with an alert, and how many were refused. Needs python3-gdal and python3-numpy.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
shared=$(realpath "${PITWATCH_SHARED:-$root/../shared}")
folder=${1:-$root/build/mining_pairs}
pairs=$shared/tools/mining_pairs.py
data=$shared/data/mining_pairs
"$root/tools/build.sh" release pitwatch
for surround in 1 3; do
  inputs=$folder/pairs_$surround
  results=$folder/results_$surround
  /usr/bin/python3 "$pairs" unpack "$data" "$inputs" --surround "$surround"
  rm -rf "$results"
  refused=0
  for pair in "$inputs"/*/; do
    "$root/build/pitwatch" compare "$pair/before.json" "$pair/after.json" --out "$results/$(basename "$pair")" --quiet \
      2> "$folder/messages.txt" || { refused=$((refused + 1)); cat "$folder/messages.txt" >&2; }
  done
  echo "surround $surround, refused $refused"
  /usr/bin/python3 "$pairs" score "$data" "$results"
done
