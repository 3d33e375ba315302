#include "bench/soak_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <system_error>
#include <utility>

#include "echo/base/format.h"
#include "echo/os/socket.h"
#include "support/socket_pair.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kK = 1024;
constexpr std::size_t kM = 1024 * kK;

constexpr std::array kHabits{
    //    name, share, most_sent, longest_message, waits, most_read, rest, leaving
    Habit{"patient", 1, 4 * kM, kM, true, 64 * kK, 0s, Leaving::kOnceAllIsBack},
    Habit{"chatterer", 1, 4 * kK, 64, true, 64 * kK, 0s, Leaving::kOnceAllIsBack},
    Habit{"pipeliner", 1, 4 * kM, 16 * kK, false, 64 * kK, 0s, Leaving::kOnceAllIsBack},
    Habit{"dribbler", 1, 4 * kK, 1, false, 64 * kK, 0s, Leaving::kOnceAllIsBack},
    Habit{"slow reader", 1, 512 * kK, 64 * kK, false, 2 * kK, 2ms, Leaving::kOnceAllIsBack},
    Habit{"half-closer", 1, kM, 64 * kK, false, 64 * kK, 0s, Leaving::kByHalfClose},
    Habit{"slow half-closer", 1, 512 * kK, 64 * kK, false, 2 * kK, 2ms, Leaving::kByHalfClose},
    Habit{"resetter", 1, kM, 64 * kK, false, 64 * kK, 0s, Leaving::kByReset},
    Habit{"urgent sender", 1, 64 * kK, kK, false, 64 * kK, 0s, Leaving::kByUrgentData},
    Habit{"never-reader", 0.1, 64 * kM, 64 * kK, false, 0, 0s, Leaving::kAfterAWhile},
    Habit{"passer-by", 1, 0, 1, false, 64 * kK, 0s, Leaving::kOnceAllIsBack},
};

// The life of a client that waits for nothing.
constexpr Duration kAWhile = 5s;

// Time without progress after which the other clients fail.
constexpr Duration kPatience = 30s;

// A length up to `most`. Its logarithm is uniform: 1 to 2 bytes is as likely as 512 KiB to 1 MiB.
std::size_t any_length(std::size_t most, SoakClient::Random& random) {
  if (most == 0) return 0;
  std::uniform_real_distribution<double> power(0, std::log2(static_cast<double>(most)));
  return static_cast<std::size_t>(std::exp2(power(random)));
}

}  // namespace

std::span<const Habit> habits() { return kHabits; }

SoakClient::SoakClient(const Habit& habit, const Endpoint& server, std::string_view noise,
                       Random& random, Time now)
    : habit_(&habit),
      noise_(noise),
      random_(&random),
      place_(static_cast<std::size_t>(random() % noise.size())),
      to_send_(any_length(habit.most_sent, random)),
      started_(now),
      last_moved_(now),
      rests_until_(now) {
  if (habit.leaving == Leaving::kAfterAWhile) to_send_ = habit.most_sent;
  Connecting connecting = connect_to(server);
  fd_ = std::move(connecting.fd);
  if (!fd_) fail("cannot connect", connecting.error);
}

short SoakClient::wants(Time now) const noexcept {
  if (!connected_) return POLLOUT;
  if (now < rests_until_) return 0;
  const bool reads = habit_->most_read > 0 || expects_stop_;
  return static_cast<short>((reads ? POLLIN : 0) | (may_send() ? POLLOUT : 0));
}

void SoakClient::handle(short events, Time now) {
  const auto moved = [this] { return sent_ + received_; };
  const std::size_t before = moved();
  if (!connected_ && events != 0) finish_connecting();
  if (!done() && (events & ~POLLOUT) != 0) receive_some();
  if (!done() && (events & POLLOUT) != 0 && may_send()) send_some();
  if (!done() && connected_ && !expects_stop_) leave_if_due();
  if (events != 0) rests_until_ = now + habit_->rest;
  if (moved() > before) last_moved_ = now;
  if (!done()) leave_if_late(now);
}

