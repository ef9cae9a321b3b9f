# cmake -DBUILD=... -DSCRATCH=... -P installs.cmake: what cmake --install puts where, for a prefix of its own and for /usr,
# and that installing again keeps configuration that was changed.

function(install_to prefix destdir)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env DESTDIR=${destdir} ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix}
                  RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "cmake --install --prefix ${prefix}: ${said}")
  endif()
endfunction()

function(expect_files)
  foreach(file IN LISTS ARGN)
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "${file} is not installed")
    endif()
  endforeach()
endfunction()

function(expect_text file text)
  file(READ ${file} content)
  string(FIND "${content}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${file} does not say '${text}'")
  endif()
  string(REGEX MATCH "@[A-Z]+@" left "${content}")
  if(left)
    message(FATAL_ERROR "${file} has ${left} in it")
  endif()
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
set(own ${SCRATCH}/own)
install_to(${own} "")
expect_files(
  ${own}/share/man/man1/pitwatch.1.gz ${own}/share/man/man1/pitwatch-alerts-list.1.gz
  ${own}/share/bash-completion/completions/pitwatch ${own}/share/zsh/vendor-completions/_pitwatch
  ${own}/share/pitwatch/alert.schema.json ${own}/share/doc/pitwatch/changelog.gz ${own}/etc/pitwatch/environment
  ${own}/etc/pitwatch/on-failure ${own}/lib/systemd/system/pitwatch.timer ${own}/lib/sysusers.d/pitwatch.conf)
expect_text(${own}/lib/systemd/system/pitwatch.service "ExecStart=${own}/bin/pitwatch run\n")
expect_text(${own}/lib/systemd/system/pitwatch.service "PITWATCH_CONFIG=${own}/etc/pitwatch/pitwatch.conf\n")
expect_text(${own}/lib/systemd/system/pitwatch-failed@.service "NoNewPrivileges=yes\n")
expect_text(${own}/etc/pitwatch/pitwatch.conf "sites = ${own}/etc/pitwatch/sites.geojson\n")

find_program(SYSTEMD_ANALYZE systemd-analyze)
if(SYSTEMD_ANALYZE)
  file(GLOB units ${own}/lib/systemd/system/pitwatch*.service ${own}/lib/systemd/system/pitwatch*.timer)
  list(FILTER units EXCLUDE REGEX "@")
  execute_process(COMMAND ${SYSTEMD_ANALYZE} verify --man=no ${units} RESULT_VARIABLE result ERROR_VARIABLE said)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "systemd-analyze verify: ${said}")
  endif()
endif()

# The configuration is one: every command reads it.
foreach(command status report "alerts;list")
  execute_process(COMMAND ${own}/bin/pitwatch ${command} --config ${own}/etc/pitwatch/pitwatch.conf --state ${SCRATCH}/none
                  RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE said)
  if(said MATCHES "pitwatch.conf")
    message(FATAL_ERROR "${command}: ${said}")
  endif()
endforeach()

file(APPEND ${own}/etc/pitwatch/pitwatch.conf "# mine\n")
install_to(${own} "")
expect_text(${own}/etc/pitwatch/pitwatch.conf "# mine\n")

install_to(/usr ${SCRATCH}/root)
expect_files(${SCRATCH}/root/usr/bin/pitwatch ${SCRATCH}/root/usr/lib/sysusers.d/pitwatch.conf)
expect_text(${SCRATCH}/root/lib/systemd/system/pitwatch.service "ExecStart=/usr/bin/pitwatch run\n")
expect_text(${SCRATCH}/root/etc/pitwatch/pitwatch.conf "sites = /etc/pitwatch/sites.geojson\n")
file(REMOVE_RECURSE ${SCRATCH})
