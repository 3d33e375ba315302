#include "echo/report/ping.h"

#include "echo/base/escape.h"
#include "echo/base/format.h"

namespace echo {
namespace {

std::string sizes_of(const LoadSettings& settings) {
  const auto& [least, most] = settings.sizes;
  return std::to_string(least) + (least == most ? "" : " to " + std::to_string(most));
}

}  // namespace

std::string ping_header(const LoadSettings& settings) {
  return "PING " + escape_controls(settings.host) + " port " + std::to_string(settings.port) +
         ": " + sizes_of(settings) + " bytes a message\n";
}

std::string ping_line(const LoadObserver::Answer& answer) {
  return std::to_string(answer.size) + " bytes from " + answer.server.to_string() +
         ": seq=" + std::to_string(answer.sequence) +
         " time=" + format_milliseconds(answer.latency) + " ms\n";
}

std::string ping_loss_line(std::uint64_t sequence, const std::string& reason) {
  return "seq=" + std::to_string(sequence) + " lost: " + reason + "\n";
}

}  // namespace echo
