# Installs what depends on the prefix, which `cmake --install --prefix` and cpack choose only now.

set(prefix "${CMAKE_INSTALL_PREFIX}")
cmake_path(ABSOLUTE_PATH sbindir BASE_DIRECTORY "${prefix}" NORMALIZE)
cmake_path(ABSOLUTE_PATH datarootdir BASE_DIRECTORY "${prefix}" NORMALIZE)
set(site_functions "${datarootdir}/zsh/site-functions")
# The system's own files: their settings are in /etc, not in /usr/etc.
if(prefix STREQUAL "/usr")
  cmake_path(ABSOLUTE_PATH sysconfdir BASE_DIRECTORY "/" NORMALIZE)
  # Debian keeps site-functions for the administrator.
  if(EXISTS /etc/debian_version)
    set(site_functions "${datarootdir}/zsh/vendor-completions")
  endif()
else()
  cmake_path(ABSOLUTE_PATH sysconfdir BASE_DIRECTORY "${prefix}" NORMALIZE)
endif()

set(units echo_server.service echo_server@.service echo_server.socket)
list(TRANSFORM units PREPEND "${source_dir}/systemd/" OUTPUT_VARIABLE unit_files)
file(INSTALL ${unit_files} DESTINATION "${prefix}/lib/systemd/system")
foreach(unit ${units})
  set(installed "$ENV{DESTDIR}${prefix}/lib/systemd/system/${unit}")
  file(READ "${installed}" text)
  string(REPLACE "/usr/sbin/" "${sbindir}/" text "${text}")
  string(REPLACE "/etc/default/" "${sysconfdir}/default/" text "${text}")
  file(WRITE "${installed}" "${text}")
endforeach()

file(INSTALL "${source_dir}/completions/_echo_server" "${source_dir}/completions/_echo_client"
     DESTINATION "${site_functions}")

# What the administrator has written there stays.
if(NOT EXISTS "$ENV{DESTDIR}${sysconfdir}/default/echo_server")
  file(INSTALL "${source_dir}/systemd/echo_server.default"
       DESTINATION "${sysconfdir}/default" RENAME echo_server)
endif()
