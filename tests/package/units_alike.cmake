# systemd has no way to include one unit in another: the template repeats the service, line by line,
# but for what makes it one of several. Here is told what that is, and all else must be the same.

set(units ${SOURCE_DIR}/src/dist/systemd)
file(READ ${units}/echo_server.service service)
file(READ ${units}/echo_server@.service template)

function(without text result)
  string(FIND "${${result}}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "echo_server@.service lacks '${text}'")
  endif()
  string(REPLACE "${text}" "" rest "${${result}}")
  set(${result} "${rest}" PARENT_SCOPE)
endfunction()

without(" on core %i" template)
without("CPUAffinity=%i\n" template)
without(" --reuse-port" template)

# The comments above [Unit] introduce each file.
foreach(unit service template)
  string(FIND "${${unit}}" "[Unit]\n" start)
  string(SUBSTRING "${${unit}}" ${start} -1 ${unit})
endforeach()
if(NOT service STREQUAL template)
  execute_process(COMMAND diff ${units}/echo_server.service ${units}/echo_server@.service)
  message(FATAL_ERROR "echo_server.service and echo_server@.service differ in more than they must")
endif()
