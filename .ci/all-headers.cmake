# Includes the whole C++23 library in every file of the programs and the tests: none of its names
# may clash with a name of the project.
set(CMAKE_CXX_STANDARD 23 CACHE STRING "")
set(CMAKE_CXX_FLAGS "-include bits/stdc++.h" CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
set(ECHO_WERROR ON CACHE BOOL "")
