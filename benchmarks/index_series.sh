#!/usr/bin/env bash
# What `pitwatch series` finds in tables of one index, without bands or masks.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/index_series.sh [DIR] [SEEDS]
Simulates NDVI of 2000 pixels for each of SEEDS ("1 2 3"), half of them with a step (index_series.py says how), with outliers of
one value and of any, in DIR (build/index_series), runs series over them with its defaults, and prints F1 and the median lag.

Needs Debian's package: apt-get install -y python3-numpy
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
folder=${1:-$root/build/index_series}
helper=$root/benchmarks/index_series.py
"$root/tools/build.sh" release pitwatch
mkdir -p "$folder"
for outliers in one_value anywhere; do
  for seed in ${2:-1 2 3}; do
    series=$folder/$outliers-$seed
    /usr/bin/python3 "$helper" make "$series.csv" "$series.truth.csv" --outliers "$outliers" --seed "$seed"
    "$root/build/pitwatch" series "$series.csv" --id id --history-until 2020-12-31 --summary --out "$series.summary.csv" \
      --quiet
    for column in first_detected confirmed_on; do
      echo "$outliers, seed $seed, $(/usr/bin/python3 "$helper" score "$series.truth.csv" "$series.summary.csv" $column)"
    done
  done
done
