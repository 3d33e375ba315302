#include "echo/server/restart.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/base/format.h"
#include "echo/os/socket.h"
#include "echo/server/connection.h"

namespace echo {
namespace {

// For the package, its sender, its file, and the two ends of a barrier.
constexpr int kSpareDescriptors = 5;

}  // namespace

void Restart::restore(HandoverReader& handover, const AddConnection& add) {
  if (!handover.has_package()) return;
  handover.take_connections();
  if (!handover.error().empty()) {
    log_.warning("handover: ", handover.error());
  }
  std::size_t pending = 0;
  std::size_t added = 0;
  for (RestoredConnection& restored : handover.connections()) {
    const Endpoint peer = remote_endpoint(restored.fd.get());
    if (peer.family() == AF_UNSPEC) continue;  // The connection has been reset meanwhile.
    const std::size_t bytes = restored.pending.size();
    try {
      add(std::move(restored), peer);
      pending += bytes;
      ++added;
    } catch (const std::bad_alloc&) {
      log_.info("closing ", peer, " after an error: ", ErrnoText{ENOMEM});
    }
  }
  log_.info("restored: ", format_count(added, "connection"), ", ", pending,
            " bytes pending; closed meanwhile: ", handover.connections().size() - added);
  manager_.drop(kHandoverName);
}

void Restart::keep_spare_descriptors() {
  if (!manager_.is_present()) return;
  for (int i = 0; i < kSpareDescriptors; ++i) {
    spare_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
}

bool Restart::hand_over(Acceptor& acceptor, ConnectionTable& connections, Selector& selector) {
  // An idle descriptor would keep sending signals about its activity to this process.
  for (const Connection& connection : connections) selector.keep_active(connection.fd());
  if (!give(acceptor.listeners_to_hand_over(), connections)) return false;
  while (!connections.empty()) {
    const int fd = connections.front().fd();
    selector.forget(fd);
    connections.remove(fd);
  }
  acceptor.stop();
  return true;
}

bool Restart::give(std::span<const UniqueFd> listeners, const ConnectionTable& connections) {
  spare_.clear();
  Handover handover;
  if (const int error = pack(handover, listeners, connections)) {
    log_.warning(
        "cannot hand over: ", ErrnoText{error},
        error == ETOOMANYREFS ? "; LimitNOFILE= covers all servers of a user together" : "");
    return false;
  }
  const bool is_confirmed = manager_.synchronize();
  if (!handover.release()) {
    log_.warning(
        "cannot hand over: the service manager stores no descriptors; set FileDescriptorStoreMax=");
    return false;
  }
  std::size_t pending = 0;
  for (const Connection& connection : connections) pending += connection.queue().bytes();
  const std::string count = format_count(connections.size(), "connection");
  if (is_confirmed) {
    log_.info("handed over: ", count, ", ", pending, " bytes pending");
  } else {
    // The manager may still store the connections. A drain would certainly end them.
    log_.warning("handed over without confirmation: ", count, ", ", pending,
                 " bytes pending; the service manager does not answer");
  }
  return true;
}

// Returns 0, or an errno value.
int Restart::pack(Handover& handover, std::span<const UniqueFd> listeners,
                  const ConnectionTable& connections) const try {
  std::vector<HandoverItem> items;
  for (const UniqueFd& listener : listeners) {
    items.push_back({.fd = listener.get(), .kind = HandoverKind::kListener, .pending = nullptr});
  }
  for (const Connection& connection : connections) {
    const bool at_eof = connection.state() == Connection::State::kDraining;
    items.push_back({.fd = connection.fd(),
                     .kind = at_eof ? HandoverKind::kConnectionAtEof : HandoverKind::kConnection,
                     .pending = &connection.queue()});
  }
  const int error = handover.pack(items);
  return error != 0 ? error : manager_.store(handover.fd(), kHandoverName);
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

}  // namespace echo
