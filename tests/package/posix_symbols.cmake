# Fails if a program of a build for POSIX only uses a function that POSIX.1-2008 does not have.

cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
need(nm)

set(posix
  _exit accept bind clock_gettime close connect exp2 fcntl freeaddrinfo fstat ftruncate
  gai_strerror getaddrinfo getenv getnameinfo getpeername getpid getrlimit getservbyname
  getsockname getsockopt gmtime_r inet_ntop inet_pton ioctl isalnum isalpha isatty ldexp listen
  llround localtime_r log log10 log2 lround memchr memcmp memcpy memmove memset nanosleep
  nl_langinfo open optarg opterr optind optopt pipe pow pselect read recv recvmsg send sendmsg
  setenv setitimer setlocale setrlimit setsockopt shutdown sigaction sigaddset sigemptyset
  sigfillset signal sigprocmask socket socketpair sqrt stat strcmp strftime strlen tolower toupper
  ttyname_r waitpid write)
# All systems with a C++20 compiler have this one too.
list(APPEND posix getopt_long)

foreach(program echo_server echo_client)
  execute_process(COMMAND ${nm_path} --dynamic --undefined-only ${BUILD_DIR}/${program}
                  OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  # Names that begin with two underscores belong to the compiler and its libraries.
  string(REGEX MATCHALL "[A-Za-z0-9_]+@GLIBC_" names "${output}")
  if(NOT names)
    message(FATAL_ERROR "no function of the C library found in ${program}")
  endif()
  foreach(name ${names})
    string(REPLACE "@GLIBC_" "" name ${name})
    if(NOT name MATCHES "^__" AND NOT name IN_LIST posix)
      message(SEND_ERROR "${program} uses ${name}(), which is not in POSIX")
    endif()
  endforeach()
endforeach()
