#!/usr/bin/env bash
# What the options about light and position give: the nightly run with each of them, on simulated series.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/light.sh [SEEDS] [DIR]
Simulates four and a half years of both sample sites (the first three are learnt from) for seeds 1 .. SEEDS (2 by default) in DIR
(build/light), runs over them with default options and with each option about light and position, and prints a table of what
each finds, how late, and what false alarms. The elevations are those that the series were made with. Needs python3-gdal.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
seeds=${1:-2}
folder=${2:-$root/build/light}
source "$root/benchmarks/monitor_functions.sh"
"$root/tools/build.sh" release pitwatch

# name=title=options; DEM stands for the elevations.
variants=(
  "all=default="
  "elevation=--elevation=--elevation DEM"
  "topo=and --topographic-correction=--elevation DEM --topographic-correction"
  "brdf=--brdf=--brdf"
  "normalise=--normalise=--normalise"
  "shift3=--shift-error-px 0.3=--shift-error-px 0.3"
  "shift4=--shift-error-px 0.4, 0.1 typical=--shift-error-px 0.4 --typical-shift-error-px 0.1"
)
for ((seed = 1; seed <= seeds; ++seed)); do
  simulate_series "$seed"
  dem=$folder/$seed/dem.vrt
  python3 -c 'import sys; from osgeo import gdal; gdal.UseExceptions(); gdal.BuildVRT(sys.argv[1], sys.argv[2:])' \
    "$dem" "$folder/$seed"/scenes/*/dem.tif
  for variant in "${variants[@]}"; do
    name=${variant%%=*}
    options=${variant#*=}
    options=${options#*=}
    # shellcheck disable=SC2086  # several options
    watch_series "$seed" "$name" ${options//DEM/$dem}
  done
done
titles=()
for variant in "${variants[@]}"; do
  title=${variant#*=}
  titles+=("${variant%%=*}=${title%=*}")
done
print_table "${titles[@]}"
