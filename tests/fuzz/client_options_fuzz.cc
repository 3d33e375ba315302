// Every command line of echo_client yields either valid options or an error of one line.

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/cli/options.h"
#include "echo/client/client.h"
#include "echo/client/target.h"
#include "echo/load/load_settings.h"
#include "echo/load/pattern.h"
#include "echo/os/log.h"
#include "echo/programs/client_options.h"
#include "echo/report/expectation.h"
#include "echo/report/presentation.h"
#include "fuzz/command_lines.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/command_line.h"

namespace echo {
namespace {

using fuzz::require;

void check_messages(const ClientSettings& client) {
  require(client.from_input == client.messages.empty(),
          "the client sends either messages or its input");
  for (const std::string& message : client.messages) {
    require(!message.empty() && message != "-", "a message is neither empty nor '-'");
  }
}

void check_target(const Target& target) {
  require(target.port > 0, "the port is not 0");
  require(target.connections >= 1 && target.connections <= 1'000'000, "1 to 1,000,000 connections");
}

void check_load(const LoadSettings& load) {
  require(load.sizes.least >= 1 && load.sizes.least <= load.sizes.most,
          "a message has at least one byte");
  require(load.rate.period > Duration{0}, "the period of a rate is positive");
  require(load.pipeline > 0, "the pipeline is at least 1");
}

test::Words spell_target(const Target& target) {
  test::Words words{
      "--host=" + target.host,
      "--port=" + std::to_string(target.port),
      "--connections=" + std::to_string(target.connections),
      "--timeout=" + fuzz::value_of(target.timeout),
  };
  if (target.family != AF_UNSPEC) words.emplace_back(target.family == AF_INET ? "-4" : "-6");
  return words;
}

void spell_messages(const ClientSettings& client, test::Words& words) {
  words.emplace_back("--");
  if (client.from_input) words.emplace_back("-");
  words.insert(words.end(), client.messages.begin(), client.messages.end());
}

// Empty if no decimal number expresses the rate. An interval of 7 s is such a rate.
std::string spell_rate(Rate rate) {
  using Unit = std::pair<std::string_view, Duration>;
  constexpr std::array<Unit, 3> kUnits{{{"/s", std::chrono::seconds{1}},
                                        {"/m", std::chrono::minutes{1}},
                                        {"/h", std::chrono::hours{1}}}};
  for (const auto& [name, unit] : kUnits) {
    if (rate.period % unit != Duration{0}) continue;
    // rate.count / times, by long division.
    const auto times = static_cast<std::uint64_t>(rate.period / unit);
    std::string text = std::to_string(rate.count / times) + ".";
    std::uint64_t rest = rate.count % times;
    for (int decimal = 0; decimal < 19; ++decimal) {
      text += static_cast<char>('0' + rest * 10 / times);
      rest = rest * 10 % times;
    }
    if (rest == 0) return text.append(name);
  }
  return {};
}

void spell_origin(const Target& target, test::Words& words) {
  std::string addresses;
  for (const Endpoint& address : target.origin.addresses) {
    addresses += (addresses.empty() ? "" : ",") + address.host();
  }
  if (!addresses.empty()) words.push_back("--bind=" + addresses);
  if (!target.origin.device.empty()) words.push_back("--interface=" + target.origin.device);
  if (target.origin.dscp) words.push_back("--dscp=" + std::to_string(*target.origin.dscp));
  if (target.all_addresses) words.emplace_back("--all-addresses");
}

void spell_messages_of(const LoadSettings& load, test::Words& words) {
  if (load.connect_only) {
    words.emplace_back("--connect");
  } else if (!load.data_file.empty()) {
    words.push_back("--data=" + load.data_file);
  } else {
    words.push_back("--size=" + std::to_string(load.sizes.least) + "-" +
                    std::to_string(load.sizes.most));
  }
  if (load.text) words.emplace_back("--text");
}

void spell_load(const LoadSettings& load, bool is_ping, test::Words& words) {
  spell_messages_of(load, words);
  if (load.poisson) words.emplace_back("--poisson");
  if (load.no_catch_up) words.emplace_back("--no-catch-up");
  if (load.count > 0) words.push_back("--count=" + std::to_string(load.count));
  if (load.duration > Duration{0}) words.push_back("--duration=" + fuzz::value_of(load.duration));
  if (is_ping) words.push_back("--interval=" + fuzz::value_of(load.rate.period));
  if (load.rate.count > 0 && !is_ping) words.push_back("--rate=" + spell_rate(load.rate));
  if (!load.churn) {
    words.push_back("--pipeline=" + std::to_string(load.pipeline));
  }
  if (load.ramp > Duration{0}) words.push_back("--ramp=" + fuzz::value_of(load.ramp));
  if (load.warmup > Duration{0}) words.push_back("--warmup=" + fuzz::value_of(load.warmup));
  if (load.idle > 0) words.push_back("--idle=" + std::to_string(load.idle));
  if (load.churn) words.emplace_back("--churn");
  if (load.half_close) words.emplace_back("--half-close");
  if (load.reconnect) words.emplace_back("--reconnect");
}

void spell_presentation(const Presentation& presentation, test::Words& words) {
  if (presentation.format == OutputFormat::kJson) words.emplace_back("--json");
  if (presentation.format == OutputFormat::kCsv) words.emplace_back("--csv");
  if (presentation.format == OutputFormat::kOpenMetrics) words.emplace_back("--openmetrics");
  if (presentation.histogram) words.emplace_back("--histogram");
  if (presentation.ascii) words.emplace_back("--ascii");
  if (!presentation.svg.empty()) words.push_back("--svg=" + presentation.svg);
  if (!presentation.hdr.empty()) words.push_back("--hdr=" + presentation.hdr);
  for (const Expectation& expectation : presentation.expectations) {
    words.push_back("--expect=" + expectation.text);
  }
  if (presentation.sample) words.push_back("--sample=" + fuzz::value_of(*presentation.sample));
}

test::Words spell(const ClientOptions& options) {
  if (options.action == Action::kHelp) return {"--help"};
  if (options.action == Action::kVersion) return {"--version"};
  const Target& target = options.measures ? static_cast<const Target&>(options.load)
                                          : static_cast<const Target&>(options.client);
  check_target(target);
  test::Words words = spell_target(target);
  spell_origin(target, words);
  if (options.log_level == LogLevel::kDebug) words.emplace_back("--verbose");
  if (options.log_level == LogLevel::kError) words.emplace_back("--quiet");
  if (options.measures) {
    check_load(options.load);
    // A rate is spelled as an interval only if no other option makes the client measure, or if no
    // decimal number expresses the rate.
    const Presentation& presentation = options.presentation;
    const bool is_ping = presentation.format == OutputFormat::kPing ||
                         (options.load.rate.count > 0 && spell_rate(options.load.rate).empty()) ||
                         (options.load.count == 0 && options.load.duration == Duration{0});
    spell_load(options.load, is_ping, words);
    spell_presentation(presentation, words);
    require(options.seed.value_or(0) <= Pattern::kMaxSeed,
            "every JSON parser reads the seed exactly");
    if (options.seed) words.push_back("--seed=" + std::to_string(*options.seed));
  } else {
    check_messages(options.client);
    spell_messages(options.client, words);
  }
  return words;
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::check_command_line(echo::fuzz::Input(data, size).rest(), echo::parse_client_options,
                                 echo::spell);
  return 0;
}
