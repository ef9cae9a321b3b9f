# ThreadSanitizer. Debian's libtbb is not instrumented: tests labelled "tbb" are left out with this preset.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(PITWATCH_SANITIZE "thread" CACHE STRING "")