void SoakClient::expect_stop() {
  const std::size_t on_the_way = fd() >= 0 ? bytes_in_flight(fd()) : 0;
  expects_stop_ = true;
  due_at_stop_ = sent_ - std::min(sent_, on_the_way);
}

bool SoakClient::may_send() const noexcept {
  if (sent_ == to_send_ || expects_stop_) return false;
  return !habit_->waits || left_of_message_ > 0 || received_ == sent_;
}

// Returns fewer bytes at the end of the noise, which then repeats.
std::string_view SoakClient::noise_at(std::size_t offset, std::size_t length) const {
  return noise_.substr((place_ + offset) % noise_.size(), length);
}

void SoakClient::finish_connecting() {
  connected_ = true;
  if (const int error = take_error(fd())) fail("cannot connect", error);
}

void SoakClient::send_some() {
  if (left_of_message_ == 0) {
    left_of_message_ = std::min(any_length(habit_->longest_message, *random_), to_send_ - sent_);
  }
  const Moved moved = send(fd(), noise_at(sent_, left_of_message_));
  if (moved.would_block()) return;
  if (moved.error != 0) {
    fail("cannot send", moved.error);
    return;
  }
  sent_ += moved.bytes;
  left_of_message_ -= moved.bytes;
  if (left_of_message_ == 0) ++messages_;
}

void SoakClient::receive_some() {
  std::array<char, 64 * kK> buffer;  // NOLINT(*-member-init): written before it is read
  const std::size_t most = expects_stop_ ? buffer.size() : habit_->most_read;
  const Moved moved = receive(fd(), std::span(buffer).first(most));
  if (moved.would_block()) return;
  if (moved.error != 0) {
    fail("cannot receive", moved.error);
  } else if (moved.bytes == 0) {
    handle_eof();
  } else {
    check({buffer.data(), moved.bytes});
  }
}

void SoakClient::check(std::string_view bytes) {
  if (bytes.size() > sent_ - received_) {
    fail("more came back than was sent");
    return;
  }
  while (!bytes.empty()) {
    const std::string_view expected = noise_at(received_, bytes.size());
    if (!bytes.starts_with(expected)) {
      fail("other bytes came back");
      return;
    }
    received_ += expected.size();
    bytes.remove_prefix(expected.size());
  }
}

void SoakClient::handle_eof() {
  if (habit_->leaving == Leaving::kByUrgentData && sent_goodbye_) {
    fd_.reset();
  } else if (expects_stop_ || sent_goodbye_) {
    const std::size_t due = expects_stop_ ? due_at_stop_ : sent_;
    if (received_ < due) fail("EOF came before the whole echo");
    fd_.reset();
  } else {
    fail("the server closed the connection");
  }
}

void SoakClient::leave_if_due() {
  if (sent_ < to_send_ || sent_goodbye_) return;
  switch (habit_->leaving) {
    case Leaving::kOnceAllIsBack:
      if (received_ == sent_) fd_.reset();
      return;
    case Leaving::kByHalfClose:
      shut_down_sending(fd());
      sent_goodbye_ = true;
      return;
    case Leaving::kByReset:
      reset_on_close(fd());
      fd_.reset();
      return;
    case Leaving::kByUrgentData:
      // If the socket is full, the next call sends it.
      sent_goodbye_ = ::send(fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1;
      return;
    case Leaving::kAfterAWhile:
      return;
  }
}

void SoakClient::leave_if_late(Time now) {
  if (habit_->leaving == Leaving::kAfterAWhile && !expects_stop_) {
    if (now - started_ >= kAWhile) fd_.reset();
  } else if (now - last_moved_ >= kPatience) {
    fail("nothing moved for " + format_duration(kPatience));
  }
}

void SoakClient::fail(std::string_view reason, int error) {
  fd_.reset();
  // The server closed the connection because of the urgent data, perhaps with a reset.
  if (habit_->leaving == Leaving::kByUrgentData && sent_goodbye_ && error != 0) return;
  error_.append(habit_->name).append(": ").append(reason);
  if (error != 0) error_.append(": ").append(std::generic_category().message(error));
}

}  // namespace echo::test
