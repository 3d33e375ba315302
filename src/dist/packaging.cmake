# `cpack -G DEB` makes a Debian package of the programs as they were built.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME echo-server)
set(CPACK_PACKAGE_CONTACT
    "echo_server maintainers <maintainers@users.noreply.r-seed-c1041708.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "single-threaded TCP echo server, and a client that checks it")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)

# By DESTDIR, so that the units are written for the prefix that the package will have, and what
# belongs in /etc comes there.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/src/dist/package_modes.cmake)

# Named as Debian does: NAME_VERSION_ARCHITECTURE.deb.
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Brings the names of services, for `--port echo`.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS netbase)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"echo_server sends every client back what it sends (RFC 862). It is one thread
around select(), serves 10,000 connections, bounds its memory, and can be
restarted or upgraded under systemd without losing a connection.

echo_client drives many connections at once and checks every byte that comes
back.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/src/dist/debian/conffiles
    ${PROJECT_SOURCE_DIR}/src/dist/debian/postinst
    ${PROJECT_SOURCE_DIR}/src/dist/debian/prerm
    ${PROJECT_SOURCE_DIR}/src/dist/debian/postrm)

# The package is made from the program's own source, so its changelog is the program's. Debian wants
# the licence in its own form, in place of LICENSE.
file(STRINGS src/dist/debian/changelog newest_change LIMIT_COUNT 1)
if(NOT newest_change MATCHES "^${CPACK_PACKAGE_NAME} \\(${PROJECT_VERSION}\\)")
  message(FATAL_ERROR "src/dist/debian/changelog does not begin with version ${PROJECT_VERSION}")
endif()
echo_gzip(src/dist/debian/changelog)
install(FILES src/dist/debian/copyright ${PROJECT_BINARY_DIR}/compressed/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_PACKAGE_NAME}
        COMPONENT debian EXCLUDE_FROM_ALL)
set(CPACK_INSTALL_CMAKE_PROJECTS
    "${PROJECT_BINARY_DIR};${PROJECT_NAME};Unspecified;/"
    "${PROJECT_BINARY_DIR};${PROJECT_NAME};debian;/")

include(CPack)
