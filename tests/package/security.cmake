# Checks the exposure level of the services, in tenths, with systemd-analyze(1).

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
need(systemd-analyze)

function(expect_exposure at_most unit)
  expect_silence(${systemd-analyze_path} security --offline=true --no-pager
                 --threshold=${at_most} ${unit})
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
install_to(${WORK_DIR})
set(units ${WORK_DIR}/lib/systemd/system)
set(ENV{SYSTEMD_UNIT_PATH} ${units}:)
expect_exposure(15 echo_server.service)
expect_exposure(15 echo_server@0.service)

file(COPY ${SOURCE_DIR}/src/dist/systemd/private-network.conf DESTINATION ${units}/echo_server.service.d)
expect_exposure(7 echo_server.service)
