#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "echo/loop/quiet_set.h"
#include "echo/os/fd_set.h"
#include "sim/dice.h"
#include "sim/seeds.h"
#include "sim/sockets.h"

namespace echo::sim {
namespace {

// What has happened in one schedule, or in many.
struct Tally {
  std::uint64_t idle = 0;      // Descriptors that became idle.
  std::uint64_t woken = 0;     // Idle ones that were probed because of an event.
  std::uint64_t checked = 0;   // Idle ones that were probed because events were lost.
  std::uint64_t disarmed = 0;  // After two periods, not because nothing more is expected.
  std::uint64_t raised = 0;    // Got a high number.
  std::uint64_t lowered = 0;   // Got a low number.
  std::uint64_t lost_events = 0;
  std::uint64_t sleeps = 0;     // While descriptors were idle.
  std::uint64_t forbidden = 0;  // Sleeps, because not all probes fit into one call.
  std::uint64_t left_out = 0;   // Ready descriptors, until the next call.
};

std::size_t divide_rounding_up(std::size_t number, std::size_t by) {
  return (number + by - 1) / by;
}

// A program that uses QuietSet as Selector does, and acts at random.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed, Tally& tally, int traced = -1)
      : dice_(seed), sockets_(dice_, traced), tally_(tally) {
    quiet_set_.reserve(Sockets::kMaxNfds);
    for (FdSet* set : {&inputs_, &outputs_, &kept_active_, &late_}) set->reserve(Sockets::kMaxNfds);
    calls_without_.resize(Sockets::kMaxNfds);
    for (const int fd : sockets_.numbers()) open(fd);
  }

  void run() {
    for (auto left = dice_.between(60, 150); left > 0 && culprit_ < 0; --left) turn();
    tally_.lost_events += sockets_.lost();
  }

  // The descriptor of the first violation; -1 if there is none.
  int culprit() const { return culprit_; }
  std::string describe() const {
    return std::to_string(culprit_) + " " + violation_ + "; what happened to it:\n" +
           sockets_.trace();
  }

 private:
  void turn() {
    if (dice_.one_in(8)) {
      ask_about_outputs();
    } else {
      ask_about_all();
    }
    handle_results();
    if (dice_.one_in(4)) act_on(sockets_.any());
    if (dice_.one_in(4)) sockets_.act();
    check_sets();
  }

  void ask_about_outputs() {
    sockets_.note("-- call about outputs alone");
    readable_.clear();
    exceptional_.clear();
    quiet_set_.copy_active(outputs_, writable_);
    sockets_.select(readable_, writable_, exceptional_);
  }

  void ask_about_all() {
    idle_ = quiet_set_.idle();
    const std::uint64_t disarmed = sockets_.disarmed();
    const std::uint64_t changes = sockets_.changes();
    quiet_set_.begin_call();
    if (sockets_.changes() > changes + QuietSet::kMaxChanges) violate(0, "is one change too many");
    tally_.disarmed += sockets_.disarmed() - disarmed;
    tally_.checked += count_new(idle_, quiet_set_.idle());
    quiet_set_.copy_active(inputs_, to_read_);
    quiet_set_.copy_active(outputs_, to_write_);
    quiet_set_.add_events(to_read_);
    const bool must_not_sleep = quiet_set_.must_not_sleep();
    if (must_not_sleep) ++tally_.forbidden;
    trace_state();
    if (dice_.one_in(2)) sockets_.act();

    // Sometimes without sleep, as with a timeout of zero.
    const bool may_sleep = !must_not_sleep && !dice_.one_in(8);
    int ready = may_sleep ? sleep() : select();
    // A signal interrupts the call.
    if (dice_.one_in(64)) {
      for (FdSet* set : {&readable_, &writable_, &exceptional_}) set->clear();
      return;
    }
    sockets_.note("-- results");
    count_left_out();
    ready += act_late();
    idle_ = quiet_set_.idle();
    quiet_set_.note(ready, readable_, writable_, exceptional_);
    tally_.idle += count_new(quiet_set_.idle(), idle_);
    tally_.woken += count_new(idle_, quiet_set_.idle());
  }

  void trace_state() {
    const int fd = sockets_.traced();
    if (fd < 0) return;
    sockets_.note("-- call");
    if (quiet_set_.idle().contains(fd)) sockets_.note("is idle");
    if (quiet_set_.probing().contains(fd)) sockets_.note("is probed");
  }

