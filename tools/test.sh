#!/usr/bin/env bash
# Sets up, builds and runs the tests, but for those labelled slow or cluster.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/test.sh [--cluster] [PRESET] [CTEST OPTION...]
PRESET: release (default), asan or tsan. Options go to ctest, e.g. -L unit or -R Cli.
--cluster: the tests of a night on a cluster and of a server that is killed, and those alone, some minutes: as root, since they
make network namespaces; installs Slurm, Snakemake and PostGIS (setup.sh --cluster --postgis).
Environment: JOBS, processes at once (default: all cores); CI, where it is set warnings are errors; PITWATCH_SHARED,
folder of reference data (default: ../shared), without which some tests are skipped.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
setup=() chosen=()
if [[ ${1:-} == --cluster ]]; then
  setup=(--cluster --postgis) chosen=(-L cluster)
  shift
fi
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  release | asan | tsan) preset=$1; shift ;;
esac
folder=$root/build
left_out='slow|cluster'
if [[ ${#chosen[@]} -gt 0 ]]; then left_out=slow; fi
if [[ $preset != release ]]; then folder=$root/build-$preset; fi
# Debian's oneTBB is not instrumented: ThreadSanitizer would see races in it that are none.
if [[ $preset == tsan ]]; then left_out='slow|cluster|tbb'; fi

"$root/tools/setup.sh" "${setup[@]}"
"$root/tools/build.sh" "$preset"
cd "$folder"
exec ctest --output-on-failure -LE "$left_out" "${chosen[@]}" -j "${JOBS:-$(nproc)}" "$@"
