// Every command line of echo_server yields either valid options or an error of one line.

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/cli/options.h"
#include "echo/os/socket.h"
#include "echo/programs/server_options.h"
#include "fuzz/command_lines.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/command_line.h"

namespace echo {
namespace {

using fuzz::require;

test::Words spell(const ServerOptions& options) {
  if (options.action == Action::kHelp) return {"--help"};
  if (options.action == Action::kVersion) return {"--version"};
  const ServerSettings& server = options.server;
  require(!options.hosts.empty(), "there is at least one host");
  require(server.listen.backlog >= 1, "the backlog is at least 1");
  require(server.max_connections <= INT_MAX, "max_connections is at most INT_MAX");
  require(server.max_per_host <= INT_MAX, "max_per_host is at most INT_MAX");
  require(server.listen.keepalive <= kMaxKeepalive, "keepalive is in the range of the kernel");
  require(server.max_queue >= 1, "max_queue is at least 1");

  constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};
  test::Words words{
      "--port=" + std::to_string(server.listen.port),
      "--backlog=" + std::to_string(server.listen.backlog),
      "--max-connections=" + std::to_string(server.max_connections),
      "--max-per-host=" + std::to_string(server.max_per_host),
      "--max-queue=" + std::to_string(server.max_queue),
      "--idle-timeout=" + fuzz::value_of(server.idle_timeout),
      "--keepalive=" + fuzz::value_of(server.listen.keepalive),
      "--drain-timeout=" + fuzz::value_of(server.drain_timeout),
      "--log-level=" + std::string(kLevels.at(static_cast<std::size_t>(options.log_level))),
  };
  for (const std::string& host : options.hosts) words.push_back("--host=" + host);
  if (server.listen.reuse_port) words.emplace_back("--reuse-port");
  return words;
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::check_command_line(echo::fuzz::Input(data, size).rest(), echo::parse_server_options,
                                 echo::spell);
  return 0;
}
