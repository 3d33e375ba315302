#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/os/output.h"
#include "echo/os/socket.h"
#include "echo/server/handover.h"

namespace echo {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

// Both functions return 0, or an errno value.
int write_queue(const Output& output, const MessageQueue& queue) {
  std::array<char, 4096> buffer;  // NOLINT(*-member-init): copied to first
  int error = 0;
  for (std::size_t done = 0; done < queue.bytes() && error == 0;) {
    std::string_view piece = queue.copy(done, buffer);
    done += piece.size();
    error = output.write_now(piece);
  }
  return error;
}

int write_state(int fd, std::span<const HandoverItem> items) {
  const std::string records = format_handover_records(items);
  const Output output(fd);
  std::string_view rest = records;
  int error = output.write_now(rest);
  for (const HandoverItem& item : items) {
    if (error == 0 && item.pending != nullptr) error = write_queue(output, *item.pending);
  }
  if (error == 0 && ::fcntl(fd, F_ADD_SEALS, kSeals) != 0) error = errno;
  return error;
}

// The file is also sealed against execution, as hardened systems require (vm.memfd_noexec). Linux
// before 6.3 does not know this seal.
UniqueFd make_file() {
  constexpr unsigned kNoExecSeal = 8;  // linux/memfd.h, MFD_NOEXEC_SEAL
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create("echo_server", kFlags | kNoExecSeal));
  if (!fd && errno == EINVAL) fd = UniqueFd(::memfd_create("echo_server", kFlags));
  return fd;
}

// One message carries some descriptors, and the index of the first of them.
int send_message(int socket, std::uint64_t first, std::span<const int> fds) {
  iovec part{.iov_base = &first, .iov_len = sizeof first};
  const msghdr message = message_of({&part, 1});
  return send_with_descriptors(socket, message, fds, MSG_DONTWAIT);
}

struct Message {
  std::uint64_t first = 0;
  std::vector<UniqueFd> fds;
};

// Returns the next message, if there is one. With MSG_PEEK the message stays in the queue and its
// descriptors are copies.
std::optional<Message> receive_message(int socket, int flags = 0) {
  Message received;
  received.fds.reserve(kMaxInMessage);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxInMessage * sizeof(int))> control{};
  iovec part{.iov_base = &received.first, .iov_len = sizeof received.first};
  msghdr message = message_of({&part, 1});
  set_control(message, control.data(), control.size());
  if (::recvmsg(socket, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
    return std::nullopt;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      received.fds.emplace_back(fd);
    }
  }
  return received;
}

bool fits(int fd, HandoverKind kind) {
  const SocketKind expected =
      kind == HandoverKind::kListener ? SocketKind::kListener : SocketKind::kConnection;
  return kind_of(fd) == expected;
}

}  // namespace

int Handover::pack(std::span<const HandoverItem> items) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return errno;
  package_ = UniqueFd(ends[0]);
  sender_ = UniqueFd(ends[1]);
  // No process reads the messages while they are sent, so the queue needs room for all of them.
  constexpr int kRoom = 1 << 20;
  ::setsockopt(sender_.get(), SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof kRoom);
  const UniqueFd state = make_file();
  if (!state) return errno;
  const int error = write_state(state.get(), items);
  return error != 0 ? error : put_descriptors(items, state.get());
}

int Handover::put_descriptors(std::span<const HandoverItem> items, int state) const {
  std::vector<int> fds{state};
  std::size_t first = 0;
  for (; first < items.size() && items[first].kind == HandoverKind::kListener; ++first) {
    fds.push_back(items[first].fd);
  }
  if (fds.size() > kMaxInMessage) return EMSGSIZE;
  int error = send_message(sender_.get(), 0, fds);
  for (; first < items.size() && error == 0; first += fds.size()) {
    fds.clear();
    const std::size_t count = std::min(kMaxInMessage, items.size() - first);
    for (const HandoverItem& item : items.subspan(first, count)) fds.push_back(item.fd);
    error = send_message(sender_.get(), first, fds);
  }
  return error;
}

bool Handover::release() noexcept {
  package_.reset();
  char byte = 0;
  return ::recv(sender_.get(), &byte, sizeof byte, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void Unmap::operator()(void* memory) const noexcept { ::munmap(memory, length); }

HandoverReader::HandoverReader(UniqueFd package) : package_(std::move(package)) {
  try {
    read();
  } catch (const std::runtime_error& error) {
    error_ = error.what();
    records_.clear();
  }
}

void HandoverReader::read() {
  auto first = receive_message(package_.get(), MSG_PEEK);
  if (!first || first->fds.empty()) throw std::runtime_error("empty package");
  file_ = map(first->fds.front().get());
  records_ = parse_handover({static_cast<const char*>(file_.get()), file_.get_deleter().length});
  for (std::size_t i = 1; i < first->fds.size() && i <= records_.size(); ++i) {
    UniqueFd& fd = first->fds[i];
    if (records_[i - 1].kind != HandoverKind::kListener ||
        !fits(fd.get(), HandoverKind::kListener)) {
      continue;
    }
    limit_accept_wait(fd.get());
    listeners_.push_back(std::move(fd));
    ++matching_;
  }
}

void HandoverReader::take_connections() try {
  receive_message(package_.get());
  std::vector<UniqueFd> fds(records_.size());
  while (auto message = receive_message(package_.get())) {
    for (UniqueFd& fd : message->fds) {
      const std::uint64_t index = message->first++;
      if (index >= fds.size()) break;
      UniqueFd& place = fds[static_cast<std::size_t>(index)];
      if (!place) place = std::move(fd);
    }
  }
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const HandoverRecord& record = records_[i];
    if (record.kind == HandoverKind::kListener || !fits(fds[i].get(), record.kind)) continue;
    make_nonblocking(fds[i].get());
    connections_.push_back({.fd = std::move(fds[i]),
                            .at_eof = record.kind == HandoverKind::kConnectionAtEof,
                            .pending = record.pending});
    ++matching_;
  }
  if (matching_ < fds.size()) {
    error_ = std::to_string(fds.size() - matching_) + " of " + std::to_string(fds.size()) +
             " descriptors are missing or of another type";
  }
} catch (const std::bad_alloc&) {
  error_ = ErrnoText{ENOMEM}.to_string();
}

// Maps only a file that can no longer change and that has memory for its whole length.
HandoverReader::Mapping HandoverReader::map(int file) {
  const int seals = ::fcntl(file, F_GET_SEALS);
  struct stat status {};
  if (seals < 0 || (seals & kSeals) != kSeals || ::fstat(file, &status) != 0 ||
      ::lseek(file, 0, SEEK_HOLE) != status.st_size) {
    throw std::runtime_error("no sealed file in the package");
  }
  const auto length = static_cast<std::size_t>(status.st_size);
  void* const text = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file, 0);
  if (text == MAP_FAILED) throw std::runtime_error(ErrnoText{errno}.to_string());
  return {text, Unmap{length}};
}

}  // namespace echo
