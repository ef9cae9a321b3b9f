#!/usr/bin/env bash
# What each part of the nightly run gives: the run with one part switched off at a time, on simulated series.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/monitor_ablation.sh [SEEDS] [DIR]
Simulates four and a half years of both sample sites (the first three are learnt from) for seeds 1 .. SEEDS (5 by default) in DIR
(build/monitor_ablation), runs over them with default options and with single parts switched off through options, and prints
a table of what each finds, how late, and what in vain. Needs python3.
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
  "season=no season=--looks-for-first-harmonic 100000 --looks-for-second-harmonic 100000"
  "shift=seasons always on time=--season-shift-days 0"
  "weather=weather not shared=--surroundings-m 0"
  "neighbours=neighbours have no say=--neighbours 0"
  "screens=no screens for missed cloud and shadow=--white-blue-to-red 99 --dark-log 99"
  "margin=no margin around cloud=--cloud-margin-m 0"
  "limit=no limit to what one look says=--look-limit-sigma 1000"
  "adaptation=model never adapts=--adaptation 0"
)
if "$root/build/pitwatch" run --help | grep -q -- --window-looks; then
  variants+=("accumulation=looks are not added up=--window-looks 1")
fi
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
