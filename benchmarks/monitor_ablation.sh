#!/usr/bin/env bash
# What each part of the nightly run gives: the run with one part switched off at a time, on simulated series.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/monitor_ablation.sh [SEEDS] [DIR]
Simulates four and a half years of both sample sites (the first three are learnt from) for seeds 1 .. SEEDS (5 by default) in DIR
(build/monitor_ablation), runs over them with default options and with single parts switched off through options, and prints
two tables of what each finds, how late, and what false alarms: there, and in the real series of real_series.sh (if they are there).
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seeds=${1:-5}
folder=${2:-$root/build/monitor_ablation}
source "$root/benchmarks/monitor_functions.sh"
"$root/tools/build.sh" release pitwatch

# name=title=options
variants=(
  "all=all parts="
  "season=no season=--observations-for-first-harmonic 100000 --observations-for-second-harmonic 100000"
  "shift=seasons always on time=--season-shift-days 0"
  "weather=weather not shared=--surroundings-m 0"
  "contrast=weather accuses, too=--surroundings-contrast 1"
  "noise=noise the same everywhere=--noise-prior-observations 1000000"
  "neighbours=neighbours have no say=--neighbours 0"
  "accumulation=observations are not added up=--window-observations 1"
  "screens=no screens for missed cloud and shadow=--white-blue-to-red 99 --dark-log 99"
  "bare=bare ground called cloud is not seen=--ground-blue-to-red 0"
  "mask=no mask=--mask-classes 0,1 --spectral-masks off"
  "own=spectral masks, too=--spectral-masks on"
)
for ((seed = 1; seed <= seeds; ++seed)); do
  simulate_series "$seed"
  for variant in "${variants[@]}"; do
    IFS='=' read -r name _ options <<< "$variant"
    # shellcheck disable=SC2086  # several options
    watch_series "$seed" "$name" $options
  done
done
titles=()
for variant in "${variants[@]}"; do
  IFS='=' read -r name title _ <<< "$variant"
  titles+=("$name=$title")
done
print_table "${titles[@]}"

[[ -d ${PITWATCH_SHARED:-$root/../shared}/data/pyxccd_series ]] || exit 0
cat <<'END_OF_HEAD'

| | fire, clear observation detected / confirmed (alerts before) | logging | crop, alerts with 365, 730 days | Amazon felled, detected / confirmed | other labels | mine as is, planted: alerts |
|---|---|---|---|---|---|---|
END_OF_HEAD
for variant in "${variants[@]}"; do
  IFS='=' read -r _ title options <<< "$variant"
  if [[ $options == *mask* ]]; then continue; fi  # series has no masks but its own column
  # shellcheck disable=SC2086  # several options
  "$root/benchmarks/real_series.sh" "$folder/real" --row "$title" -- $options
done
