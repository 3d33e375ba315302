#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/cores.h"
#include "bench/measure.h"
#include "bench/results.h"
#include "bench/work.h"
#include "echo/cli/options.h"
#include "echo/cli/program.h"
#include "echo/os/log.h"
#include "echo/os/output.h"
#include "support/program.h"

namespace echo::bench {
namespace {

constexpr const char* kName = "client_bench";

struct Options {
  std::size_t rounds = 7;
  std::string only;
};

OptionTable table_of(Options& options) {
  return {
      {'r', "rounds", "N", "Run N rounds and report medians",
       [&](auto& value) { options.rounds = value.number(1, std::size_t{1000}); },
       std::to_string(options.rounds)},
      {'o', "only", "TEXT", "Run only workloads whose name contains TEXT",
       [&](auto& value) { options.only = value.text; }, "all"},
  };
}

std::string help(const OptionTable& table) {
  return R"(Usage: client_bench [OPTION]...
Runs the same workloads on one echo_server with echo_client and, in turn, with a
bare epoll client that checks and measures nothing. The clients and the server
run on separate cores. Prints a table of the CPU time per message.

)" + options_help(table) +
         R"(
Exit status: 0 if both clients completed all workloads, 1 if not, 2 for a wrong
command line.
)";
}

std::vector<Work> client_works() {
  return {
      {.name = "1 x 64 B", .busy = 1, .idle = 0, .bytes = 64},
      {.name = "50 x 64 B", .busy = 50, .idle = 0, .bytes = 64},
      {.name = "1000 x 64 B", .busy = 1000, .idle = 0, .bytes = 64},
      {.name = "50 x 64 B, 100 deep", .busy = 50, .idle = 0, .bytes = 64, .depth = 100},
      {.name = "8 x 16 KiB", .busy = 8, .idle = 0, .bytes = 16'384},
      {.name = "1 x 64 B + 9000 idle", .busy = 1, .idle = 9000, .bytes = 64},
  };
}

// The number of messages for about a second of work, so that connecting costs little in comparison.
std::uint64_t messages_of(const Work& work) {
  if (work.depth > 1) return 5'000'000;
  if (work.bytes > 1000) return 60'000;
  return work.busy == 1 ? 50'000 : 200'000;
}

using Words = std::vector<std::string>;
using CommandOf = Words (*)(std::uint16_t port, const Work& work, std::uint64_t messages);

Words echo_client(std::uint16_t port, const Work& work, std::uint64_t messages) {
  return {ECHO_CLIENT,
          "-4",
          "--quiet",
          "-p" + std::to_string(port),
          "-c" + std::to_string(work.busy),
          "--idle=" + std::to_string(work.idle),
          "-n" + std::to_string(messages),
          "-s" + std::to_string(work.bytes),
          "-P" + std::to_string(work.depth)};
}

Words epoll_client(std::uint16_t port, const Work& work, std::uint64_t messages) {
  return {BENCH_EPOLL_CLIENT,        std::to_string(port),     std::to_string(work.busy),
          std::to_string(work.idle), std::to_string(messages), std::to_string(work.bytes),
          std::to_string(work.depth)};
}

struct ClientProgram {
  std::string name;
  CommandOf command;
};

std::vector<ClientProgram> clients() {
  return {{.name = "echo_client", .command = echo_client},
          {.name = "epoll", .command = epoll_client}};
}
constexpr std::size_t kReference = 1;  // The index of epoll in clients().

// CPU time of all children that have ended.
double cpu_us_of_children() {
  using Microseconds = std::chrono::duration<double, std::micro>;
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto us = [](const timeval& time) {
    return Microseconds(std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec})
        .count();
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

double cpu_us_of(const Words& command) {
  const double before = cpu_us_of_children();
  test::Program client(command.front(), {command.begin() + 1, command.end()});
  if (client.wait_for_exit() != 0) throw std::runtime_error(command.front() + " failed");
  return cpu_us_of_children() - before;
}

// Subtracts the cost of starting and connecting: the cost of a run with one message per connection.
double cpu_us_a_message(const ClientProgram& client, std::uint16_t port, const Work& work) {
  const std::uint64_t messages = messages_of(work) / work.busy;
  const double start = cpu_us_of(client.command(port, work, 1));
  const double all = cpu_us_of(client.command(port, work, messages));
  return (all - start) / static_cast<double>((messages - 1) * work.busy);
}

std::string table(const Results& results) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2);
  text << "CPU time of the client, us per message; medians\n"
       << std::left << std::setw(24) << "" << std::right << std::setw(12) << "echo_client"
       << std::setw(12) << "epoll" << std::setw(12) << "ratio"
       << "\n";
  for (std::size_t work = 0; work < results.works().size(); ++work) {
    text << std::left << std::setw(24) << results.works()[work].name << std::right;
    for (std::size_t client = 0; client < results.servers().size(); ++client) {
      text << std::setw(12) << results.median(work, client, &Figures::cpu_us).value();
    }
    text << std::setw(12) << results.ratio(work, 0).value() << "\n";
  }
  return text.str();
}

void bench(const Options& options) {
  const std::vector<Work> works = chosen_of(client_works(), options.only);
  Log log(STDERR_FILENO, LogLevel::kWarning, Log::Mode::kTool);
  raise_descriptor_limit(log);
  const std::optional<Cores> cores = choose_cores();
  if (!cores) log.warning("only one core is available: the clients and the server share it");

  const std::vector<ClientProgram> all = clients();
  Results results(works, {all[0].name, all[1].name}, kReference);
  if (cores) stay_on(cores->server);
  test::ServerProgram server({"--quiet"});
  if (cores) stay_on(cores->load);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (std::size_t work = 0; work < works.size(); ++work) {
      for (std::size_t turn = 0; turn < all.size(); ++turn) {
        const std::size_t client = (round + turn) % all.size();  // No client is always the first.
        const double cpu = cpu_us_a_message(all[client], server.port(), works[work]);
        Figures figures{};
        figures.cpu_us = cpu;
        results.add(work, client, figures);
      }
    }
  }
  write_stdout(table(results));
}

int run_bench(int argc, char** argv) {
  Options options;
  const OptionTable table = table_of(options);
  const Given given = walk_command_line(argc, argv, table);
  given.expect_no_arguments();
  if (print_instead(given.action, kName, help(table))) return 0;
  bench(options);
  return 0;
}

}  // namespace
}  // namespace echo::bench

int main(int argc, char** argv) {
  using echo::bench::kName;
  return echo::run_program(kName, [&] { return echo::bench::run_bench(argc, argv); });
}
