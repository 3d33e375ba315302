# Installs the files that depend on the prefix. `cmake --install --prefix` and cpack set the prefix
# only at install time.

set(prefix "${CMAKE_INSTALL_PREFIX}")
cmake_path(ABSOLUTE_PATH sbindir BASE_DIRECTORY "${prefix}" NORMALIZE)
cmake_path(ABSOLUTE_PATH datarootdir BASE_DIRECTORY "${prefix}" NORMALIZE)
set(site_functions "${datarootdir}/zsh/site-functions")
# Programs in /usr have their settings in /etc, not in /usr/etc.
if(prefix STREQUAL "/usr")
  cmake_path(ABSOLUTE_PATH sysconfdir BASE_DIRECTORY "/" NORMALIZE)
  # Debian reserves site-functions for the administrator.
  if(EXISTS /etc/debian_version)
    set(site_functions "${datarootdir}/zsh/vendor-completions")
  endif()
else()
  cmake_path(ABSOLUTE_PATH sysconfdir BASE_DIRECTORY "${prefix}" NORMALIZE)
endif()

# In a unit, `%` starts a specifier and a blank ends an unquoted path. The path of a program must not
# contain some other characters (systemd.syntax(7), systemd.service(5)).
foreach(path sbindir sysconfdir)
  if(${path} MATCHES "[\t\n\"'\\;]")
    message(FATAL_ERROR "Cannot write '${${path}}' into a unit: choose another prefix")
  endif()
  string(REPLACE "%" "%%" ${path}_in_unit "${${path}}")
endforeach()
set(program "${sbindir_in_unit}/echo_server")
if(program MATCHES " ")
  set(program "\"${program}\"")
endif()

set(defaults "${sysconfdir_in_unit}/default/echo_server")

set(units "${prefix}/lib/systemd/system")
file(INSTALL "${source_dir}/systemd/echo_server.socket" DESTINATION "${units}")

# A unit cannot include another unit, so one template generates both services.
macro(install_service name)
  set(template "${source_dir}/systemd/echo_server.service.in")
  file(INSTALL "${template}" DESTINATION "${units}" RENAME ${name})
  configure_file("${template}" "$ENV{DESTDIR}${units}/${name}" @ONLY NO_SOURCE_PERMISSIONS)
endmacro()
install_service(echo_server.service)
set(on_core " on core %i")
set(cpu_affinity "CPUAffinity=%i\n")
set(reuse_port " --reuse-port")
install_service(echo_server@.service)

file(INSTALL "${source_dir}/completions/_echo_server" "${source_dir}/completions/_echo_client"
     DESTINATION "${site_functions}")

# An existing file stays: the administrator may have changed it.
if(NOT EXISTS "$ENV{DESTDIR}${sysconfdir}/default/echo_server")
  file(INSTALL "${source_dir}/systemd/echo_server.default"
       DESTINATION "${sysconfdir}/default" RENAME echo_server)
endif()
