# Clang's standard library and C++23. Debian builds GoogleTest for GCC's library, so this build
# compiles GoogleTest from source.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_CXX_STANDARD 23 CACHE STRING "")
set(CMAKE_CXX_FLAGS -stdlib=libc++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
set(CMAKE_DISABLE_FIND_PACKAGE_GTest ON CACHE BOOL "")
set(FETCHCONTENT_SOURCE_DIR_GOOGLETEST /usr/src/googletest CACHE PATH "")
set(ECHO_WERROR ON CACHE BOOL "")
