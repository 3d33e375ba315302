#include "echo/inheritance.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "echo/escape.h"
#include "echo/passed_descriptors.h"
#include "echo/socket.h"

namespace echo {

Inheritance take_inheritance(Log& log) {
  Inheritance inheritance;
  std::string refused;
  for (PassedDescriptor& passed : take_passed_descriptors(log)) {
    // By its kind too: the names may be missing.
    if (passed.name == kHandoverName || kind_of(passed.fd.get()) == SocketKind::kPackage) {
      inheritance.before = TakenOver(std::move(passed.fd));
      const std::string& complaint = inheritance.before.complaint();
      if (!complaint.empty()) log.warning("what the server before handed over: ", complaint);
    } else if (kind_of(passed.fd.get()) == SocketKind::kListener) {
      inheritance.sockets.push_back(std::move(passed.fd));
    } else {
      refused = "passed descriptor " + std::to_string(passed.fd.get()) + ", '" +
                escape(passed.name) + "', is not a listening TCP socket";
      log.warning(refused);
    }
  }
  if (!refused.empty() && inheritance.sockets.empty()) {
    throw std::system_error(ENOTSOCK, std::generic_category(), refused);
  }
  return inheritance;
}

}  // namespace echo
