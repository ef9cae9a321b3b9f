# libFuzzer targets, with clang.
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
# fuzzer-no-link: the coverage that guides the fuzzer, in everything; its main is linked to the fuzz targets alone.
set(PITWATCH_SANITIZE "address,undefined,fuzzer-no-link" CACHE STRING "")
set(PITWATCH_FUZZERS ON CACHE BOOL "")
set(PITWATCH_TESTS OFF CACHE BOOL "")
