#include "sim/kernel.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iterator>
#include <numeric>
#include <utility>

#include "echo/base/format.h"
#include "support/errors.h"

namespace echo::sim {
namespace {

using namespace std::chrono_literals;
using namespace test;  // errors.h

constexpr unsigned kReadable = 1;
constexpr unsigned kWritable = 2;
constexpr unsigned kExceptional = 4;

constexpr std::size_t kTraceLength = 60;
constexpr int kMaxSteps = 200;
constexpr std::uint64_t kMaxStepsOfAStop = 30;

// The maximum number of calls that may leave out a ready descriptor: a call may postpone the event,
// and after a loss of events each descriptor has to wait for its probe.
constexpr int kMaxLeftOut = 20;

bool has(const fd_set* set, int fd) {
  if (set == nullptr) return false;
  const auto* const words = reinterpret_cast<const unsigned long*>(set);
  constexpr int kBits = 8 * sizeof(unsigned long);
  return (words[fd / kBits] >> (fd % kBits) & 1U) != 0;
}

void keep(fd_set* set, int fd, bool kept) {
  if (set == nullptr || kept) return;
  auto* const words = reinterpret_cast<unsigned long*>(set);
  constexpr int kBits = 8 * sizeof(unsigned long);
  words[fd / kBits] &= ~(1UL << (fd % kBits));
}

sockaddr_storage address_of(std::uint32_t host, std::uint16_t port) {
  sockaddr_storage storage{};
  auto* const address = reinterpret_cast<sockaddr_in*>(&storage);
  address->sin_family = AF_INET;
  address->sin_port = htons(port);
  address->sin_addr.s_addr = htonl(host);
  return storage;
}

int copy_out(const sockaddr_storage& from, sockaddr* address, socklen_t* length) {
  std::memcpy(address, &from, std::min<std::size_t>(*length, sizeof(sockaddr_in)));
  *length = sizeof(sockaddr_in);
  return 0;
}

std::size_t length_of(std::span<const iovec> parts) {
  return std::accumulate(parts.begin(), parts.end(), std::size_t{0},
                         [](std::size_t sum, const iovec& part) { return sum + part.iov_len; });
}

}  // namespace

// The linker binds functions, not objects, so the calls need a global pointer.
Kernel*& Kernel::the_current() noexcept {
  static Kernel* current = nullptr;  // NOLINT(*-non-const-global-variables)
  return current;
}

void Kernel::violate(const std::string& text) {
  if (violation_.empty()) violation_ = text;
}

std::string Kernel::trace() const {
  std::string text;
  for (const std::string& call : trace_) text += "  " + call + "\n";
  return text;
}

void Kernel::note(const std::string& call) {
  if (trace_.size() == kTraceLength) trace_.erase(trace_.begin());
  trace_.push_back(call);
}

int Kernel::fail(int error) noexcept {
  errno = error;
  return -1;
}

// Short and long stops are equally likely: from a microsecond to more than an hour.
void Kernel::let_time_pass() {
  if (stop_rate_ == 0 || !dice_.one_in(stop_rate_)) return;
  const Duration stop = std::chrono::microseconds{1} * (std::uint64_t{1} << dice_.up_to(32));
  note("stopped for " + format_duration(stop));
  const auto steps = static_cast<Duration::rep>(dice_.up_to(kMaxStepsOfAStop));
  for (Duration::rep step = 0; step <= steps; ++step) {
    now_ += stop / (steps + 1);
    stopped_ += stop / (steps + 1);
    this->step();
  }
}

Time Kernel::read_clock() {
  let_time_pass();
  last_read_ = now_;
  let_time_pass();
  return last_read_;
}

int Kernel::open(File file, int at_least) {
  int fd = std::max(at_least, kFirstFd);
  while (files_.contains(fd)) ++fd;
  files_.emplace(fd, std::move(file));
  return fd;
}

int Kernel::open_log() { return open({.kind = File::Kind::kLog}); }

int Kernel::open_input(std::string text) {
  input_ = std::move(text);
  return open({.kind = File::Kind::kInput});
}

int Kernel::open_output() { return open({.kind = File::Kind::kOutput}); }

std::size_t Kernel::open_sockets() const {
  return count(File::Kind::kFresh) + count(File::Kind::kListener) + count(File::Kind::kStream);
}

std::size_t Kernel::count(File::Kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(files_.begin(), files_.end(),
                    [kind](const auto& entry) { return entry.second.kind == kind; }));
}

