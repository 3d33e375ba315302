#include <poll.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/soak_client.h"
#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/cli/options.h"
#include "echo/cli/program.h"
#include "echo/os/endpoint.h"
#include "echo/os/output.h"
#include "echo/server/server_settings.h"
#include "support/memory_bound.h"
#include "support/program.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "soak";

struct Options {
  Duration time = 10min;
  std::size_t connections = 200;
  std::uint64_t seed = std::random_device{}();
};

OptionTable table_of(Options& options) {
  return {
      {'t', "time", "TIME", "Run for TIME", [&](auto& value) { options.time = value.duration(); },
       format_duration(options.time)},
      {'c', "connections", "N", "Keep N connections open",
       [&](auto& value) { options.connections = value.number(1, std::size_t{10'000}); },
       std::to_string(options.connections)},
      {'s', "seed", "N", "Repeat the choices of the run with this seed",
       [&](auto& value) { options.seed = value.number(0, UINT64_MAX); }, "at random"},
  };
}

std::string help(const OptionTable& table) {
  return R"(Usage: soak [OPTION]...
Loads an echo_server with clients of every kind, checks every byte that comes
back, and prints a table of the results.

)" + options_help(table) +
         R"(
Exit status: 0 if no error occurred, 1 if one did, 2 for a wrong command line.
)";
}

// In addition to one descriptor per connection.
constexpr std::size_t kSpareDescriptors = 100;

constexpr Duration kBetweenSignals = 1s;

constexpr std::size_t kMegabyte = 1UL << 20;

// The number of errors of each kind.
using Errors = std::map<std::string, std::uint64_t>;

// A constant number of clients.
class Crowd {
 public:
  Crowd(const Endpoint& server, std::size_t size, std::uint64_t seed)
      : server_(server),
        size_(size),
        random_(seed),
        noise_(random_bytes(4 * kMegabyte, static_cast<std::uint32_t>(seed))) {
    std::vector<double> shares;
    for (const Habit& habit : habits()) shares.push_back(habit.share);
    kind_ = std::discrete_distribution<std::size_t>(shares.begin(), shares.end());
  }

  // Replaces each client that leaves.
  void run_until(Time end) {
    while (Clock::now() < end) {
      while (clients_.size() < size_) add_client();
      turn();
    }
  }

  // Runs until all clients have left.
  void run_out() {
    while (!clients_.empty()) turn();
  }

  void expect_stop() {
    for (SoakClient& client : clients_) client.expect_stop();
  }

  const Errors& errors() const noexcept { return errors_; }
  std::uint64_t connections() const noexcept { return connections_; }
  std::uint64_t messages() const noexcept { return messages_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void add_client() {
    const Habit& habit = habits()[kind_(random_)];
    clients_.emplace_back(habit, server_, noise_, random_, Clock::now());
    ++connections_;
  }

  void turn() {
    const Time now = Clock::now();
    entries_.clear();
    for (const SoakClient& client : clients_) {
      const short wants = client.wants(now);
      entries_.push_back({.fd = wants == 0 ? -1 : client.fd(), .events = wants, .revents = 0});
    }
    ::poll(entries_.data(), entries_.size(), 1);
    for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i].handle(entries_[i].revents, now);
    std::erase_if(clients_, [this](const SoakClient& client) { return take_leave(client); });
  }

  bool take_leave(const SoakClient& client) {
    if (!client.done()) return false;
    messages_ += client.messages();
    bytes_ += client.bytes_back();
    if (!client.error().empty()) ++errors_[client.error()];
    return true;
  }

  const Endpoint server_;
  const std::size_t size_;
  SoakClient::Random random_;
  std::discrete_distribution<std::size_t> kind_;
  const std::string noise_;
  std::vector<SoakClient> clients_;
  std::vector<pollfd> entries_;
  Errors errors_;
  std::uint64_t connections_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

// The resources of the server, from /proc.
struct Sight {
  std::size_t descriptors;
  std::size_t memory;
};

Sight look_at(const Program& server) {
  return {.descriptors = server.open_descriptors(), .memory = server.resident_memory()};
}

struct Result {
  Sight start{};
  std::vector<std::size_t> memory_by_quarters;
  Sight end{};  // After every client has left.
  std::size_t peak_memory = 0;
  Duration cpu_time{};
  int exit_status = 0;
};

// Makes the server answer a signal every second.
void run_for(Duration time, Crowd& crowd, ServerProgram& server) {
  const Time end = Clock::now() + time;
  while (Clock::now() < end) {
    crowd.run_until(std::min(end, Clock::now() + kBetweenSignals));
    server.signal(SIGUSR1);
    server.wait_for_line("statistics: ");
  }
}

// Lets all clients leave, and waits until the server has closed their descriptors. If it has not,
// the table shows it.
void empty(Crowd& crowd, const ServerProgram& server, std::size_t descriptors) {
  crowd.run_out();
  try {
    server.wait_for_descriptors(descriptors);
  } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch)
  }
}

