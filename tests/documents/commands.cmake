# Each command in a document that runs tests selects at least one.
file(GLOB_RECURSE documents "${SOURCE_DIR}/src/*.md" "${SOURCE_DIR}/tests/*.md"
  "${SOURCE_DIR}/.github/*.md")
list(APPEND documents "${SOURCE_DIR}/README.md")

function(expect_a_test document command)
  execute_process(COMMAND ${CMAKE_CTEST_COMMAND} --test-dir ${BINARY_DIR} -N ${ARGN}
    OUTPUT_VARIABLE tests RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR NOT tests MATCHES "Total Tests: [1-9]")
    message(SEND_ERROR "${document}: `${command}` selects no test")
  endif()
endfunction()

set(checked 0)
foreach(document IN LISTS documents)
  file(READ "${document}" text)
  # In a table a vertical bar has a backslash before it.
  string(REPLACE "\\|" "|" text "${text}")
  string(REGEX MATCHALL "ctest --test-dir build [^`\n]*-[RL] +('[^']+'|[^ `'\n]+)" commands "${text}")
  foreach(command IN LISTS commands)
    string(REGEX REPLACE ".* -([RL]) +'?([^']+)'?$" "-\\1;\\2" selection "${command}")
    expect_a_test("${document}" "${command}" ${selection})
    math(EXPR checked "${checked} + 1")
  endforeach()
  string(REGEX MATCHALL "build/[a-z]+_tests --gtest_filter='?[A-Za-z0-9.]+" commands "${text}")
  foreach(command IN LISTS commands)
    string(REGEX REPLACE "build/([a-z]+)_tests --gtest_filter='?(.*)" "\\1.\\2" name "${command}")
    expect_a_test("${document}" "${command}" -R "^${name}")
    math(EXPR checked "${checked} + 1")
  endforeach()
endforeach()
if(checked EQUAL 0)
  message(FATAL_ERROR "no command found")
endif()
