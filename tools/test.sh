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
setup=() chosen=() left_out='slow|package'
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  release | asan | tsan) preset=$1; shift ;;
  --package) setup=(--package) chosen=(-L package) left_out=slow; shift ;;
esac
folder=$root/build
if [[ $preset != release ]]; then folder=$root/build-$preset; fi
# Debian's oneTBB is not instrumented: ThreadSanitizer would see races in it that are none.
if [[ $preset == tsan ]]; then left_out+='|tbb'; fi

"$root/tools/setup.sh" "${setup[@]}"
"$root/tools/build.sh" "$preset"
cd "$folder"
exec ctest --output-on-failure -LE "$left_out" "${chosen[@]}" -j "${JOBS:-$(nproc)}" "$@"