bool Kernel::is_copied(const File& file) const {
  return std::count_if(files_.begin(), files_.end(),
                       [&](const auto& entry) { return entry.second.stream == file.stream; }) > 1;
}

const Stream* Kernel::stream(int fd) const {
  const auto place = files_.find(fd);
  return place == files_.end() ? nullptr : place->second.stream.get();
}

Kernel::File* Kernel::find(int fd, const char* call) {
  const auto place = files_.find(fd);
  if (place != files_.end()) return &place->second;
  violate(std::string(call) + " on descriptor " + std::to_string(fd) + ", which is not open");
  errno = EBADF;
  return nullptr;
}

int Kernel::socket(int /*family*/, int type) {
  if (strikes()) return fail(dice_.one_of(kSocket));
  const int fd = open({.is_nonblocking = (type & SOCK_NONBLOCK) != 0,
                       .is_closed_on_exec = (type & SOCK_CLOEXEC) != 0});
  note("socket() = " + std::to_string(fd));
  return fd;
}

int Kernel::bind(int fd) {
  if (find(fd, "bind") == nullptr) return -1;
  return strikes() ? fail(dice_.one_of(kBind)) : 0;
}

int Kernel::listen(int fd, int backlog) {
  let_time_pass();
  File* const file = find(fd, "listen");
  if (file == nullptr) return -1;
  if (file->kind == File::Kind::kFresh) {
    if (strikes()) return fail(EADDRINUSE);
    file->local = address_of(INADDR_LOOPBACK, next_port_++);
    file->kind = File::Kind::kListener;
  }
  file->is_leaving = backlog == 0;
  world_->set_listening(fd, backlog);
  return 0;
}

int Kernel::accept(int fd, sockaddr* address, socklen_t* length, int flags) {
  let_time_pass();
  File* const listener = find(fd, "accept");
  if (listener == nullptr) return -1;
  if (strikes()) {
    const bool is_dead = dice_.one_in(20);
    const bool is_of_client = !is_dead && dice_.one_in(2);
    const int error = dice_.one_of(is_dead        ? kAcceptListenerErrors
                                   : is_of_client ? kAcceptClientErrors
                                                  : kAcceptResourceErrors);
    note("accept(" + std::to_string(fd) + ") fails: " + std::to_string(error));
    // Some of these errors end the waiting connection, and some leave it in the backlog.
    if (error == ECONNABORTED || error == EPROTO) {
      if (const auto lost = world_->accept(fd)) break_stream(*lost);
    }
    if (is_dead) world_->kill_listener(fd);
    listener->may_pause = !is_of_client;
    return fail(error);
  }
  const std::shared_ptr<Stream> stream = world_->accept(fd);
  if (stream == nullptr) return fail(EAGAIN);
  const sockaddr_storage local = listener->local;
  const sockaddr_storage peer = address_of(stream->host, next_port_++);
  const int accepted = open({.kind = File::Kind::kStream,
                             .stream = stream,
                             .local = local,
                             .peer = peer,
                             .is_nonblocking = (flags & SOCK_NONBLOCK) != 0,
                             .is_closed_on_exec = (flags & SOCK_CLOEXEC) != 0});
  copy_out(peer, address, length);
  stream->accepted = true;
  stream->moved_at = stream->sent_at = now_;
  stream->moved_awake = awake();
  note("accept(" + std::to_string(fd) + ") = " + std::to_string(accepted));
  return accepted;
}

int Kernel::connect(int fd, const sockaddr* /*address*/, socklen_t /*length*/) {
  File* const file = find(fd, "connect");
  if (file == nullptr) return -1;
  if (strikes()) return fail(dice_.one_of(kConnect));
  file->kind = File::Kind::kStream;
  file->stream = std::make_shared<Stream>();
  file->stream->connecting = true;
  file->local = address_of(INADDR_LOOPBACK, next_port_++);
  file->peer = address_of(INADDR_LOOPBACK, 10000);
  world_->connect(file->stream);
  return fail(EINPROGRESS);
}

