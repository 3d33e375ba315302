# Functions of the package tests.

# Skips the test if the program is missing.
macro(need program)
  find_program(${program}_path ${program})
  if(NOT ${program}_path)
    message("skipped: ${program} is missing")
    return()
  endif()
endmacro()

# Fails unless the command succeeds and prints nothing on standard error.
function(expect_silence)
  execute_process(COMMAND ${ARGN}
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error)
  if(NOT result EQUAL 0 OR NOT error STREQUAL "")
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${result}\n${output}${error}")
  endif()
endfunction()

function(expect_contains file text)
  file(READ "${file}" content)
  string(FIND "${content}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${file} lacks '${text}':\n${content}")
  endif()
endfunction()

# Installs the files of the package. Names the component, because an installation without one would
# overwrite the user's install manifest in the build directory.
function(install_to prefix)
  expect_silence(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix "${prefix}"
                 --component Unspecified)
endfunction()
