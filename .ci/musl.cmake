# musl, statically linked, with the compiler that need_zig in .ci/run installs. That compiler builds
# its C++ library for each set of these flags, for a minute: the flags are the same in every command,
# also in the checks of CMake, which therefore must not try -no-pie. Its unoptimised builds would
# contain a sanitizer. CMSG_NXTHDR, a macro of musl, compares a signed with an unsigned number.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_CXX_COMPILER $ENV{ZIG} c++ CACHE STRING "")
set(CMAKE_CXX_COMPILER_TARGET x86_64-linux-musl CACHE STRING "")
set(CMAKE_CXX_FLAGS "-O0 -fno-sanitize=undefined -fPIE -pie -Wno-error=sign-compare" CACHE STRING "")
set(CMAKE_CXX_LINK_NO_PIE_SUPPORTED ON CACHE INTERNAL "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "" CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(ECHO_STATIC ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
set(CMAKE_DISABLE_FIND_PACKAGE_GTest ON CACHE BOOL "")
set(FETCHCONTENT_SOURCE_DIR_GOOGLETEST /usr/src/googletest CACHE PATH "")
set(ECHO_WERROR ON CACHE BOOL "")
