#!/usr/bin/env bash
# Sets up, builds and runs the tests, but for those labelled slow.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/test.sh [PRESET] [CTEST OPTION...]
PRESET: release (default), asan or tsan. Options go to ctest, e.g. -L unit or -R Cli.
Environment: JOBS, processes at once (default: all cores); CI, where it is set warnings are errors; PITWATCH_SHARED,
folder of reference data (default: ../shared), without which some tests are skipped.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  release | asan | tsan) preset=$1; shift ;;
esac
folder=$root/build
left_out=slow
if [[ $preset != release ]]; then folder=$root/build-$preset; fi
# Debian's oneTBB is not instrumented: ThreadSanitizer would see races in it that are none.
if [[ $preset == tsan ]]; then left_out='slow|tbb'; fi

"$root/tools/setup.sh"
"$root/tools/build.sh" "$preset"
cd "$folder"
exec ctest --output-on-failure -LE "$left_out" -j "${JOBS:-$(nproc)}" "$@"
