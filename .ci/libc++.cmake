# The programs with another standard library and the next C++ standard. GoogleTest is built for
# GCC's library, hence no tests.
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_CXX_STANDARD 23 CACHE STRING "")
set(CMAKE_CXX_FLAGS -stdlib=libc++ CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING OFF CACHE BOOL "")
set(ECHO_WERROR ON CACHE BOOL "")
