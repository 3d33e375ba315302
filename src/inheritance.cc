#include "echo/inheritance.h"

#include <string>
#include <utility>
#include <vector>

#include "echo/escape.h"
#include "echo/options.h"
#include "echo/passed_descriptors.h"
#include "echo/socket.h"

namespace echo {

Inheritance take_inheritance(Log& log) {
  Inheritance inheritance;
  std::vector<std::string> refused;
  for (PassedDescriptor& passed : take_passed_descriptors(log)) {
    const int fd = passed.fd.get();
    // By its kind too: the names may be missing.
    if (passed.name == kHandoverName || kind_of(fd) == SocketKind::kSeqpacket) {
      if (inheritance.before.is_there()) {
        log.warning("what the server before handed over: there is more than one of it");
      } else {
        inheritance.before = TakenOver(std::move(passed.fd));
      }
    } else if (kind_of(fd) == SocketKind::kListener) {
      inheritance.sockets.push_back(std::move(passed.fd));
    } else {
      refused.push_back("passed descriptor " + std::to_string(fd) + ", '" + escape(passed.name) +
                        "', is not a listening TCP socket");
    }
  }
  if (!refused.empty() && inheritance.sockets.empty()) throw UsageError(refused.front());
  for (const std::string& reason : refused) log.warning(reason);
  return inheritance;
}

}  // namespace echo
