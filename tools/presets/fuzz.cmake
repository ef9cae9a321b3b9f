# libFuzzer targets, with clang.
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(PITWATCH_SANITIZE "address,undefined" CACHE STRING "")
set(PITWATCH_FUZZERS ON CACHE BOOL "")
set(PITWATCH_TESTS OFF CACHE BOOL "")
