#include <getopt.h>
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
#include <string_view>
#include <utility>
#include <vector>

#include "bench/contestants.h"
#include "bench/cores.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/results.h"
#include "bench/work.h"
#include "echo/base/time.h"
#include "echo/cli/options.h"
#include "echo/cli/program.h"
#include "echo/os/log.h"
#include "echo/os/output.h"

namespace echo::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "bench";

constexpr std::string_view kHelpText = R"(Usage: bench [OPTION]...
Lets echo_server and echo servers of other kinds do the same work, one after the
other, each on a core of its own, and ends with tables of what it costs them.

  -r, --rounds N            measure so often, and take the medians (default: 5)
  -t, --time TIME           a measurement lasts so long (default: 700ms)
  -o, --only TEXT           the works whose name has this in it (default: all)
  -s, --server TEXT         the servers whose name has this in it (default: all);
                            epoll, the reference, comes along anyway
  -w, --with PATH           another build of echo_server to compare; may be given
                            more than once
  -f, --csv FILE            write all medians to this file too
      --help                show this text and exit
      --version             show the version and exit

TIME is a number with us, ms, s, m or h; without a unit it counts seconds.

A server that cannot do a work has a dash in the tables, and a line on standard
error says why.

Exit status: 0 if echo_server and epoll did all of the works, 1 if not or if the
system refused, 2 for a wrong command line.
)";

constexpr option kOptions[] = {
    {"rounds", required_argument, nullptr, 'r'},
    {"time", required_argument, nullptr, 't'},
    {"only", required_argument, nullptr, 'o'},
    {"server", required_argument, nullptr, 's'},
    {"with", required_argument, nullptr, 'w'},
    {"csv", required_argument, nullptr, 'f'},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

struct Options {
  Action action = Action::kRun;
  std::size_t rounds = 5;
  Duration time = 700ms;
  std::string only;
  std::string server;
  std::vector<std::string> others;
  std::string csv_file;
};

Options parse_options(int argc, char* const* argv) {
  Options options;
  OptionWalk walk(argc, argv, kOptions);
  for (int val = walk.next(); val != -1; val = walk.next()) {
    switch (val) {
      case 'r':
        options.rounds = number_value("--rounds", walk.value(), 1, 1000);
        break;
      case 't':
        options.time = duration_value("--time", walk.value());
        break;
      case 'o':
        options.only = walk.value();
        break;
      case 's':
        options.server = walk.value();
        break;
      case 'w':
        options.others.push_back(walk.value());
        break;
      case 'f':
        options.csv_file = walk.value();
        break;
      case kHelp:
        options.action = Action::kHelp;
        return options;
      default:
        options.action = Action::kVersion;
        return options;
    }
  }
  walk.expect_no_arguments();
  return options;
}

// Keeps what has the text in its name.
template <typename Named>
void keep(std::vector<Named>& all, const std::string& text) {
  std::erase_if(all,
                [&](const Named& named) { return named.name.find(text) == std::string::npos; });
}

struct Field {
  std::vector<Contestant> contestants;
  std::size_t reference;  // Its place among them.

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

// One line that is written over again and again, for who watches.
void show_progress(const std::string& text) {
  if (::isatty(STDERR_FILENO) == 1) std::cerr << "\r\033[K" << text << std::flush;
}

std::optional<Figures> try_to_measure(const Contestant& contestant, const Work& work, Duration time,
                                      const std::optional<Cores>& cores) {
  try {
    return measure(contestant, work, time, cores);
  } catch (const std::exception& error) {
    show_progress("");
    std::cerr << contestant.name << " cannot do " << work.name << ": " << error.what() << std::endl;
    return std::nullopt;
  }
}

// Each round begins with another server, so that none is always the first.
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

// Returns whether this server, and the one that the others are compared to, could do all of it.
bool bench(const Options& options) {
  const Field field = chosen_field(options);
  Results results(chosen_of(works(), options.only), field.names(), field.reference);
  Log log(STDERR_FILENO, LogLevel::kWarning, Log::Manner::kTool);
  raise_descriptor_limit(log);
  const std::optional<Cores> cores = choose_cores();
  if (!cores) log.warning("there is one core only: the load and the servers share it");
  write_stdout(describe_setting());
  for (std::size_t round = 0; round < options.rounds; ++round) {
    measure_round(round, options, field, cores, results);
  }
  write_stdout(tables(results));
  if (!options.csv_file.empty()) write_file(options.csv_file, csv(results));
  return results.is_complete(0) && results.is_complete(field.reference);
}

int run_bench(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  if (print_instead(options.action, kName, kHelpText)) return 0;
  return bench(options) ? 0 : 1;
}

}  // namespace
}  // namespace echo::bench

int main(int argc, char** argv) {
  using echo::bench::kName;
  return echo::run_program(kName, [&] { return echo::bench::run_bench(argc, argv); });
}
