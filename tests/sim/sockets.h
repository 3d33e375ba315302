#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "echo/os/fd_set.h"
#include "sim/dice.h"

namespace echo::sim {

// Sockets whose peers act at random. Each socket is busy or silent, which changes now and then.
// The amounts of data do not matter: a socket has input or none, and room for output or none.
//
// While the object lives, SignalDrivenIo reports the events of these sockets, as Linux does. Each
// arrival on an armed socket is an event. Room for output is an event only if select() has found
// none while the socket was armed. Events stay in the queue if the socket is closed. If the
// queue is full, an event is lost, which the next take() reports.
class Sockets {
 public:
  // All numbers and limits are random. trace() describes what happens to the descriptor `traced`;
  // -1: none.
  Sockets(Dice& dice, int traced);
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
  ~Sockets();

  // --- What the program does
  void open(int fd);
  void close(int fd);
  void read(int fd);  // All input.
  void fill(int fd);  // Leaves no room for output.
  // Gives the socket the lowest free number from `at_least` on, unless its own is lower. Returns
  // its number.
  int renumber(int fd, int at_least);
  // As select(2), without sleep: changes the request into the results and counts them.
  int select(FdSet& readable, FdSet& writable, FdSet& exceptional);

  // --- What SignalDrivenIo does
  bool arm(int fd);
  void disarm(int fd);
  bool take(const std::function<void(int fd)>& happened);

  // --- What the peers do: one or more actions
  void act();

  const std::vector<int>& numbers() const { return numbers_; }
  // More than any number that the sockets may have.
  static constexpr int kMaxNfds = 4096;
  int any() { return numbers_[dice_.up_to(numbers_.size() - 1)]; }
  bool is_open(int fd) const { return open_.contains(fd); }
  int queue() const { return queue_; }  // The descriptor of the events.
  const FdSet& armed() const { return armed_; }
  // What select() does not report. The queue is among them while it has no events.
  const FdSet& unreadable() const { return unreadable_; }
  const FdSet& unwritable() const { return full_; }
  const FdSet& unexceptional() const { return not_urgent_; }

  std::size_t longest_queue() const { return longest_queue_; }  // The most events until now.
  std::size_t max_taken() const { return max_taken_; }
  std::uint64_t disarmed() const { return disarmed_; }
  std::uint64_t changes() const { return armings_ + disarmed_; }
  std::uint64_t lost() const { return lost_; }

  int traced() const { return traced_; }
  void note(int fd, const char* what) {
    if (fd == traced_) note(what);
  }
  void note(const char* what) {
    if (traced_ >= 0) trace_.append("  ").append(what) += '\n';
  }
  const std::string& trace() const { return trace_; }

 private:
  std::array<FdSet*, 8> sets();
  void change_mode();
  void receive(int fd);
  void free_one();
  void queue_event(int fd);

  Dice& dice_;
  std::vector<int> numbers_;
  int queue_;
  std::size_t max_queued_;
  std::size_t max_taken_;
  std::uint64_t silence_;         // One in N arrivals is on any socket, not on a busy one.
  std::uint64_t unarmable_rate_;  // One in N sockets cannot be armed; 0: none.
  std::vector<int> busy_;
  FdSet taken_;  // Numbers that are not free.
  FdSet open_;
  FdSet unarmable_;
  FdSet armed_;
  FdSet unreadable_;
  FdSet not_urgent_;
  FdSet full_;
  FdSet awaits_room_;  // Room is an event.
  std::deque<int> events_;
  std::size_t longest_queue_ = 0;
  bool has_lost_ = false;
  std::uint64_t armings_ = 0;
  std::uint64_t disarmed_ = 0;
  std::uint64_t lost_ = 0;
  int traced_;
  std::string trace_;
};

}  // namespace echo::sim
