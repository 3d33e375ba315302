# What the package tests have in common.

# Ends the test as skipped where the program is missing.
macro(need program)
  find_program(${program}_path ${program})
  if(NOT ${program}_path)
    message("skipped: ${program} is missing")
    return()
  endif()
endmacro()

# Fails unless the command succeeds without a word on standard error.
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

# Installs what the package installs. By component: of a whole installation the build directory
# keeps a list of files, which is the user's.
function(install_to prefix)
  expect_silence(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix "${prefix}"
                 --component Unspecified)
endfunction()
