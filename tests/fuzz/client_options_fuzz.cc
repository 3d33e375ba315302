// Any command line of echo_client is refused in one line, or gives options that are in range.

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/client.h"
#include "echo/client_options.h"
#include "echo/log.h"
#include "echo/options.h"
#include "fuzz/command_lines.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/command_line.h"

namespace echo {
namespace {

using fuzz::require;

void check_messages(const ClientSettings& client) {
  require(client.from_input == client.messages.empty(), "there are messages, or else the input");
  for (const std::string& message : client.messages) {
    require(!message.empty() && message != "-", "a message is one that can come back");
  }
}

testing::Words spell(const ClientOptions& options) {
  if (options.action == Action::kHelp) return {"--help"};
  if (options.action == Action::kVersion) return {"--version"};
  const ClientSettings& client = options.client;
  require(client.port > 0, "the port is one to connect to");
  require(client.connections >= 1 && client.connections <= 1'000'000, "1 to 1,000,000 connections");
  check_messages(client);

  testing::Words words{
      "--host=" + client.host,
      "--port=" + std::to_string(client.port),
      "--connections=" + std::to_string(client.connections),
      "--timeout=" + fuzz::value_of(client.timeout),
  };
  if (client.family != AF_UNSPEC) words.emplace_back(client.family == AF_INET ? "-4" : "-6");
  if (options.log_level == LogLevel::kDebug) words.emplace_back("--verbose");
  if (options.log_level == LogLevel::kError) words.emplace_back("--quiet");
  words.emplace_back("--");
  if (client.from_input) words.emplace_back("-");
  words.insert(words.end(), client.messages.begin(), client.messages.end());
  return words;
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::check_command_line(echo::fuzz::Input(data, size).rest(), echo::parse_client_options,
                                 echo::spell);
  return 0;
}
