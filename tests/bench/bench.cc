#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/contestants.h"
#include "bench/cores.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/results.h"
#include "bench/work.h"
#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/cli/options.h"
#include "echo/cli/program.h"
#include "echo/os/log.h"
#include "echo/os/output.h"

namespace echo::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "bench";

struct Options {
  std::size_t rounds = 5;
  Duration time = 700ms;
  std::string only;
  std::string server;
  std::vector<std::string> others;
  std::string csv_file;
};

OptionTable table_of(Options& options) {
  return {
      {'r', "rounds", "N", "Run N rounds and report medians",
       [&](auto& value) { options.rounds = value.number(1, std::size_t{1000}); },
       std::to_string(options.rounds)},
      {'t', "time", "TIME", "Measure each workload for TIME",
       [&](auto& value) { options.time = value.duration(); }, format_duration(options.time)},
      {'o', "only", "TEXT", "Run only workloads whose name contains TEXT",
       [&](auto& value) { options.only = value.text; }, "all"},
      {'s', "server", "TEXT", "Run only servers whose name contains TEXT, and epoll, the reference",
       [&](auto& value) { options.server = value.text; }, "all"},
      {'w', "with", "PATH", "Compare another build of echo_server; repeat it for more builds",
       [&](auto& value) { options.others.push_back(value.text); }},
      {'f', "csv", "FILE", "Write all medians to FILE as well",
       [&](auto& value) { options.csv_file = value.text; }},
  };
}

std::string help(const OptionTable& table) {
  return R"(Usage: bench [OPTION]...
Runs the same workloads on echo_server and on other echo servers, one after
another. The server and the load run on separate cores. Prints tables of CPU time,
throughput, latency and memory.

)" + options_help(table) +
         R"(
If a server fails on a workload, the tables show a dash, and a line on standard
error gives the reason.

Exit status: 0 if echo_server and epoll completed all workloads, 1 if not or
after an error, 2 for a wrong command line.
)";
}

// Keeps the elements whose name contains the text.
template <typename Named>
void keep(std::vector<Named>& all, const std::string& text) {
  std::erase_if(all,
                [&](const Named& named) { return named.name.find(text) == std::string::npos; });
}

struct Field {
  std::vector<Contestant> contestants;
  std::size_t reference;  // An index into `contestants`.

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Contestant& contestant : contestants) names.push_back(contestant.name);
    return names;
  }
};

Field chosen_field(const Options& options) {
  std::vector<Contestant> chosen = echo_servers(options.others);
  keep(chosen, options.others.empty() ? options.server : std::string());
  const std::size_t place = chosen.size();
  chosen.push_back(reference());
  std::vector<Contestant> others = peers();
  keep(others, options.server);
  std::move(others.begin(), others.end(), std::back_inserter(chosen));
  return {.contestants = std::move(chosen), .reference = place};
}

// Overwrites one line on a terminal with the current step.
void show_progress(const std::string& text) {
  if (::isatty(STDERR_FILENO) == 1) std::cerr << "\r\033[K" << text << std::flush;
}

std::optional<Figures> try_to_measure(const Contestant& contestant, const Work& work, Duration time,
                                      const std::optional<Cores>& cores) {
  try {
    return measure(contestant, work, time, cores);
  } catch (const std::exception& error) {
    show_progress("");
    std::cerr << contestant.name << " failed on " << work.name << ": " << error.what() << std::endl;
    return std::nullopt;
  }
}

// Each round starts with another server, so that no server is always the first.
void measure_round(std::size_t round, const Options& options, const Field& field,
                   const std::optional<Cores>& cores, Results& results) {
  const std::size_t count = field.contestants.size();
  for (std::size_t work = 0; work < results.works().size(); ++work) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t server = (round + i) % count;
      const Contestant& contestant = field.contestants[server];
      show_progress("round " + std::to_string(round + 1) + " of " + std::to_string(options.rounds) +
                    ": " + results.works()[work].name + ", " + contestant.name);
      results.add(work, server,
                  try_to_measure(contestant, results.works()[work], options.time, cores));
    }
  }
  show_progress("");
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path);
}

// True if echo_server of this build and the reference completed all workloads.
bool bench(const Options& options) {
  const Field field = chosen_field(options);
  Results results(chosen_of(works(), options.only), field.names(), field.reference);
  Log log(STDERR_FILENO, LogLevel::kWarning, Log::Mode::kTool);
  raise_descriptor_limit(log);
  const std::optional<Cores> cores = choose_cores();
  if (!cores) log.warning("only one core is available: the load and the servers share it");
  write_stdout(describe_setting());
  for (std::size_t round = 0; round < options.rounds; ++round) {
    measure_round(round, options, field, cores, results);
  }
  write_stdout(tables(results));
  if (!options.csv_file.empty()) write_file(options.csv_file, csv(results));
  return results.is_complete(0) && results.is_complete(field.reference);
}

int run_bench(int argc, char** argv) {
  Options options;
  const OptionTable table = table_of(options);
  const Given given = walk_command_line(argc, argv, table);
  given.expect_no_arguments();
  if (print_instead(given.action, kName, help(table))) return 0;
  return bench(options) ? 0 : 1;
}

}  // namespace
}  // namespace echo::bench

int main(int argc, char** argv) {
  using echo::bench::kName;
  return echo::run_program(kName, [&] { return echo::bench::run_bench(argc, argv); });
}
