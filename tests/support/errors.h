#pragma once

#include <cerrno>
#include <initializer_list>

namespace echo::test {

// The errors of each call according to its manual page. EAGAIN includes EWOULDBLOCK: Linux has one
// number for both.

// accept(2): errors of one pending connection, including network errors (the section "Error
// handling" of older editions).
inline constexpr std::initializer_list<int> kAcceptClientErrors{
    EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP};
// The same, on Linux only.
inline constexpr std::initializer_list<int> kLinuxAcceptClientErrors{EHOSTDOWN, ENONET};
// accept(2): errors after which the listener never accepts again.
inline constexpr std::initializer_list<int> kAcceptListenerErrors{EBADF, EINVAL, ENOTSOCK};
// accept(2): all other errors, with some that "various Linux kernels can return".
inline constexpr std::initializer_list<int> kAcceptResourceErrors{
    EMFILE, ENFILE, ENOBUFS,         ENOMEM,          EPERM,
    EFAULT, ENOSR,  ESOCKTNOSUPPORT, EPROTONOSUPPORT, ETIMEDOUT};

// recv(2), send(2): errors after which the call must be repeated later.
inline constexpr std::initializer_list<int> kNotNow{EAGAIN, EINTR};
// recv(2). ETIMEDOUT and the errors after it come from tcp(7), ip(7) and the network.
inline constexpr std::initializer_list<int> kRecvFatal{
    EBADF,     ECONNREFUSED, EFAULT, EINVAL,       ENOMEM,      ENOTCONN, ENOTSOCK,
    ETIMEDOUT, ECONNRESET,   EPIPE,  EHOSTUNREACH, ENETUNREACH, ENOBUFS};
// send(2). ETIMEDOUT and the errors after it have the same sources.
inline constexpr std::initializer_list<int> kSendFatal{
    EACCES,  EALREADY,  EBADF,        ECONNRESET,  EDESTADDRREQ, EFAULT,   EINVAL,
    EISCONN, EMSGSIZE,  ENOBUFS,      ENOMEM,      ENOTCONN,     ENOTSOCK, EOPNOTSUPP,
    EPIPE,   ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EPERM};

// select(2), except EINTR.
inline constexpr std::initializer_list<int> kSelect{EBADF, EINVAL, ENOMEM};

// For the other calls the manual page has the call's name, except prlimit64: setrlimit(2), openat:
// open(2), kControl: fcntl(2), kSignalDescriptor: signalfd(2).
inline constexpr std::initializer_list<int> kSocket{EACCES, EAFNOSUPPORT, EINVAL, EMFILE,
                                                    ENFILE, ENOBUFS,      ENOMEM, EPROTONOSUPPORT};
inline constexpr std::initializer_list<int> kConnect{
    EACCES,       EPERM,  EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,     EALREADY, EBADF,
    ECONNREFUSED, EFAULT, EISCONN,    ENETUNREACH,   ENOTSOCK,     EPROTOTYPE, ETIMEDOUT};
inline constexpr std::initializer_list<int> kBind{EACCES,   EADDRINUSE,    EBADF,  EINVAL,
                                                  ENOTSOCK, EADDRNOTAVAIL, EFAULT, ENOMEM};
inline constexpr std::initializer_list<int> kListen{EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP};
inline constexpr std::initializer_list<int> kSocketOption{EBADF, EFAULT, EINVAL, ENOPROTOOPT,
                                                          ENOTSOCK};
inline constexpr std::initializer_list<int> kSocketName{EBADF, EFAULT, EINVAL, ENOBUFS, ENOTSOCK};
inline constexpr std::initializer_list<int> kShutdown{EBADF, EINVAL, ENOTCONN, ENOTSOCK};
inline constexpr std::initializer_list<int> kClose{EBADF, EINTR, EIO, ENOSPC, EDQUOT};
inline constexpr std::initializer_list<int> kIoctl{EBADF, EFAULT, EINVAL, ENOTTY};
inline constexpr std::initializer_list<int> kControl{EACCES, EAGAIN, EBADF, EINVAL, EPERM};
inline constexpr std::initializer_list<int> kSignalDescriptor{EBADF,  EINVAL, EMFILE,
                                                              ENFILE, ENODEV, ENOMEM};
inline constexpr std::initializer_list<int> kRead{EBADF, EFAULT, EINVAL, EIO, EISDIR};
inline constexpr std::initializer_list<int> kWrite{EBADF,  EDESTADDRREQ, EDQUOT, EFAULT, EFBIG,
                                                   EINVAL, EIO,          ENOSPC, EPERM,  EPIPE};
inline constexpr std::initializer_list<int> kOpen{EACCES, EINTR,  EMFILE, ENFILE,
                                                  ENOENT, ENOMEM, ENXIO};
inline constexpr std::initializer_list<int> kLimit{EFAULT, EINVAL, EPERM, ESRCH};
inline constexpr std::initializer_list<int> kSignalSetting{EFAULT, EINVAL};
inline constexpr std::initializer_list<int> kPipe{EFAULT, EMFILE, ENFILE};

// socketpair(2), memfd_create(2), and sendmsg(2) with descriptors (unix(7)).
inline constexpr std::initializer_list<int> kSocketPair{EAFNOSUPPORT, EFAULT,     EMFILE,
                                                        ENFILE,       EOPNOTSUPP, EPROTONOSUPPORT};
inline constexpr std::initializer_list<int> kMemoryFile{EFAULT, EMFILE, ENFILE, ENOMEM};
inline constexpr std::initializer_list<int> kSendDescriptors{
    EAGAIN, EBADF, ECONNREFUSED, ECONNRESET, ENOBUFS, ENOMEM, ENOTCONN, EPIPE, ETOOMANYREFS};

}  // namespace echo::test