// Stops the server while clients send and receive. Returns its exit status.
int stop(Crowd& crowd, ServerProgram& server) {
  run_for(kBetweenSignals, crowd, server);
  crowd.expect_stop();
  server.signal(SIGTERM);
  crowd.run_out();
  return server.wait_for_exit();
}

Result drive(Duration time, Crowd& crowd, ServerProgram& server) {
  Result result;
  result.start = look_at(server);
  for (int quarter = 0; quarter < 4; ++quarter) {
    run_for(time / 4, crowd, server);
    result.memory_by_quarters.push_back(server.resident_memory());
  }
  empty(crowd, server, result.start.descriptors);
  result.end = look_at(server);
  result.peak_memory = server.peak_memory();
  result.cpu_time = server.cpu_time();
  result.exit_status = stop(crowd, server);
  return result;
}

// All errors of the clients and of the server.
Errors judge(const Result& result, const Crowd& crowd, std::size_t most_memory) {
  Errors errors = crowd.errors();
  if (result.end.descriptors != result.start.descriptors) {
    ++errors["the server left descriptors open"];
  }
  if (crowd.messages() == 0) ++errors["no message was echoed"];
  if (result.peak_memory > most_memory) ++errors["the server used too much memory"];
  if (result.exit_status != 0) {
    ++errors["the server's exit status is " + std::to_string(result.exit_status)];
  }
  return errors;
}

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, ",");
  return text;
}

std::string in_mib(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / kMegabyte;
  return with_commas(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

std::string in_seconds(Duration time) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(time));
}

void print_row(std::string name, const std::string& text) {
  name.resize(16, ' ');
  write_stdout(name + text + "\n");
}

void print_table(const Options& options, const Crowd& crowd, const Result& result,
                 std::size_t most_memory) {
  std::string quarters;
  for (const std::size_t memory : result.memory_by_quarters) quarters += ", " + in_mib(memory);
  print_row("time", format_duration(options.time));
  print_row("connections", with_commas(crowd.connections()) + ", " +
                               with_commas(options.connections) + " at a time");
  print_row("messages", with_commas(crowd.messages()));
  print_row("bytes", with_commas(crowd.bytes()) + " (" + in_mib(crowd.bytes()) + ")");
  print_row("descriptors", std::to_string(result.start.descriptors) + " at start, " +
                               std::to_string(result.end.descriptors) + " at end");
  print_row("memory", in_mib(result.start.memory) + " at start, " + in_mib(result.end.memory) +
                          " at end, " + in_mib(result.peak_memory) + " at most (" +
                          in_mib(most_memory) + " allowed)");
  print_row("by quarter", quarters.substr(2));
  print_row("CPU", in_seconds(result.cpu_time));
  print_row("exit status", std::to_string(result.exit_status));
}

void print_errors(const Errors& errors) {
  std::uint64_t total = 0;
  for (const auto& [text, count] : errors) total += count;
  print_row("errors", with_commas(total));
  for (const auto& [text, count] : errors) print_row("", with_commas(count) + " x " + text);
}

bool soak(const Options& options) {
  if (!allow_descriptors(options.connections + kSpareDescriptors)) {
    throw std::runtime_error(
        "cannot open that many connections: the hard descriptor limit is too low");
  }
  print_row("seed", std::to_string(options.seed));
  ServerProgram server({"-H", "127.0.0.1", "--quiet", "--drain-timeout", "1m"}, measurable());
  Crowd crowd(server.endpoint(), options.connections, options.seed);
  const std::size_t most_memory =
      server.resident_memory() + memory_bound(options.connections, ServerSettings{}.max_queue);
  const Result result = drive(options.time, crowd, server);
  const Errors errors = judge(result, crowd, most_memory);
  print_table(options, crowd, result, most_memory);
  print_errors(errors);
  return errors.empty();
}

int run_soak(int argc, char** argv) {
  Options options;
  const OptionTable table = table_of(options);
  const Given given = walk_command_line(argc, argv, table);
  given.expect_no_arguments();
  if (print_instead(given.action, kName, help(table))) return 0;
  return soak(options) ? 0 : 1;
}

}  // namespace
}  // namespace echo::test

int main(int argc, char** argv) {
  using echo::test::kName;
  return echo::run_program(kName, [&] { return echo::test::run_soak(argc, argv); });
}
