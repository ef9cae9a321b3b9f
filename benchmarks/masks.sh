#!/usr/bin/env bash
# What the scene classification, spectral tests and both together mask, against the truth of simulated skies.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/masks.sh [SEEDS] [DIR]
Simulates the year 2021 of both sample sites (9 x 9 km around them, every ten days) for the seeds named, "1 2 3" by
default, in DIR (build/masks), runs over them with the SCL alone, with spectral tests alone (the same scenes without SCL) and
with both, and prints what each masks of what is cloud, shadow, snow and clear. Needs python3 with numpy and GDAL (PYTHON
names another one).
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seeds=${1:-1 2 3}
folder=${2:-$root/build/masks}
python=${PYTHON:-/usr/bin/python3}
"$root/tools/build.sh" release pitwatch
pitwatch=$root/build/pitwatch
sites=$root/sample_data/sites.geojson

declare -A masks
series=()
for seed in $seeds; do
  here=$folder/$seed
  rm -rf "$here"
  mkdir -p "$here"
  "$pitwatch" simulate --sites "$sites" --from 2021-01-01 --to 2021-12-31 --every-days 10 --size-km 9 --seed "$seed" \
    --bands B02,B03,B04,B08,B11,B12 --history-days 60 --sky-labels --out "$here/series" --quiet
  "$python" "$root/benchmarks/masks.py" strip "$here/series" "$here/without"
  while read -r name source own; do
    "$pitwatch" run --sites "$sites" --source "$here/$source" --state "$here/state-$name" --spectral-masks "$own" \
      --write-masks "$here/$name" --quiet
    masks[$name]=${masks[$name]:+${masks[$name]},}$here/$name
  done <<< $'SCL series off\nspectra without auto\nboth series on'
  series+=("$here/series")
done
"$python" "$root/benchmarks/masks.py" table "${series[@]}" -- "SCL=${masks[SCL]}" "spectra=${masks[spectra]}" \
  "both=${masks[both]}"
