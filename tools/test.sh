#!/usr/bin/env bash
# Sets up, builds and runs the tests, but for those labelled slow.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/test.sh [PRESET] [CTEST OPTION...]
       tools/test.sh --package
PRESET: release (default), asan or tsan. --package: builds the Debian package and tries it out in a bare Debian 12, as root
(tests/package). Options go to ctest, e.g. -L unit or -R Cli.
Environment: JOBS, processes at once (default: all cores); CI, where it is set warnings are errors; PITWATCH_SHARED,
folder of reference data (default: ../shared), without which some tests are skipped.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  release | asan | tsan) preset=$1; shift ;;
  --package) setup=(--package); left_out='^$'; shift; set -- -L package "$@" ;;
esac
folder=$root/build
left_out='slow|package'
setup=()
if [[ $preset != release ]]; then folder=$root/build-$preset; fi
# Debian's oneTBB is not instrumented: ThreadSanitizer would see races in it that are none.
if [[ $preset == tsan ]]; then left_out='slow|tbb|package'; fi

"$root/tools/setup.sh" "${setup[@]}"
"$root/tools/build.sh" "$preset"
cd "$folder"
exec ctest --output-on-failure -LE "$left_out" -j "${JOBS:-$(nproc)}" "$@"