int Kernel::getsockname(int fd, sockaddr* address, socklen_t* length) {
  const File* const file = find(fd, "getsockname");
  if (file == nullptr) return -1;
  return strikes() ? fail(ENOBUFS) : copy_out(file->local, address, length);
}

int Kernel::getpeername(int fd, sockaddr* address, socklen_t* length) {
  const File* const file = find(fd, "getpeername");
  if (file == nullptr) return -1;
  const Stream* const stream = file->stream.get();
  if (stream != nullptr && (stream->connecting || stream->error != 0)) return fail(ENOTCONN);
  return copy_out(file->peer, address, length);
}

int Kernel::getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  const File* const file = find(fd, "getsockopt");
  if (file == nullptr) return -1;
  if (level != SOL_SOCKET || name != SO_ERROR || file->stream == nullptr) return fail(ENOPROTOOPT);
  const int error = std::exchange(file->stream->error, 0);
  std::memcpy(value, &error, sizeof error);
  *length = sizeof error;
  return 0;
}

int Kernel::setsockopt(int fd, int level, int name) {
  File* const file = find(fd, "setsockopt");
  if (file == nullptr) return -1;
  if (level == SOL_SOCKET && strikes()) return fail(ENOMEM);
  if (level == IPPROTO_TCP && name == TCP_NODELAY) file->sends_at_once = true;
  return 0;
}

void Kernel::break_stream(Stream& stream) { stream.broken = true; }

ssize_t Kernel::recv(int fd, Parts parts, int flags) {
  let_time_pass();
  File* const file = find(fd, "recv");
  if (file == nullptr) return -1;
  if (file->stream == nullptr) return fail(ENOTCONN);
  if ((flags & MSG_DONTWAIT) == 0) violate("a recv() that may block");
  const std::size_t length = length_of(parts);
  if (length == 0) violate("a recv() of nothing");
  Stream& stream = *file->stream;
  if (stream.broken) violate("a recv() on a connection that has failed");
  stream.asked = stream.asked || !stream.out_eof;
  const auto log = [&](const std::string& what) {
    note("recv(" + std::to_string(fd) + ") " + what);
  };
  if (stream.error != 0 || stream.reset) {
    const int error = stream.error != 0 ? std::exchange(stream.error, 0) : ECONNRESET;
    break_stream(stream);
    log("fails: " + std::to_string(error));
    return fail(error);
  }
  if (strikes()) {
    if (dice_.one_in(2)) {
      log("is interrupted");
      return fail(EINTR);
    }
    const int error = dice_.one_of(kRecvFatal);
    break_stream(stream);
    log("fails: " + std::to_string(error));
    return fail(error);
  }
  if (stream.in.empty()) {
    if (!stream.in_eof) {
      stream.looked_dry = true;
      return fail(EAGAIN);
    }
    log("= EOF");
    stream.saw_eof = true;
    return 0;
  }
  const std::size_t count = dice_.length(std::min(length, stream.in.size()));
  std::size_t copied = 0;
  for (const iovec& part : parts) {
    if (copied == count) break;
    copied += stream.in.copy(static_cast<char*>(part.iov_base),
                             std::min(part.iov_len, count - copied), copied);
  }
  stream.in.erase(0, count);
  stream.received += count;
  file->reported &= readiness(fd, *file);
  stream.moved_at = now_;
  stream.moved_awake = awake();
  log("= " + std::to_string(count));
  return static_cast<ssize_t>(count);
}

