# GCC, counting the lines and branches that are run.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS --coverage CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
