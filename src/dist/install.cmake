# The name of the package: names of Debian packages have no underscore.
if(NOT CMAKE_INSTALL_DOCDIR)
  set(CMAKE_INSTALL_DOCDIR share/doc/echo-server)
endif()
include(GNUInstallDirs)

install(TARGETS echo_server RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS echo_client RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# Compresses a file to compressed/NAME.gz, without its name and time, so that builds are
# reproducible. file(ARCHIVE_CREATE) always stores the time.
find_program(GZIP gzip REQUIRED)
mark_as_advanced(GZIP)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/compressed)
function(echo_gzip source)
  cmake_path(GET source FILENAME name)
  set(result ${PROJECT_BINARY_DIR}/compressed/${name}.gz)
  add_custom_command(OUTPUT ${result}
    COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/${source} > ${result}
    DEPENDS ${PROJECT_SOURCE_DIR}/${source} VERBATIM)
  add_custom_target(${name}.gz ALL DEPENDS ${result})
endfunction()

echo_gzip(src/dist/man/echo_server.8)
echo_gzip(src/dist/man/echo_client.1)
install(FILES ${PROJECT_BINARY_DIR}/compressed/echo_server.8.gz
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${PROJECT_BINARY_DIR}/compressed/echo_client.1.gz
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES src/dist/completions/echo_server src/dist/completions/echo_client
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
# A separate component: the package has Debian's copyright file instead.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT license)
install(FILES src/dist/systemd/private-network.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

install(CODE "
  set(source_dir \"${PROJECT_SOURCE_DIR}/src/dist\")
  set(sbindir \"${CMAKE_INSTALL_SBINDIR}\")
  set(sysconfdir \"${CMAKE_INSTALL_SYSCONFDIR}\")
  set(datarootdir \"${CMAKE_INSTALL_DATAROOTDIR}\")")
install(SCRIPT src/dist/install_by_prefix.cmake)