ssize_t Kernel::send(int fd, Parts parts, int flags) {
  let_time_pass();
  File* const file = find(fd, "send");
  if (file == nullptr) return -1;
  if (file->stream == nullptr) return fail(ENOTCONN);
  if ((flags & MSG_NOSIGNAL) == 0) violate("a send() that may raise SIGPIPE");
  if ((flags & MSG_DONTWAIT) == 0) violate("a send() that may block");
  if (writable_.erase(fd) == 0) {
    violate("send() on descriptor " + std::to_string(fd) +
            ", which the last select() did not report writable");
  }
  if (!file->sends_at_once) violate("a socket without TCP_NODELAY");
  Stream& stream = *file->stream;
  if (stream.out_eof) violate("send() after shutdown()");
  if (stream.broken) violate("a send() on a connection that has failed");
  const auto log = [&](const std::string& what) {
    note("send(" + std::to_string(fd) + ") " + what);
  };
  if (stream.reset) {
    break_stream(stream);
    log("fails: the connection was reset");
    return fail(dice_.one_in(2) ? EPIPE : ECONNRESET);
  }
  if (strikes()) {
    const int error = dice_.one_in(2) ? dice_.one_of(kNotNow) : dice_.one_of(kSendFatal);
    if (error != EAGAIN && error != EINTR) break_stream(stream);
    log("fails: " + std::to_string(error));
    return fail(error);
  }
  std::string bytes;
  for (const iovec& part : parts) {
    bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  if (bytes.empty()) violate("a send() of nothing");
  const std::size_t room = stream.out_room - std::min(stream.out_room, stream.out.size());
  if (room == 0) {
    file->reports_room = file->armed;
    return fail(EAGAIN);
  }
  const std::size_t count = dice_.length(std::min(room, bytes.size()));
  stream.out.append(bytes, 0, count);
  stream.sent += count;
  file->reported &= readiness(fd, *file);
  file->reports_room = file->armed && count < bytes.size();
  stream.moved_at = stream.sent_at = now_;
  stream.moved_awake = awake();
  log("= " + std::to_string(count) + " of " + std::to_string(bytes.size()));
  if (stream.deaf) stream.be_reset();
  return static_cast<ssize_t>(count);
}

int Kernel::pipe(int* fds) {
  for (const int end : {0, 1}) fds[end] = open({.kind = File::Kind::kSignals});
  return 0;
}

ssize_t Kernel::read(int fd, void* buffer, std::size_t length) {
  let_time_pass();
  const File* const file = find(fd, "read");
  if (file == nullptr) return -1;
  if (file->kind == File::Kind::kSignals) {
    if (signals_ == 0) return fail(EAGAIN);
    --signals_;
    return 1;
  }
  if (file->kind == File::Kind::kEvents) return read_events(buffer, length);
  if (strikes()) return fail(dice_.one_of(kNotNow));
  if (input_.empty()) return 0;
  const std::size_t count = dice_.length(std::min(length, input_.size()));
  input_.copy(static_cast<char*>(buffer), count);
  input_.erase(0, count);
  return static_cast<ssize_t>(count);
}

ssize_t Kernel::write(int fd, const void* buffer, std::size_t length) {
  const File* const file = find(fd, "write");
  if (file == nullptr) return -1;
  if (file->kind == File::Kind::kSignals) {
    ++signals_;
    return 1;
  }
  let_time_pass();
  if (file->kind == File::Kind::kLog) {
    if (dice_.one_in(50)) return fail(dice_.one_in(2) ? EAGAIN : EINTR);
    return static_cast<ssize_t>(dice_.one_in(20) ? dice_.length(length) : length);
  }
  if (strikes()) return fail(dice_.one_of(kNotNow));
  const std::size_t count = dice_.length(length);
  output_.append(static_cast<const char*>(buffer), count);
  return static_cast<ssize_t>(count);
}

int Kernel::shutdown(int fd, int how) {
  let_time_pass();
  const File* const file = find(fd, "shutdown");
  if (file == nullptr) return -1;
  if (how != SHUT_WR || file->stream == nullptr) return fail(EINVAL);
  note("shutdown(" + std::to_string(fd) + ")");
  Stream& stream = *file->stream;
  // The only failure that is not the program's own: a reset just before the call.
  if (strikes()) stream.be_reset();
  if (stream.reset) return fail(ENOTCONN);
  if (!stream.out_eof) world_->check_shutdown(stream);
  stream.too_late = !stream.in.empty() || (stream.in_eof && !stream.saw_eof);
  stream.out_eof = true;
  return 0;
}

int Kernel::close(int fd) {
  let_time_pass();
  const File* const file = find(fd, "close");
  if (file == nullptr) return -1;
  note("close(" + std::to_string(fd) + ")");
  if (file->stream != nullptr && !is_copied(*file)) {
    Stream& stream = *file->stream;
    world_->check_close(stream);
    stream.closed = true;
    // Unread input makes the close a reset (RFC 2525, section 2.17).
    if (!stream.in.empty()) stream.reset = true;
    stream.out_eof = true;
  }
  const bool listened = file->kind == File::Kind::kListener;
  files_.erase(fd);
  if (listened) world_->set_listening(fd, std::nullopt);
  writable_.erase(fd);
  return 0;
}

int Kernel::ioctl(int fd, unsigned long request, int* value) {
  let_time_pass();
  File* const file = find(fd, "ioctl");
  if (file == nullptr) return -1;
  if (file->stream == nullptr) return fail(EINVAL);
  if (request == FIOASYNC) {
    if (file->armed && *value != 0) violate("an armed descriptor is armed");
    file->armed = *value != 0;
    file->reported = readiness(fd, *file);
    file->reports_room = false;
    if (file->armed && !(file->has_owner && file->has_signal)) violate("events have no receiver");
    note("ioctl(" + std::to_string(fd) + ", FIOASYNC, " + std::to_string(*value) + ")");
    return 0;
  }
  Stream& stream = *file->stream;
  if (request == FIONREAD) {
    *value = static_cast<int>(stream.in.size());
    return 0;
  }
  if (request != SIOCOUTQ) return fail(EINVAL);
  *value = stream.reset ? 0 : static_cast<int>(stream.out.size());
  stream.counted_empty = *value == 0;
  return 0;
}

int Kernel::fcntl(int fd, int command, long argument) {
  File* const file = find(fd, "fcntl");
  if (file == nullptr) return -1;
  if (command == F_GETFL) return file->is_nonblocking ? O_NONBLOCK : 0;
  if (command == F_SETFL) file->is_nonblocking = (argument & O_NONBLOCK) != 0;
  if (command == F_SETFD) file->is_closed_on_exec = (argument & FD_CLOEXEC) != 0;
  if (command == F_SETFL || command == F_SETFD) return 0;
  if (strikes()) return fail(ENOMEM);
  if (command == F_DUPFD_CLOEXEC) {
    if (file->armed) violate("a copy of an armed descriptor");
    const int copy = open(*file, static_cast<int>(argument));
    files_.at(copy).is_closed_on_exec = true;
    note("copies " + std::to_string(fd) + " to " + std::to_string(copy));
    return copy;
  }
  if (command == F_SETOWN && argument == ::getpid()) file->has_owner = true;
  if (command == F_SETSIG && argument == SIGRTMIN) file->has_signal = true;
  return 0;
}

int Kernel::signalfd() { return strikes() ? fail(EMFILE) : open({.kind = File::Kind::kEvents}); }

// Reports each event on the armed files once, in the order of the descriptors, and loses some if
// there are faults. Room for output is an event only if a call has found none before.
void Kernel::report_events() {
  for (auto& [fd, file] : files_) {
    if (!file.armed) continue;
    const unsigned ready = readiness(fd, file);
    unsigned events = ready & ~file.reported;
    if (!std::exchange(file.reports_room, file.reports_room && (events & kWritable) == 0)) {
      events &= ~kWritable;
    }
    if (events != 0) {
      if (strikes()) {
        events_lost_ = true;
      } else {
        events_.push_back(fd);
      }
    }
    file.reported = ready;
  }
}

void Kernel::step() {
  world_->step();
  report_events();
}

// Others may have acted since the select() that reported the events.
ssize_t Kernel::read_events(void* buffer, std::size_t length) {
  if (dice_.one_in(4)) step();
  if (strikes()) return fail(dice_.one_of(kNotNow));
  auto* const events = static_cast<signalfd_siginfo*>(buffer);
  std::size_t count = 0;
  for (; count < length / sizeof *events && !events_.empty(); ++count) {
    events[count] = {};
    events[count].ssi_signo = static_cast<std::uint32_t>(SIGRTMIN);
    events[count].ssi_fd = events_.front();
    events_.pop_front();
  }
  if (count < length / sizeof *events && std::exchange(events_lost_, false)) {
    events[count] = {};
    events[count++].ssi_signo = SIGIO;
  }
  note("reports " + std::to_string(count) + " events");
  return count == 0 ? fail(EAGAIN) : static_cast<ssize_t>(count * sizeof *events);
}

// A call may leave out a file only if it is armed; and only for a few calls if it is ready for an
// event of the last request.
void Kernel::leave_out(int fd, File& file) {
  if (!file.armed)
    violate("select() is not asked about " + std::to_string(fd) + ", which is not armed");
  file.left_out_ready = (readiness(fd, file) & file.asked) != 0 ? file.left_out_ready + 1 : 0;
  if (file.left_out_ready > kMaxLeftOut) {
    violate("descriptor " + std::to_string(fd) + " is ready and never asked about");
  }
}

unsigned Kernel::readiness(int fd, const File& file) const {
  switch (file.kind) {
    case File::Kind::kFresh:
      return kWritable;
    case File::Kind::kListener:
      return world_->somebody_waits(fd) ? kReadable : 0;
    case File::Kind::kLog:
    case File::Kind::kOutput:
      return kWritable;
    case File::Kind::kInput:
      return kReadable;
    case File::Kind::kEvents:
      return events_.empty() && !events_lost_ ? 0 : kReadable;
    case File::Kind::kSignals:
      return has_signal() ? kReadable : 0;
    case File::Kind::kStream:
      break;
  }
  const Stream& stream = *file.stream;
  if (stream.connecting) return 0;
  if (stream.reset || stream.error != 0) return kReadable | kWritable;
  unsigned ready = 0;
  if (!stream.in.empty() || stream.in_eof) ready |= kReadable;
  if (stream.out.size() < stream.out_room) ready |= kWritable;
  if (stream.urgent) ready |= kExceptional;
  return ready;
}

Kernel::Sets Kernel::asked(int nfds, const fd_set* readable, const fd_set* writable,
                           const fd_set* exceptional) {
  Sets sets;
  for (int fd = 0; fd < nfds; ++fd) {
    const unsigned bits = (has(readable, fd) ? kReadable : 0) |
                          (has(writable, fd) ? kWritable : 0) |
                          (has(exceptional, fd) ? kExceptional : 0);
    if (bits == 0) continue;
    const File* const file = find(fd, "select");
    if (file == nullptr) continue;
    sets[fd] = bits;
    if (file->kind != File::Kind::kStream && file->kind != File::Kind::kListener) continue;
    if (!file->is_nonblocking) violate("a socket that may block");
    if (!file->is_closed_on_exec) violate("a socket that a child would inherit");
  }
  if (nfds == 0) return sets;
  const bool outputs_alone = readable == nullptr;
  if (!outputs_alone) check_that_listeners_are_asked(sets);
  for (auto& [fd, file] : files_) {
    if (file.stream == nullptr || file.stream->closed) continue;
    const auto place = sets.find(fd);
    const unsigned bits = place == sets.end() ? 0 : place->second;
    if (outputs_alone) {
      if (bits != 0 || !file.armed) world_->check_asked(*file.stream, std::nullopt, bits != 0);
      continue;
    }
    if (bits == 0 && file.asked != 0) {
      leave_out(fd, file);
      continue;
    }
    file.asked = bits;
    file.left_out_ready = 0;
    if (file.armed && (readiness(fd, file) & kWritable) == 0) file.reports_room = true;
    if ((bits & kReadable) / kReadable != (bits & kExceptional) / kExceptional) {
      violate("inputs and exceptional set of select() differ");
    }
    file.stream->asked = true;
    world_->check_asked(*file.stream, (bits & kReadable) != 0, (bits & kWritable) != 0);
  }
  return sets;
}

// A listener that has not failed must not pause because another one has failed.
void Kernel::check_that_listeners_are_asked(const Sets& asked) {
  for (auto& [fd, file] : files_) {
    if (file.kind != File::Kind::kListener || file.is_leaving) continue;
    if (asked.contains(fd)) {
      file.may_pause = false;
    } else if (!file.may_pause) {
      violate("a working listener is missing from select()");
    }
  }
}

Kernel::Sets Kernel::ready(const Sets& asked) const {
  Sets sets;
  for (const auto& [fd, bits] : asked) {
    if (const unsigned found = bits & readiness(fd, files_.at(fd))) sets[fd] = found;
  }
  return sets;
}

// A false report, as a packet with a wrong checksum causes it (select(2), "BUGS"). Exceptional
// conditions are never falsely reported.
void Kernel::report_falsely(const Sets& asked, Sets& found) {
  if (asked.empty() || !strikes()) return;
  auto place = asked.begin();
  std::advance(place, static_cast<std::ptrdiff_t>(dice_.up_to(asked.size() - 1)));
  const auto& [fd, bits] = *place;
  const std::shared_ptr<Stream>& stream = files_.at(fd).stream;
  if (stream == nullptr || stream->connecting) return;
  if (const unsigned reported = bits & (kReadable | kWritable)) found[fd] |= reported;
}

// A call about the outputs alone must not sleep, and the next call must include the inputs.
void Kernel::check_that_inputs_have_their_turn(bool outputs_alone, Duration limit) {
  if (outputs_alone && limit > 0s) violate("select() waits for no descriptor");
  if (outputs_alone && inputs_waited_) violate("select() never asks about the inputs");
  inputs_waited_ = false;
}

int Kernel::nanosleep(const timespec& duration) {
  now_ += std::chrono::seconds(duration.tv_sec) + std::chrono::nanoseconds(duration.tv_nsec);
  step();
  return 0;
}

int Kernel::pselect(int nfds, fd_set* readable, fd_set* writable, fd_set* exceptional,
                    const timespec* timeout) {
  let_time_pass();
  for (auto& [fd, file] : files_) {
    if (file.stream != nullptr) file.stream->looked_dry = file.stream->counted_empty = false;
  }
  const Sets wanted = asked(nfds, readable, writable, exceptional);
  writable_.clear();
  now_ += std::chrono::microseconds(dice_.up_to(50));
  const Duration limit = timeout == nullptr ? Duration::max()
                                            : std::chrono::seconds(timeout->tv_sec) +
                                                  std::chrono::nanoseconds(timeout->tv_nsec);
  check_that_inputs_have_their_turn(nfds > 0 && readable == nullptr, limit);
  // A call without descriptors, which only sleeps, does not fail.
  if (nfds > 0 && strikes()) {
    note("select() fails");
    return fail(dice_.one_in(2) ? EINTR : dice_.one_of(kSelect));
  }
  const bool had_signal = has_signal();
  if (nfds > 0) step();
  Sets found = ready(wanted);
  const Time deadline = timeout == nullptr ? Time::max() : now_ + limit;
  for (int steps = 0; found.empty() && now_ < deadline; ++steps) {
    const bool others_act = nfds > 0 && world_->may_act() &&
                            !(world_->may_dawdle() && (steps == kMaxSteps || dice_.one_in(20)));
    if (others_act) {
      now_ = std::min(deadline, now_ + std::chrono::microseconds(dice_.up_to(2000)));
      step();
      found = ready(wanted);
    } else if (timeout != nullptr) {
      now_ = deadline;
    } else if (world_->wake()) {
      found = ready(wanted);
    } else {
      violate("the program waits forever");
      break;
    }
  }
  // The handler runs at the end of the call, which still returns the other descriptors.
  if (!had_signal && has_signal()) {
    std::erase_if(found, [this](const auto& each) {
      return files_.at(each.first).kind == File::Kind::kSignals;
    });
    if (found.empty()) {
      note("select() is interrupted");
      return fail(EINTR);
    }
  }
  report_falsely(wanted, found);
  // Some may be left for the next call, as if they had become ready a moment later.
  while (found.size() > 1 && dice_.one_in(4)) {
    const auto late =
        std::next(found.begin(), static_cast<std::ptrdiff_t>(dice_.up_to(found.size() - 1)));
    if (files_.at(late->first).armed) events_.push_back(late->first);
    found.erase(late);
  }
  int count = 0;
  for (const auto& [fd, bits] : wanted) {
    const auto place = found.find(fd);
    const unsigned reported = place == found.end() ? 0 : place->second;
    keep(readable, fd, (reported & kReadable) != 0);
    keep(writable, fd, (reported & kWritable) != 0);
    keep(exceptional, fd, (reported & kExceptional) != 0);
    if ((reported & kWritable) != 0) writable_.insert(fd);
    count += std::popcount(reported);
  }
  if (nfds > 0) note("select() = " + std::to_string(count));
  if (nfds > 0 && readable == nullptr && count > 0) inputs_waited_ = true;
  let_time_pass();
  return count;
}

}  // namespace echo::sim
