# `cpack -G DEB` packs the programs of this build into a Debian package.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME echo-server)
set(CPACK_PACKAGE_CONTACT
    "echo_server maintainers <maintainers@users.noreply.r-seed-c1041708.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "single-threaded TCP echo server and measuring client")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)

# Uses DESTDIR, so that the units have the prefix of the package, and the settings are in /etc.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/src/dist/package_modes.cmake)

# Debian's file name: NAME_VERSION_ARCHITECTURE.deb.
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Provides service names, for `--port echo`.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS netbase)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"echo_server sends every byte back to the client that sent it (RFC 862). It
runs a single thread around select(), serves 10,000 connections, limits its
memory use, and restarts or upgrades under systemd without losing a connection.

echo_client opens many connections to an echo server, checks every byte of the
echo, and measures latency and throughput.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/src/dist/debian/conffiles
    ${PROJECT_SOURCE_DIR}/src/dist/debian/postinst
    ${PROJECT_SOURCE_DIR}/src/dist/debian/prerm
    ${PROJECT_SOURCE_DIR}/src/dist/debian/postrm)

# A native package: its changelog is that of the program. Debian's copyright file replaces LICENSE.
file(STRINGS src/dist/debian/changelog newest_change LIMIT_COUNT 1)
if(NOT newest_change MATCHES "^${CPACK_PACKAGE_NAME} \\(${PROJECT_VERSION}\\)")
  message(FATAL_ERROR "src/dist/debian/changelog does not start with version ${PROJECT_VERSION}")
endif()
echo_gzip(src/dist/debian/changelog)
install(FILES src/dist/debian/copyright ${PROJECT_BINARY_DIR}/compressed/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_PACKAGE_NAME}
        COMPONENT debian EXCLUDE_FROM_ALL)
set(CPACK_INSTALL_CMAKE_PROJECTS
    "${PROJECT_BINARY_DIR};${PROJECT_NAME};Unspecified;/"
    "${PROJECT_BINARY_DIR};${PROJECT_NAME};debian;/")

include(CPack)
