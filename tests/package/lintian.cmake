# Makes the Debian package and checks it with lintian.

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
need(dpkg-deb)
need(dpkg-shlibdeps)
need(lintian)

file(REMOVE_RECURSE ${WORK_DIR})
# A restrictive umask must not affect the modes in the package.
execute_process(COMMAND sh -c "umask 077 && exec \"$@\"" sh
                  ${CPACK} -G DEB --config ${BUILD_DIR}/CPackConfig.cmake -B ${WORK_DIR}
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB packages ${WORK_DIR}/*.deb)
list(LENGTH packages number)
if(NOT number EQUAL 1)
  message(FATAL_ERROR "expected one package: '${packages}'")
endif()
execute_process(COMMAND ${lintian_path} --allow-root --fail-on error,warning ${packages}
                COMMAND_ERROR_IS_FATAL ANY)