  int select() {
    readable_ = to_read_;
    writable_ = to_write_;
    exceptional_ = to_read_;
    return sockets_.select(readable_, writable_, exceptional_);
  }

  // Times out after some actions of the peers.
  int sleep() {
    auto left = dice_.up_to(8);
    for (;; --left) {
      const int ready = select();
      if (ready > 0) return ready;
      find_missed();
      if (const int fd = missed_.next(0); fd >= 0) violate(fd, "is ready, but select() sleeps");
      if (!quiet_set_.idle().empty()) ++tally_.sleeps;
      if (left == 0) return 0;
      sockets_.act();
    }
  }

  // The peers act between select() and its evaluation. select() checks one descriptor after
  // another, so it may already report an event of a socket that it has found not ready. Returns the
  // number of additional results.
  int act_late() {
    if (!dice_.one_in(2)) return 0;
    sockets_.act();
    const int queue = sockets_.queue();
    if (sockets_.unreadable().contains(queue) || readable_.contains(queue) ||
        !to_read_.contains(queue) || dice_.one_in(2)) {
      return 0;
    }
    readable_.insert(queue);
    return 1;
  }

  // Finds the descriptors that are ready, but that the call does not ask about.
  void find_missed() {
    missed_ = inputs_;
    missed_.erase_all(sockets_.unreadable());
    rest_ = inputs_;
    rest_.erase_all(sockets_.unexceptional());
    missed_.insert_all(rest_);
    missed_.erase_all(to_read_);
    rest_ = outputs_;
    rest_.erase_all(sockets_.unwritable());
    rest_.erase_all(to_write_);
    missed_.insert_all(rest_);
  }

  // How many calls in a row may leave out a ready descriptor: as many as it takes to read the queue
  // up to its event, or to probe all descriptors after a loss. A loss is reported before the
  // events.
  std::size_t max_calls_without() const {
    return std::max(divide_rounding_up(sockets_.longest_queue(), sockets_.max_taken()),
                    divide_rounding_up(sockets_.numbers().size(), QuietSet::kMaxChanges));
  }

  void count_left_out() {
    find_missed();
    late_.erase_all(missed_);
    for (const int fd : late_) calls_without_[static_cast<std::size_t>(fd)] = 0;
    late_ = missed_;
    for (const int fd : late_) {
      ++tally_.left_out;
      sockets_.note(fd, "is left out though ready");
      if (++calls_without_[static_cast<std::size_t>(fd)] > max_calls_without()) {
        violate(fd, "is ready, but too many calls leave it out");
      }
    }
  }

  void check_sets() {
    const FdSet& idle = quiet_set_.idle();
    expect_none(idle, {&sockets_.armed()}, "is idle, but not armed");
    expect_none(idle, {&inputs_, &outputs_}, "is idle, but nothing is expected of it");
    expect_none(sockets_.armed(), {&idle, &quiet_set_.probing()},
                "is armed, but neither idle nor probing");
    for (const int fd : kept_active_) {
      if (sockets_.armed().contains(fd)) violate(fd, "is armed, but must stay active");
    }
  }

  std::size_t count_new(const FdSet& set, const FdSet& before) {
    rest_ = set;
    rest_.erase_all(before);
    return rest_.size();
  }

  void expect_none(const FdSet& set, std::initializer_list<const FdSet*> except,
                   const char* violation) {
    rest_ = set;
    for (const FdSet* others : except) rest_.erase_all(*others);
    if (const int fd = rest_.next(0); fd >= 0) violate(fd, violation);
  }

  void violate(int fd, const char* violation) {
    if (culprit_ >= 0) return;
    culprit_ = fd;
    violation_ = violation;
  }

  // --- What the program does

  void handle_results() {
    for (const int fd : readable_) handle_input(fd);
    for (const int fd : exceptional_) handle_input(fd);
    for (const int fd : writable_) handle_output(fd);
  }

  // Mostly reads everything. Otherwise the rest stays.
  void handle_input(int fd) {
    const auto choice = dice_.up_to(31);
    if (choice == 0) return close(fd);
    if (choice < 28) sockets_.read(fd);
    if (choice < 6) watch(outputs_, fd, true);
    if (choice == 6 || choice == 28) watch(inputs_, fd, false);
  }

  // Mostly writes everything that it has. Otherwise there is no room for the rest, or not yet
  // enough output.
  void handle_output(int fd) {
    const auto choice = dice_.up_to(15);
    if (choice < 4) sockets_.fill(fd);
    if (choice > 1 && choice < 14) watch(outputs_, fd, false);
  }

