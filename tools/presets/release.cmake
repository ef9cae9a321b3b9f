# As shipped, with benchmarks.  cmake -C tools/presets/release.cmake, or tools/build.sh release
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(PITWATCH_BENCHMARKS ON CACHE BOOL "")
