# pitwatch_embed(TARGET FUNCTION FILE...): files that the program carries in itself.
#
# Adds to TARGET a function `std::string_view pitwatch::FUNCTION(std::string_view name)` that gives a file's bytes by its
# name without folders, and throws std::out_of_range for one that is not among them. TARGET declares it in a header of its
# own. A file that changes is embedded anew at the next build.
function(pitwatch_embed target function)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]" OUTPUT_VARIABLE files)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DFUNCTION=${function} -DSOURCE=${source} -P
            ${PROJECT_SOURCE_DIR}/pipeline/embed_files.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/pipeline/embed_files.cmake
    COMMENT "Embedding files for ${target}"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
