#include "sim/sockets.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "echo/loop/quiet_set.h"
#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"
#include "sim/dice.h"

namespace echo {
namespace sim {
namespace {

// NOLINTNEXTLINE(*-non-const-global-variables): SignalDrivenIo::disarm() is static
Sockets* current = nullptr;

constexpr std::size_t kMany = SignalDrivenIo::kMaxQueued;

// A crowd has more than one call may probe.
std::vector<int> random_numbers(Dice& dice) {
  const std::uint64_t count =
      dice.one_in(16) ? dice.between(QuietSet::kMaxChanges, 600) : dice.between(20, 100);
  const std::uint64_t gap = dice.one_of({0U, 1U, 4U});
  std::vector<int> numbers;
  for (int fd = 3; numbers.size() <= count; ++fd) {
    fd += static_cast<int>(dice.up_to(gap));
    numbers.push_back(fd);
  }
  return numbers;
}

int take_one(std::vector<int>& numbers, Dice& dice) {
  const auto at = numbers.begin() + static_cast<std::ptrdiff_t>(dice.up_to(numbers.size() - 1));
  const int fd = *at;
  numbers.erase(at);
  return fd;
}

}  // namespace

Sockets::Sockets(Dice& dice, int traced)
    : dice_(dice),
      numbers_(random_numbers(dice)),
      queue_(take_one(numbers_, dice)),
      max_queued_(dice.one_of<std::size_t>({0, 1, 4, 20, kMany, kMany})),
      max_taken_(dice.one_of<std::size_t>({1, 4, SignalDrivenIo::kMaxTaken})),
      silence_(dice.one_of({4U, 16U, 64U})),
      unarmable_rate_(dice.one_of({0U, 0U, 0U, 8U})),
      traced_(traced) {
  for (FdSet* set : sets()) set->reserve(kMaxNfds);
  for (const int fd : numbers_) taken_.insert(fd);
  taken_.insert(queue_);
  for (FdSet* set : {&unreadable_, &not_urgent_}) set->insert(queue_);
  for (auto left = dice_.length(8); left > 0; --left) busy_.push_back(any());
  current = this;
}

Sockets::~Sockets() { current = nullptr; }

std::array<FdSet*, 8> Sockets::sets() {
  return {&taken_, &open_, &unarmable_, &armed_, &unreadable_, &not_urgent_, &full_, &awaits_room_};
}

void Sockets::open(int fd) {
  note(fd, "opened");
  open_.insert(fd);
  if (unarmable_rate_ > 0 && dice_.one_in(unarmable_rate_)) unarmable_.insert(fd);
  for (FdSet* set : {&unreadable_, &not_urgent_}) set->insert(fd);
}

void Sockets::close(int fd) {
  note(fd, "closed");
  for (FdSet* set : {&open_, &unarmable_, &armed_, &full_, &awaits_room_}) set->erase(fd);
}

void Sockets::read(int fd) {
  note(fd, "read");
  for (FdSet* set : {&unreadable_, &not_urgent_}) set->insert(fd);
}

void Sockets::fill(int fd) {
  note(fd, "filled");
  full_.insert(fd);
}

int Sockets::renumber(int fd, int at_least) {
  int number = at_least;
  while (number < 3 || taken_.contains(number)) ++number;
  if (at_least <= fd && number > fd) return fd;
  note(fd, "gets another number");
  note(number, "is another's new number");
  for (FdSet* set : sets()) set->replace(fd, number);
  for (std::vector<int>* numbers : {&numbers_, &busy_}) {
    std::replace(numbers->begin(), numbers->end(), fd, number);
  }
  return number;
}

int Sockets::select(FdSet& readable, FdSet& writable, FdSet& exceptional) {
  for (const int fd : full_) {
    const bool is_asked = readable.contains(fd) || writable.contains(fd);
    if (is_asked && armed_.contains(fd)) awaits_room_.insert(fd);
  }
  readable.erase_all(unreadable_);
  writable.erase_all(full_);
  exceptional.erase_all(not_urgent_);
  return static_cast<int>(readable.size() + writable.size() + exceptional.size());
}

bool Sockets::arm(int fd) {
  note(fd, "to be armed");
  ++armings_;
  if (unarmable_.contains(fd)) return false;
  armed_.insert(fd);
  return true;
}

void Sockets::disarm(int fd) {
  note(fd, "disarmed");
  ++disarmed_;
  for (FdSet* set : {&armed_, &awaits_room_}) set->erase(fd);
}

// The signal for lost events has a lower number than the other one, so the kernel passes it first.
bool Sockets::take(const std::function<void(int fd)>& happened) {
  const bool is_complete = !std::exchange(has_lost_, false);
  if (!is_complete) note("a loss of events is reported");
  for (std::size_t left = max_taken_; left > 0 && !events_.empty(); --left) {
    note(events_.front(), "event taken");
    happened(events_.front());
    events_.pop_front();
  }
  if (events_.empty()) unreadable_.insert(queue_);
  return is_complete;
}

void Sockets::act() {
  if (dice_.one_in(16)) change_mode();
  // Many at the same time: they fill the queue.
  const std::size_t arrivals = dice_.one_in(32) ? dice_.length(40) : 1;
  for (std::size_t i = 0; i < arrivals; ++i) {
    const bool is_busy = i == 0 && !busy_.empty() && !dice_.one_in(silence_);
    receive(is_busy ? busy_[dice_.up_to(busy_.size() - 1)] : any());
  }
  if (dice_.one_in(2)) free_one();
}

void Sockets::change_mode() {
  if (!busy_.empty() && dice_.one_in(2)) {
    std::swap(busy_[dice_.up_to(busy_.size() - 1)], busy_.back());
    busy_.pop_back();
  } else if (busy_.size() < 8) {
    busy_.push_back(any());
  }
}

void Sockets::receive(int fd) {
  if (!open_.contains(fd)) return;
  note(fd, "receives");
  (dice_.one_in(16) ? not_urgent_ : unreadable_).erase(fd);
  if (armed_.contains(fd)) queue_event(fd);
}

void Sockets::free_one() {
  int fd = full_.next(any());
  if (fd < 0) fd = full_.next(0);
  if (fd < 0) return;
  note(fd, "has room");
  full_.erase(fd);
  if (!awaits_room_.contains(fd)) return;
  awaits_room_.erase(fd);
  queue_event(fd);
}

void Sockets::queue_event(int fd) {
  if (events_.size() < max_queued_) {
    note(fd, "event queued");
    events_.push_back(fd);
    longest_queue_ = std::max(longest_queue_, events_.size());
  } else {
    note(fd, "event lost");
    ++lost_;
    has_lost_ = true;
  }
  unreadable_.erase(queue_);
}

}  // namespace sim

// The queue is a number only, so nothing must close it.
SignalDrivenIo::SignalDrivenIo() noexcept : queue_(sim::current->queue()) {}
SignalDrivenIo::~SignalDrivenIo() { static_cast<void>(queue_.release()); }

bool SignalDrivenIo::arm(int fd) const noexcept { return sim::current->arm(fd); }
void SignalDrivenIo::disarm(int fd) noexcept { sim::current->disarm(fd); }

bool SignalDrivenIo::take(const std::function<void(int fd)>& happened) const {
  return sim::current->take(happened);
}

}  // namespace echo
