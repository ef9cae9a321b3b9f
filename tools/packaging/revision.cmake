# pitwatch_revision(VARIABLE): what the sources are, for --version, manifests and the package.
#
# In a git repository what `git describe` says at configure time: "v0.1.0-12-g50df8f6a1b2c" after a tag of a release,
# "50df8f6a1b2c" before the first, with "-dirty" where files differ from it. In a tarball of `git archive` what git wrote
# into revision.txt. Otherwise "unknown". tools/build.sh configures each time; only pipeline/report/revision.cpp is
# compiled again for another revision.
function(pitwatch_revision variable)
  find_program(GIT git)
  set(revision "")
  if(GIT AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
    # The tree may belong to another user, as in a container: its owner is not asked for anything but its name.
    execute_process(
      COMMAND ${GIT} -c safe.directory=${PROJECT_SOURCE_DIR} describe --tags "--match=v[0-9]*" --always --dirty --abbrev=12
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  # Of an archive the name, or, before the first release, the commit; of other folders what git would have replaced.
  file(STRINGS ${PROJECT_SOURCE_DIR}/tools/packaging/revision.txt archived REGEX "^[A-Za-z0-9._-]+$")
  list(APPEND archived unknown)
  if(NOT revision MATCHES "^[A-Za-z0-9._-]+$")
    list(GET archived 0 revision)
  endif()
  set(${variable} ${revision} PARENT_SCOPE)
endfunction()
