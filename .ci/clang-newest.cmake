# The newest Clang of Debian 12. It compiles each file separately, so that a file that relies on the
# includes of another one fails. The result is never run, so it is not optimised.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_UNITY_BUILD OFF CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
set(ECHO_BENCH ON CACHE BOOL "")
set(ECHO_WERROR ON CACHE BOOL "")
