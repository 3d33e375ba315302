# GCC with AddressSanitizer and UndefinedBehaviorSanitizer. The tests are built with -Og, as ever.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG" CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
set(ECHO_SANITIZE address,undefined CACHE STRING "")
set(ECHO_WERROR ON CACHE BOOL "")
