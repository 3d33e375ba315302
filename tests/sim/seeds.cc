#include "sim/seeds.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include "echo/base/usage_error.h"
#include "echo/cli/options.h"

// Defined only with a sanitizer, which ends the program without a signal
// (sanitizer/common_interface_defs.h).
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl*): its name
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace echo::sim {
namespace {

// The seeds to run: `count` seeds from `first` on. The default is small enough for every test run.
struct Seeds {
  std::uint64_t first = 1;
  std::optional<std::uint64_t> count{};
  std::uint64_t default_count = 1;

  std::uint64_t end() const { return first + count.value_or(default_count); }
};

// NOLINTBEGIN(*-non-const-global-variables): the command line and the signals are the process's
Seeds seeds;
std::string last_words;
std::map<int, struct sigaction> old_actions;
// NOLINTEND(*-non-const-global-variables)

// More processor time than any seed needs, even on a slow machine with sanitizers. A simulation
// never waits, so an endless seed uses processor time.
constexpr itimerval kMaxOfASeed{.it_interval = {}, .it_value = {.tv_sec = 10, .tv_usec = 0}};
constexpr itimerval kNoLimit{};

void print_last_words() {
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, last_words.data(), last_words.size());
}

// Reports a seed that crashes or hangs, then restores the old action. A crash repeats its signal by
// itself; a timer does not.
extern "C" void print_last_words_of(int signal) {
  print_last_words();
  ::sigaction(signal, &old_actions[signal], nullptr);
  if (signal == SIGPROF) static_cast<void>(::raise(signal));
}

void print_last_words_at(int signal) {
  struct sigaction action {};
  action.sa_handler = &print_last_words_of;
  ::sigaction(signal, &action, &old_actions[signal]);
}

void read_command_line(int argc, char** argv) {
  const OptionTable table{
      {'s', "seed", "S", "run that seed",
       [](auto& value) {
         seeds.first = value.number(0, UINT64_MAX);
         seeds.default_count = 1;
       }},
      {'n', "seeds", "N", "run N seeds",
       [](auto& value) { seeds.count = value.number(1, UINT64_MAX); }},
  };
  walk_command_line(argc, argv, table).expect_no_arguments();
}

}  // namespace

void run_seeds(std::string (*simulate)(std::uint64_t seed)) {
  for (std::uint64_t seed = seeds.first; seed != seeds.end(); ++seed) {
    last_words = "died at --seed " + std::to_string(seed) + '\n';
    ::setitimer(ITIMER_PROF, &kMaxOfASeed, nullptr);
    const std::string violation = simulate(seed);
    ::setitimer(ITIMER_PROF, &kNoLimit, nullptr);
    if (!violation.empty()) FAIL() << "--seed " << seed << ": " << violation;
  }
}

int run_simulation(int argc, char** argv, std::uint64_t default_count) {
  testing::InitGoogleTest(&argc, argv);
  seeds.default_count = default_count;
  try {
    read_command_line(argc, argv);
  } catch (const UsageError& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return 2;
  }
  for (const int signal : {SIGSEGV, SIGABRT, SIGPROF}) print_last_words_at(signal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(&print_last_words);
  return RUN_ALL_TESTS();
}

}  // namespace echo::sim
