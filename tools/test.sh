#!/usr/bin/env bash
# Sets up, builds and runs the tests, but for those labelled slow or cluster.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/test.sh [PRESET] [CTEST OPTION...]
       tools/test.sh --package | --cluster
PRESET: release (default), asan or tsan. Options go to ctest, e.g. -L unit or -R Cli.
--package: builds the Debian package and tries it out in a bare Debian 12, as root (tests/package).
--cluster: the tests of a night on a cluster and of a server that is killed, and those alone, some minutes: as root, since they
make network namespaces; installs Slurm, Snakemake and PostGIS (setup.sh --cluster --postgis).
Environment: JOBS, processes at once (default: all cores); CI, where it is set warnings are errors; PITWATCH_SHARED,
folder of reference data (default: ../shared), without which some tests are skipped.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
setup=() chosen=() left_out='slow|package|cluster'
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  release | asan | tsan) preset=$1; shift ;;
  --package) setup=(--package) chosen=(-L package) left_out=slow; shift ;;
  --cluster) setup=(--cluster --postgis) chosen=(-L cluster) left_out=slow; shift ;;
esac
folder=$root/build
if [[ $preset != release ]]; then folder=$root/build-$preset; fi
# Debian's oneTBB is not instrumented: ThreadSanitizer would see races in it that are none.
if [[ $preset == tsan ]]; then left_out+='|tbb'; fi

"$root/tools/setup.sh" "${setup[@]}"
"$root/tools/build.sh" "$preset"
cd "$folder"
exec ctest --output-on-failure -LE "$left_out" "${chosen[@]}" -j "${JOBS:-$(nproc)}" "$@"
