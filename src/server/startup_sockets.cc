#include "echo/server/startup_sockets.h"

#include <string>
#include <utility>
#include <vector>

#include "echo/base/escape.h"
#include "echo/base/usage_error.h"
#include "echo/os/socket.h"
#include "echo/service/passed_descriptors.h"

namespace echo {

StartupSockets take_startup_sockets(Log& log) {
  StartupSockets startup_sockets;
  std::vector<std::string> refused;
  for (PassedDescriptor& passed : take_passed_descriptors(log)) {
    const int fd = passed.fd.get();
    // Checks the kind too, because the names may be missing.
    if (passed.name == kHandoverName || kind_of(fd) == SocketKind::kSeqpacket) {
      if (startup_sockets.handover.has_package()) {
        log.warning("handover: more than one package; only the first is used");
      } else {
        startup_sockets.handover = HandoverReader(std::move(passed.fd));
      }
    } else if (kind_of(fd) == SocketKind::kListener) {
      startup_sockets.listeners.push_back(std::move(passed.fd));
    } else {
      refused.push_back("passed descriptor " + std::to_string(fd) + " ('" + escape(passed.name) +
                        "') is not a listening TCP socket");
    }
  }
  if (!refused.empty() && startup_sockets.listeners.empty()) throw UsageError(refused.front());
  for (const std::string& reason : refused) log.warning(reason);
  return startup_sockets;
}

}  // namespace echo
