# Verifies the units with systemd-analyze(1) after an installation of all files. One of the prefixes
# needs quoting in a unit.

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
  # The units in this directory have precedence over installed ones.
  set(ENV{SYSTEMD_UNIT_PATH} "${units}:")
  set(ENV{MANPATH} "${prefix}/share/man")

  # For a template without an instance systemd-analyze uses "i", which is not a CPU number.
  expect_silence(${verify} echo_server.service echo_server.socket echo_server@0.service)

  file(COPY ${SOURCE_DIR}/src/dist/systemd/private-network.conf
       DESTINATION "${units}/echo_server.service.d")
  expect_silence(${verify} echo_server.service)
endforeach()
