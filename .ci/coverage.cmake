# GCC, with counters for the lines and branches that run.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS --coverage CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
