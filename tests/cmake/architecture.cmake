# cmake -DROOT=... -P architecture.cmake: fails for an include that the layers forbid (see pipeline/CMakeLists.txt) and
# for a marker of unfinished work. Lists every breach, then fails.

set(breaches 0)

# forbid(REASON FILES pattern... [EXCEPT regex] LINES regex [ALLOW regex]): no line of the files matches, but for those
# that are allowed. Patterns are globs below ROOT, recursive; EXCEPT is for paths.
function(forbid reason)
  cmake_parse_arguments(RULE "" "EXCEPT;LINES;ALLOW" "FILES" ${ARGN})
  list(TRANSFORM RULE_FILES PREPEND ${ROOT}/)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${RULE_FILES})
  if(RULE_EXCEPT)
    list(FILTER files EXCLUDE REGEX ${RULE_EXCEPT})
  endif()
  foreach(file IN LISTS files)
    file(STRINGS ${ROOT}/${file} lines REGEX ${RULE_LINES})
    if(RULE_ALLOW)
      list(FILTER lines EXCLUDE REGEX ${RULE_ALLOW})
    endif()
    foreach(line IN LISTS lines)
      message(NOTICE "${file}: ${line}\n  ${reason}")
      math(EXPR breaches "${breaches} + 1")
    endforeach()
  endforeach()
  set(breaches ${breaches} PARENT_SCOPE)
endfunction()

set(code kernels/*.?pp kernels/*.h pipeline/*.?pp tools/*.?pp sample_data/*.?pp)
set(include "^[ \t]*#[ \t]*include[ \t]*[<\"]")

forbid("Only pipeline/io includes GDAL, OGR, PROJ, libtiff, GeoTIFF, libdeflate, zstd, libxml2, minizip and libcurl." FILES ${code}
       EXCEPT "^pipeline/io/"
       LINES "${include}(gdal|ogr|cpl_|proj|geod|tiff|xtiff|geotiff|libdeflate|zstd|libxml|minizip|curl/)[^\"]*\\.h[>\"]")
forbid("No header of pipeline/io shows another library." FILES pipeline/io/*.hpp
       EXCEPT "json_values\\.hpp$"
       LINES "${include}(gdal|ogr|cpl_|proj|geod|tiff|xtiff|geotiff|libdeflate|zstd|libxml|minizip|curl|openssl|nlohmann)")
forbid("Only pipeline/run includes oneTBB." FILES ${code} EXCEPT "^pipeline/run/" LINES "${include}(tbb|oneapi)/")
forbid("No header of pipeline/run shows oneTBB." FILES pipeline/run/*.hpp LINES "${include}(tbb|oneapi)/")
forbid("Only kernels and the version text include Highway." FILES pipeline/*.?pp tools/*.?pp EXCEPT "versions\\.cpp$"
       LINES "${include}hwy/")
forbid("Kernels know nothing of the pipeline." FILES kernels/*.?pp kernels/*.h
       LINES "${include}(pipeline|tools|sample_data|tests)/")
forbid("Kernels have neither threads nor files." FILES kernels/*.?pp kernels/*.h
       LINES "${include}(thread|mutex|future|fstream|iostream|filesystem)>")
forbid("pipeline/core uses the standard library, the system and itself alone." FILES pipeline/core/*.?pp
       LINES "${include}" ALLOW "include <[a-z_]+>|include <(sys/[a-z]+|unistd)\\.h>|include \"pipeline/core/")
forbid("The program's layers do not include tools." FILES kernels/*.?pp pipeline/*.?pp LINES "${include}tools/")
forbid("Capabilities do not include pipeline/io, pipeline/record or pipeline/run." FILES pipeline/*.?pp
       EXCEPT "^pipeline/(io|record|run|core)/" LINES "${include}pipeline/(io|record|run)/")
forbid("Of the pipeline, pipeline/record depends on pipeline/core and pipeline/io alone." FILES pipeline/record/*.?pp
       LINES "${include}(pipeline|kernels)/" ALLOW "include \"pipeline/(core|io|record)/")
forbid("No header of pipeline/record shows another library." FILES pipeline/record/*.hpp
       LINES "${include}(openssl|nlohmann)")
forbid("Of the pipeline, pipeline/io depends on pipeline/core alone." FILES pipeline/io/*.?pp
       LINES "${include}(pipeline/(record|run|align|normalise|gate|evidence|polygons|classify|accuracy|monitor|incidents|plot|simulate)/)")
# The words are put together here, so that this file is not a breach itself.
string(CONCAT unfinished "(^|[^A-Za-z_])(TO" "DO|FIX" "ME|XX" "X)([^A-Za-z_]|$)")
forbid("Unfinished work is finished or removed, not marked."
       FILES ${code} tests/*.?pp tests/*.cmake benchmarks/*.?pp tools/*.sh CMakeLists.txt README.md
       EXCEPT "^(build|\\.cache)" LINES ${unfinished})

if(breaches GREATER 0)
  message(FATAL_ERROR "${breaches} breaches of the architecture")
endif()
