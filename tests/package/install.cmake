# Checks that installed files contain the prefix that is chosen at installation.

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)

function(expect_installed root prefix etc)
  foreach(unit echo_server.service echo_server@.service)
    set(file "${root}${prefix}/lib/systemd/system/${unit}")
    expect_contains("${file}" "\nExecStart=${prefix}/sbin/echo_server ")
    expect_contains("${file}" "\nExecPaths=${prefix}/sbin/echo_server ")
    expect_contains("${file}" "\nEnvironmentFile=-${etc}/default/echo_server\n")
  endforeach()
  set(units "${root}${prefix}/lib/systemd/system")
  expect_contains("${units}/echo_server.service" "/echo_server $ECHO_SERVER_OPTIONS\n")
  expect_contains("${units}/echo_server@.service"
                  "\nCPUAffinity=%i\nExecStart=${prefix}/sbin/echo_server --reuse-port $ECHO")
  foreach(file
      ${prefix}/sbin/echo_server
      ${prefix}/bin/echo_client
      ${prefix}/lib/systemd/system/echo_server.socket
      ${prefix}/share/man/man8/echo_server.8.gz
      ${prefix}/share/man/man1/echo_client.1.gz
      ${prefix}/share/bash-completion/completions/echo_server
      ${prefix}/share/bash-completion/completions/echo_client
      ${prefix}/share/doc/echo-server/examples/private-network.conf
      ${etc}/default/echo_server)
    if(NOT EXISTS "${root}${file}")
      message(FATAL_ERROR "not installed: ${root}${file}")
    endif()
  endforeach()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
set(root ${WORK_DIR}/root)
set(ENV{DESTDIR} ${root})
install_to(/opt/echo)
expect_installed(${root} /opt/echo /opt/echo/etc)

set(defaults ${root}/opt/echo/etc/default/echo_server)
file(WRITE ${defaults} "mine")
install_to(/opt/echo)
expect_contains(${defaults} "mine")

install_to(/usr)
expect_installed(${root} /usr /etc)
