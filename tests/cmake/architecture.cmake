# cmake -DROOT=... -P architecture.cmake: fails for an include that the layers forbid (see pipeline/README.md) and
# for a marker of unfinished work. Lists every breach, then fails.

cmake_minimum_required(VERSION 3.22)
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
forbid("No header of the pipeline shows another library." FILES pipeline/*.hpp
       EXCEPT "(json_number|json_values|incident_state|checked_json|page_values|stac_[a-z]+)\\.hpp$"
       LINES "${include}(gdal|ogr|cpl_|proj|geod|tiff|xtiff|geotiff|libdeflate|zstd|libxml|minizip|curl|openssl|nlohmann|tbb/|oneapi/)")
forbid("Only pipeline/schedule includes oneTBB." FILES ${code} EXCEPT "^pipeline/schedule/"
       LINES "${include}(tbb|oneapi)/")
forbid("Only kernels and the version text include Highway." FILES pipeline/*.?pp tools/*.?pp EXCEPT "versions\\.cpp$"
       LINES "${include}hwy/")
forbid("Kernels know nothing of the pipeline." FILES kernels/*.?pp kernels/*.h
       LINES "${include}(pipeline|tools|sample_data|tests)/")
forbid("Kernels have neither threads nor files." FILES kernels/*.?pp kernels/*.h
       LINES "${include}(thread|mutex|future|fstream|iostream|filesystem)>")
forbid("pipeline/core uses the standard library, the system and itself alone." FILES pipeline/core/*.?pp
       LINES "${include}" ALLOW "include <[a-z_]+>|include <(sys/[a-z]+|unistd)\\.h>|include \"pipeline/core/")
forbid("The program's layers do not include tools." FILES kernels/*.?pp pipeline/*.?pp LINES "${include}tools/")

forbid("Whole numbers of JSON are asked for by whole_number()." FILES pipeline/*.?pp tools/*.?pp EXCEPT "json_number\\.hpp$"
       LINES "[.>]get<(unsigned|int|long|short|std::(size_t|u?int[0-9a-z]*_t)|std::(vector|array)<(unsigned|int|long|std::(size_t|u?int)))[^()]*>\\(\\)")

# The rooms of the pipeline include what the table of pipeline/README.md says, and all of it.
file(STRINGS ${ROOT}/pipeline/README.md rows REGEX "^\\| `[a-z/]+` \\|")
set(rooms "")
foreach(row IN LISTS rows)
  string(REGEX MATCHALL "`[a-z/]+`" names "${row}")
  string(REPLACE "`" "" names "${names}")
  list(POP_FRONT names room)
  list(APPEND rooms ${room})
  set(allowed ${room} core ${names})
  set(used "")
  file(GLOB files RELATIVE ${ROOT} ${ROOT}/pipeline/${room}/*.hpp ${ROOT}/pipeline/${room}/*.cpp)
  foreach(file IN LISTS files)
    file(STRINGS ${ROOT}/${file} lines REGEX "${include}(pipeline|kernels)/")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[^\"]*\"(pipeline/)?(.*)/[a-z0-9_]+\\.hpp\".*$" "\\2" other "${line}")
      list(APPEND used ${other})
      if(NOT other IN_LIST allowed)
        message(NOTICE "${file}: ${line}\n  ${room} may not include ${other}: see pipeline/README.md")
        math(EXPR breaches "${breaches} + 1")
      endif()
    endforeach()
  endforeach()
  foreach(name IN LISTS names)
    if(NOT name IN_LIST used)
      message(NOTICE "pipeline/README.md: ${room} does not include ${name} any more")
      math(EXPR breaches "${breaches} + 1")
    endif()
  endforeach()
endforeach()
file(GLOB_RECURSE files RELATIVE ${ROOT}/pipeline ${ROOT}/pipeline/*.hpp ${ROOT}/pipeline/*.cpp)
foreach(file IN LISTS files)
  get_filename_component(room ${file} DIRECTORY)
  if(NOT room IN_LIST rooms)
    message(NOTICE "pipeline/${file}: its folder has no row in pipeline/README.md")
    math(EXPR breaches "${breaches} + 1")
  endif()
endforeach()

# The words are put together here, so that this file is not a breach itself.
string(CONCAT unfinished "(^|[^A-Za-z_])(TO" "DO|FIX" "ME|XX" "X)([^A-Za-z_]|$)")
forbid("Unfinished work is finished or removed, not marked."
       FILES ${code} tests/*.?pp tests/*.cmake benchmarks/*.?pp tools/*.sh CMakeLists.txt README.md
       EXCEPT "^(build|\\.cache)" LINES ${unfinished})

if(breaches GREATER 0)
  message(FATAL_ERROR "${breaches} breaches of the architecture")
endif()
