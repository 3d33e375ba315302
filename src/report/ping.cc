#include "echo/report/ping.h"

#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/report/load_description.h"

namespace echo {

std::string ping_header(const LoadSettings& settings) {
  const std::string origin = describe_origin(settings);
  return "PING " + escape_controls(settings.host) + " port " + std::to_string(settings.port) +
         ": " +
         (settings.connect_only ? "connecting only"
                                : describe_sizes(settings.sizes) + " per message") +
         (origin.empty() ? "" : ", " + origin) + "\n";
}

std::string ping_line(const LoadObserver::Answer& answer) {
  const std::string what =
      answer.size == 0 ? "connected to " : std::to_string(answer.size) + " bytes from ";
  return what + answer.server.to_string() + ": seq=" + std::to_string(answer.sequence) +
         " time=" + format_milliseconds(answer.latency) + " ms\n";
}

std::string ping_loss_line(std::uint64_t sequence, const std::string& reason) {
  return "seq=" + std::to_string(sequence) + " lost: " + reason + "\n";
}

}  // namespace echo