  // Without a result, for example because of a timer.
  void act_on(int fd) {
    if (!sockets_.is_open(fd)) return open(fd);
    switch (dice_.up_to(15)) {
      case 0:
        close(fd);
        break;
      case 1:
        close(fd);
        open(fd);
        break;
      case 2:
        sockets_.note(fd, "is kept active");
        kept_active_.insert(fd);
        quiet_set_.keep_active(fd);
        break;
      case 3:
        sockets_.read(fd);
        break;
      case 4:
      case 5:
      case 6:
        sockets_.fill(fd);
        watch(outputs_, fd, true);
        break;
      case 7:
      case 8:
      case 9:
        watch(inputs_, fd, !inputs_.contains(fd));
        break;
      default:
        watch(outputs_, fd, !outputs_.contains(fd));
    }
  }

  void open(int fd) {
    sockets_.open(fd);
    watch(inputs_, fd, true);
  }

  // Sometimes no number is free, or no memory.
  int renumber(int fd, int at_least) {
    if (dice_.one_in(8)) return fd;
    if (sockets_.armed().contains(fd)) violate(fd, "is armed, but gets another number");
    const int number = sockets_.renumber(fd, at_least);
    if (number == fd) return fd;
    for (FdSet* set : {&inputs_, &outputs_, &kept_active_, &late_}) set->replace(fd, number);
    calls_without_[static_cast<std::size_t>(number)] = calls_without_[static_cast<std::size_t>(fd)];
    quiet_set_.replace(fd, number);
    ++(number > fd ? tally_.raised : tally_.lowered);
    return number;
  }

  void close(int fd) {
    for (FdSet* set : {&inputs_, &outputs_, &readable_, &writable_, &exceptional_}) set->erase(fd);
    kept_active_.erase(fd);
    quiet_set_.forget(fd);
    sockets_.close(fd);
  }

  // As Selector::watch().
  void watch(FdSet& set, int fd, bool wanted) {
    if (set.contains(fd) == wanted) return;
    sockets_.note(fd, wanted ? "is expected to do more" : "is expected to do less");
    if (wanted) {
      set.insert(fd);
      quiet_set_.add(fd);
    } else {
      set.erase(fd);
      if (!inputs_.contains(fd) && !outputs_.contains(fd)) quiet_set_.remove(fd);
    }
  }

  Dice dice_;
  Sockets sockets_;
  QuietSet quiet_set_{true, [this](int fd, int at_least) { return renumber(fd, at_least); }};
  FdSet inputs_;
  FdSet outputs_;
  FdSet kept_active_;
  FdSet to_read_;   // The request of the last call: for input and exceptional conditions,
  FdSet to_write_;  // and for output.
  FdSet readable_;  // Its results.
  FdSet writable_;
  FdSet exceptional_;
  FdSet idle_;                              // Before the last change.
  FdSet missed_;                            // Left out of the last call though ready.
  FdSet late_;                              // As missed_, of the call before.
  FdSet rest_;                              // Working memory, so that no turn allocates.
  std::vector<std::size_t> calls_without_;  // For each: calls in a row that left it out.
  int culprit_ = -1;
  std::string violation_;
  Tally& tally_;
};

std::string simulate(std::uint64_t seed) {
  Tally tally;
  Schedule schedule(seed, tally);
  schedule.run();
  if (schedule.culprit() < 0) return "";
  Schedule again(seed, tally, schedule.culprit());
  again.run();
  return again.describe();
}

TEST(QuietSetSimulation, NeverSleepsThroughAnEvent) { run_seeds(&simulate); }

// Without these the test above would prove little. The seeds are always the same.
TEST(QuietSetSimulation, ReachesAllTransitions) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) Schedule(seed, tally).run();
  EXPECT_GT(tally.idle, 1000U);
  EXPECT_GT(tally.woken, 1000U);
  EXPECT_GT(tally.checked, 1000U);
  EXPECT_GT(tally.disarmed, 1000U);
  EXPECT_GT(tally.raised, 1000U);
  EXPECT_GT(tally.lowered, 100U);
  EXPECT_GT(tally.lost_events, 1000U);
  EXPECT_GT(tally.sleeps, 1000U);
  EXPECT_GT(tally.forbidden, 50U);
  EXPECT_GT(tally.left_out, 1000U);
}

}  // namespace
}  // namespace echo::sim

int main(int argc, char** argv) { return echo::sim::run_simulation(argc, argv, 5000); }
