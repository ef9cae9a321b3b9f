#!/usr/bin/env bash
# The flow of pipeline/hydrology against that of GRASS, on elevations that this makes, and the time that both take.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/grass_oracle.sh [SIDE] [DIR]
Compares on ground without depressions and ties (D8 directions, accumulation, a catchment and a flow path must be the
same), and on rough ground of 600 x 600 cells (catchments overlap by 0.95 and more in the mean), then times both on
SIDE x SIDE cells (3000). Works in DIR (build/grass). Needs GRASS 8 (Debian: grass-core), python3 with numpy (PYTHON
names another one). Exit code 77 where GRASS is not installed.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
side=${1:-3000}
folder=${2:-$root/build/grass}
if ! command -v grass >/dev/null; then
  echo "grass_oracle.sh: GRASS is not installed" >&2
  exit 77
fi
if [[ -z ${FLOW_TABLES:-} ]]; then
  "$root/tools/build.sh" release flow_tables
  FLOW_TABLES=$root/build/benchmarks/flow_tables
fi
rm -rf "$folder"
mkdir -p "$folder"
export FLOW_TABLES
grass -c XY "$folder/location" -e >"$folder/create.log" 2>&1
grass "$folder/location/PERMANENT" --exec "${PYTHON:-/usr/bin/python3}" "$root/benchmarks/grass_oracle.py" "$side" "$folder" \
  2>"$folder/grass.log" || { code=$?; tail -n 20 "$folder/grass.log" >&2; exit "$code"; }
