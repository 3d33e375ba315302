# GCC for 32-bit x86; QEMU runs the tests. GoogleTest is compiled from source.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_SYSTEM_NAME Linux CACHE STRING "")
set(CMAKE_SYSTEM_PROCESSOR i686 CACHE STRING "")
set(CMAKE_C_COMPILER i686-linux-gnu-gcc CACHE STRING "")
set(CMAKE_CXX_COMPILER i686-linux-gnu-g++ CACHE STRING "")
# If the machine has 32-bit libraries of its own, the dynamic linker would mix them with these.
set(CMAKE_CROSSCOMPILING_EMULATOR
    "qemu-i386-static;-L;/usr/i686-linux-gnu;-E;LD_LIBRARY_PATH=/usr/i686-linux-gnu/lib"
    CACHE STRING "")
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG" CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(BUILD_TESTING ON CACHE BOOL "")
set(CMAKE_DISABLE_FIND_PACKAGE_GTest ON CACHE BOOL "")
set(FETCHCONTENT_SOURCE_DIR_GOOGLETEST /usr/src/googletest CACHE PATH "")
set(ECHO_WERROR ON CACHE BOOL "")
