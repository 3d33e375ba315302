# The compilation database for clang-tidy, which spends most of its time on headers. Unity batches
# cut the time to a fifth.
set(CMAKE_GENERATOR Ninja CACHE INTERNAL "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12 CACHE STRING "")
set(BUILD_TESTING ON CACHE BOOL "")
set(ECHO_BENCH ON CACHE BOOL "")
