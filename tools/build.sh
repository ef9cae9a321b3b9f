#!/usr/bin/env bash
# Configures and builds one preset.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/build.sh [PRESET] [TARGET...]
Builds into build/ (release, the default) or build-PRESET/; targets: all by default
(fuzz: the fuzzers).
  release  as shipped, with benchmarks    asan  AddressSanitizer and UndefinedBehaviorSanitizer
  tsan     ThreadSanitizer                fuzz  libFuzzer programs, with clang (tools/setup.sh --dev)
Environment: JOBS, compilations at once (default: all cores); CI, where it is set warnings are errors.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  release | asan | tsan | fuzz) preset=$1; shift ;;
  -*) usage >&2; exit 2 ;;
esac
folder=$root/build
if [[ $preset != release ]]; then folder=$root/build-$preset; fi

warnings_are_errors=OFF
if [[ -n ${CI:-} ]]; then warnings_are_errors=ON; fi
# The rest of the program is of no use to the fuzzers.
if [[ $preset == fuzz && $# -eq 0 ]]; then set -- fuzzers; fi

# Ninja configures again when a CMake file has changed, but not when an option here has.
if ! log=$(cmake -C "$root/tools/presets/$preset.cmake" -G Ninja -DPITWATCH_WERROR=$warnings_are_errors \
  -S "$root" -B "$folder" 2>&1); then
  echo "$log" >&2
  exit 1
fi
ninja --quiet -C "$folder" -j "${JOBS:-$(nproc)}" "$@"
