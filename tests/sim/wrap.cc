// The linker redirects the program's calls here (ld(1), --wrap). Calls that are not simulated go on
// to the real kernel.
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>
#include <ctime>
#include <span>

#include "sim/kernel.h"

namespace {

using echo::sim::Kernel;

// The simulated kernel if the descriptor is in its range, even if it is closed: the simulation
// reports such a call.
Kernel* kernel_of(int fd) {
  Kernel* const kernel = Kernel::current();
  return kernel != nullptr && Kernel::is_simulated(fd) ? kernel : nullptr;
}

// The type of msg_iovlen depends on the C library.
std::span<const iovec> parts_of(const msghdr& message) {
  return {message.msg_iov, static_cast<std::size_t>(message.msg_iovlen)};
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl*): ld's names
extern "C" {

int __real_socket(int, int, int);
int __real_bind(int, const sockaddr*, socklen_t);
int __real_listen(int, int);
int __real_accept(int, sockaddr*, socklen_t*);
int __real_accept4(int, sockaddr*, socklen_t*, int);
int __real_connect(int, const sockaddr*, socklen_t);
int __real_getsockname(int, sockaddr*, socklen_t*);
int __real_getpeername(int, sockaddr*, socklen_t*);
int __real_getsockopt(int, int, int, void*, socklen_t*);
int __real_setsockopt(int, int, int, const void*, socklen_t);
ssize_t __real_recv(int, void*, size_t, int);
ssize_t __real_recvmsg(int, msghdr*, int);
ssize_t __real_send(int, const void*, size_t, int);
ssize_t __real_sendmsg(int, const msghdr*, int);
ssize_t __real_read(int, void*, size_t);
ssize_t __real_write(int, const void*, size_t);
int __real_shutdown(int, int);
int __real_close(int);
int __real_ioctl(int, unsigned long, ...);
int __real_fcntl(int, int, ...);
int __real_signalfd(int, const sigset_t*, int);
int __real_nanosleep(const timespec*, timespec*);
int __real_pipe(int*);
int __real_pselect(int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*);

int __wrap_socket(int family, int type, int protocol) {
  Kernel* const kernel = Kernel::current();
  return kernel != nullptr ? kernel->socket(family, type) : __real_socket(family, type, protocol);
}

int __wrap_bind(int fd, const sockaddr* address, socklen_t length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->bind(fd) : __real_bind(fd, address, length);
}

int __wrap_listen(int fd, int backlog) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->listen(fd, backlog) : __real_listen(fd, backlog);
}

int __wrap_accept(int fd, sockaddr* address, socklen_t* length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->accept(fd, address, length, 0)
                           : __real_accept(fd, address, length);
}

int __wrap_accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->accept(fd, address, length, flags)
                           : __real_accept4(fd, address, length, flags);
}

int __wrap_connect(int fd, const sockaddr* address, socklen_t length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->connect(fd, address, length)
                           : __real_connect(fd, address, length);
}

int __wrap_getsockname(int fd, sockaddr* address, socklen_t* length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->getsockname(fd, address, length)
                           : __real_getsockname(fd, address, length);
}

int __wrap_getpeername(int fd, sockaddr* address, socklen_t* length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->getpeername(fd, address, length)
                           : __real_getpeername(fd, address, length);
}

int __wrap_getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->getsockopt(fd, level, name, value, length)
                           : __real_getsockopt(fd, level, name, value, length);
}

int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->setsockopt(fd, level, name)
                           : __real_setsockopt(fd, level, name, value, length);
}

ssize_t __wrap_recv(int fd, void* buffer, size_t length, int flags) {
  Kernel* const kernel = kernel_of(fd);
  if (kernel == nullptr) return __real_recv(fd, buffer, length, flags);
  const iovec part{.iov_base = buffer, .iov_len = length};
  return kernel->recv(fd, {&part, 1}, flags);
}

// The names of recv() and read() under _FORTIFY_SOURCE if the size of the buffer is known.
ssize_t __wrap___recv_chk(int fd, void* buffer, size_t length, size_t /*room*/, int flags) {
  return __wrap_recv(fd, buffer, length, flags);
}

ssize_t __wrap_recvmsg(int fd, msghdr* message, int flags) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->recv(fd, parts_of(*message), flags)
                           : __real_recvmsg(fd, message, flags);
}

ssize_t __wrap_send(int fd, const void* buffer, size_t length, int flags) {
  Kernel* const kernel = kernel_of(fd);
  if (kernel == nullptr) return __real_send(fd, buffer, length, flags);
  // send(2) does not write to the buffer, but an iovec has no const pointer.
  void* const base = const_cast<void*>(buffer);  // NOLINT(*-const-cast)
  const iovec part{.iov_base = base, .iov_len = length};
  return kernel->send(fd, {&part, 1}, flags);
}

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int flags) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->send(fd, parts_of(*message), flags)
                           : __real_sendmsg(fd, message, flags);
}

ssize_t __wrap_read(int fd, void* buffer, size_t length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->read(fd, buffer, length) : __real_read(fd, buffer, length);
}

ssize_t __wrap___read_chk(int fd, void* buffer, size_t length, size_t /*room*/) {
  return __wrap_read(fd, buffer, length);
}

ssize_t __wrap_write(int fd, const void* buffer, size_t length) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->write(fd, buffer, length) : __real_write(fd, buffer, length);
}

int __wrap_shutdown(int fd, int how) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->shutdown(fd, how) : __real_shutdown(fd, how);
}

int __wrap_close(int fd) {
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->close(fd) : __real_close(fd);
}

int __wrap_ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  Kernel* const kernel = kernel_of(fd);
  // POSIX declares the request as an int, whose caller leaves the rest of a register undefined.
  return kernel != nullptr
             ? kernel->ioctl(fd, static_cast<unsigned>(request), static_cast<int*>(argument))
             : __real_ioctl(fd, request, argument);
}

int __wrap_fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  Kernel* const kernel = kernel_of(fd);
  return kernel != nullptr ? kernel->fcntl(fd, command, argument)
                           : __real_fcntl(fd, command, argument);
}

int __wrap_signalfd(int fd, const sigset_t* signals, int flags) {
  Kernel* const kernel = Kernel::current();
  return kernel != nullptr ? kernel->signalfd() : __real_signalfd(fd, signals, flags);
}

int __wrap_nanosleep(const timespec* duration, timespec* left) {
  Kernel* const kernel = Kernel::current();
  return kernel != nullptr ? kernel->nanosleep(*duration) : __real_nanosleep(duration, left);
}

int __wrap_pipe(int* fds) {
  Kernel* const kernel = Kernel::current();
  return kernel != nullptr ? kernel->pipe(fds) : __real_pipe(fds);
}

int __wrap_pselect(int nfds, fd_set* readable, fd_set* writable, fd_set* exceptional,
                   const timespec* timeout, const sigset_t* mask) {
  Kernel* const kernel = Kernel::current();
  return kernel != nullptr ? kernel->pselect(nfds, readable, writable, exceptional, timeout)
                           : __real_pselect(nfds, readable, writable, exceptional, timeout, mask);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl*)
