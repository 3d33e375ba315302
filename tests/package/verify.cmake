# systemd has nothing to say about the units, where the programs and the manual page that they name
# are installed; be it under a prefix that a unit must quote.

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
need(systemd-analyze)

file(REMOVE_RECURSE ${WORK_DIR})
find_program(man man)
if(man)
  set(man --man=yes)
else()
  set(man --man=no)
endif()
set(verify ${systemd-analyze_path} verify ${man})

foreach(prefix IN ITEMS "${WORK_DIR}/plain" "${WORK_DIR}/a 100%n prefix")
  install_to("${prefix}")
  set(units "${prefix}/lib/systemd/system")
  # The system's own units are found after these.
  set(ENV{SYSTEMD_UNIT_PATH} "${units}:")
  set(ENV{MANPATH} "${prefix}/share/man")

  # Of a template systemd-analyze would take the instance "i", which is no core.
  expect_silence(${verify} echo_server.service echo_server.socket echo_server@0.service)

  file(COPY ${SOURCE_DIR}/src/dist/systemd/private-network.conf
       DESTINATION "${units}/echo_server.service.d")
  expect_silence(${verify} echo_server.service)
endforeach()
