# systemd has nothing to say about the units, where the programs and the manual page that they name
# are installed.

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
need(systemd-analyze)

file(REMOVE_RECURSE ${WORK_DIR})
install_to(${WORK_DIR})
set(units ${WORK_DIR}/lib/systemd/system)
# The system's own units are found after these.
set(ENV{SYSTEMD_UNIT_PATH} ${units}:)
set(ENV{MANPATH} ${WORK_DIR}/share/man)
find_program(man man)
if(man)
  set(man --man=yes)
else()
  set(man --man=no)
endif()
set(verify ${systemd-analyze_path} verify ${man})

# Of a template systemd-analyze would take the instance "i", which is no core.
expect_silence(${verify} echo_server.service echo_server.socket echo_server@0.service)

file(COPY ${SOURCE_DIR}/src/systemd/private-network.conf DESTINATION ${units}/echo_server.service.d)
expect_silence(${verify} echo_server.service)
