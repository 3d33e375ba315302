#include "echo/load.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace echo {
namespace {

// How much a connection says ahead of what its socket takes. What is due beyond that waits in the
// schedule, where it takes no memory.
constexpr std::uint64_t kMostUnsent = 64UL * 1024;

// How many messages that have fallen due are seen to in a turn, so that answers are too.
constexpr std::size_t kMostDue = 1024;

}  // namespace

Load::Load(const LoadSettings& settings, std::vector<Endpoint> addresses, LoadObserver& observer,
           LoadRecorder::Intervals intervals, const sigset_t* wait_mask,
           std::function<Time()> clock)
    : settings_(settings),
      clock_(std::move(clock)),
      addresses_(std::move(addresses)),
      now_(clock_()),
      recorder_(observer, intervals, now_),
      selector_(wait_mask),
      buffer_(kMostReceived),
      last_connected_(now_),
      next_check_(Time::max()),
      schedule_(settings.rate, now_) {
  for (std::size_t index = 0; index < settings_.connections + settings_.idle; ++index) {
    const bool is_idle = index >= settings_.connections;
    slots_.emplace_back(is_idle ? index - settings_.connections : index, is_idle);
  }
  // Those that are opened one by one later on are not waited for.
  const bool waits_for_all = settings_.ramp == Duration{0} && !settings_.churn;
  for (Slot& slot : slots_) {
    if (!slot.is_idle && !waits_for_all) continue;
    open_at(now_, slot);
    ++to_take_part_;
  }
}

bool Load::turn() {
  now_ = clock_();
  if (!begun_ && to_take_part_ == 0) begin();
  open_due();
  say_due();
  if (busy_over_ == settings_.connections && !idle_dismissed_) dismiss_idle();
  recorder_.tell(now_);
  if (over_ == slots_.size()) return false;

  const int error = selector_.wait(time_to_next_event());
  if (error != 0 && error != EINTR) {
    throw std::system_error(error, std::generic_category(), "select");
  }
  now_ = clock_();

  for (const int fd : selector_.readable()) handle_readable(slot(fd));
  for (const int fd : selector_.writable()) handle_writable(slot(fd));
  for (const int fd : selector_.exceptional()) {
    handle(slot(fd), [](ClientConnection& urgent) { urgent.handle_exceptional(); });
  }
  handle_timeouts();
  return true;
}

const LoadResults& Load::finish(bool interrupted) {
  now_ = clock_();
  for (Slot& slot : slots_) {
    if (slot.is_idle || !slot.takes_part) continue;
    if (slot.connection->state() == ClientConnection::State::kFailed) {
      lose_what_is_due(slot);
    } else if (interrupted) {
      note_waiting(slot);
    }
  }
  return recorder_.finish(now_, interrupted, is_time_up_);
}

// What is in flight, and what has fallen due and could not be said.
void Load::note_waiting(Slot& slot) {
  const Conversation& conversation = *slot.conversation;
  for (std::size_t place = 0; place < conversation.in_flight(); ++place) {
    recorder_.note_waiting(conversation.message_in_flight(place).start);
  }
  while (const auto due = take_due(slot, now_)) recorder_.note_waiting(*due);
}

// Once everybody who is waited for is there, or has failed to be.
void Load::begin() {
  begun_ = true;
  const Time warm = now_ + settings_.warmup;
  if (settings_.duration > Duration{0}) end_ = warm + settings_.duration;
  recorder_.begin(warm, end_);
  schedule_ = Schedule(settings_.rate, now_);

  const Duration apart = settings_.ramp / static_cast<Duration::rep>(settings_.connections);
  for (Slot& slot : slots_) {
    if (slot.is_idle) break;
    if (slot.takes_part) {
      if (slot.is_live()) settle(slot, slot.connection->fd());
    } else {
      const bool waits_for_message = has_rate() && settings_.churn;
      const Time in_turn = now_ + static_cast<Duration::rep>(slot.index) * apart;
      open_at(waits_for_message ? next_start(slot) : in_turn, slot);
    }
  }
}

void Load::open_at(Time when, Slot& slot) {
  openings_.push({.when = when, .order = ordered_++, .slot = &slot});
}

void Load::open_due() {
  while (!openings_.empty() && openings_.top().when <= now_ && connecting_ < kMostConnecting) {
    const Opening next = openings_.top();
    openings_.pop();
    if (is_exhausted(*next.slot)) {
      retire(*next.slot);
    } else {
      // A wait counts from when a connection was made last, or was to be: thousands to a host that
      // does not answer fail after one timeout.
      open(*next.slot, std::max(last_connected_, next.when));
    }
  }
}

void Load::open(Slot& slot, Time waits_from) {
  slot.number = ++numbers_;
  slot.conversation.emplace(pattern_, slot.number, settings_.half_close);
  slot.connect_began = clock_();
  if (settings_.churn && !slot.is_idle) {
    say_next(slot, slot.connect_began);
    slot.conversation->finish();
  }
  slot.connection.emplace(addresses_, *slot.conversation, settings_.timeout, waits_from);
  next_check_ = std::min(next_check_, slot.connection->deadline());
  ++connecting_;
  if (slot.connection->is_over()) note_attempt(slot);
  settle(slot, slot.connection->fd());
}

// It is connected, or failed to.
void Load::note_attempt(Slot& slot) {
  --connecting_;
  if (!slot.takes_part && to_take_part_ > 0) --to_take_part_;
  slot.takes_part = true;
  if (slot.connection->is_over()) return;
  slot.was_open = true;
  last_connected_ = now_;
  recorder_.note_connected(now_ - slot.connect_began);
}

void Load::dismiss_idle() {
  idle_dismissed_ = true;
  for (Slot& slot : slots_) {
    if (!slot.is_idle || !slot.is_live()) continue;
    slot.conversation->finish();
    settle(slot, slot.connection->fd());
  }
}

// At a rate: has each slot say what has fallen due.
void Load::say_due() {
  for (std::size_t count = 0; count < kMostDue && time_of_next_due() <= now_; ++count) {
    Slot& slot = slots_[next_due_ % settings_.connections];
    ++next_due_;
    if (slot.is_live() && slot.takes_part) {
      settle(slot, slot.connection->fd());
    } else if (slot.takes_part) {
      lose_what_is_due(slot);
    } else {
      slot.next += settings_.connections;  // It has yet to be there: this is nobody's message.
    }
  }
}

// Time::max() where nobody could say what falls due, or nothing more does.
Time Load::time_of_next_due() const noexcept {
  if (!begun_ || !has_rate() || settings_.churn) return Time::max();
  if (silent_ + full_ == settings_.connections) return Time::max();
  const Time due = schedule_.due(next_due_);
  return due < end_ ? due : Time::max();
}

// select() reported it writable: now it says what it has to say, as far as its depth allows.
void Load::feed(Slot& slot) {
  if (!wants_to_say(slot)) return;
  const Time now = clock_();
  while (has_room(slot) && say_next(slot, now)) {
  }
}

bool Load::wants_to_say(const Slot& slot) const {
  return takes_messages(slot) && has_room(slot) && !is_exhausted(slot) && next_start(slot) <= now_;
}

// In a churn a connection has its message from its beginning.
bool Load::takes_messages(const Slot& slot) const {
  return begun_ && !slot.is_idle && !settings_.churn && slot.is_open();
}

bool Load::has_room(const Slot& slot) const {
  const Conversation& conversation = *slot.conversation;
  return conversation.in_flight() < settings_.pipeline &&
         conversation.end() - slot.connection->sent() < kMostUnsent;
}

// Whether there was one to say.
bool Load::say_next(Slot& slot, Time now) {
  if (has_rate()) {
    const auto due = take_due(slot, now);
    if (!due) return false;
    recorder_.note_said(*due, now);
    say(slot, sequence_of_last_due(slot), *due);
  } else {
    if (is_exhausted(slot)) return false;
    slot.said += static_cast<std::uint64_t>(recorder_.note_begun(now));
    say(slot, ++sequence_, now);
  }
  return true;
}

void Load::say(Slot& slot, std::uint64_t sequence, Time start) {
  const std::size_t size = Pattern::size_of(settings_.sizes, slot.number, sequence);
  slot.conversation->say(sequence, size, start);
}

// At a rate: takes the slot's next message out of the schedule, if it has fallen due by now, and
// tells when that was.
std::optional<Time> Load::take_due(Slot& slot, Time now) {
  if (!begun_ || !has_rate() || is_exhausted(slot)) return std::nullopt;
  const Time due = schedule_.due(slot.next);
  if (due > now) return std::nullopt;
  slot.next += settings_.connections;
  slot.said += static_cast<std::uint64_t>(recorder_.note_begun(due));
  return due;
}

std::uint64_t Load::sequence_of_last_due(const Slot& slot) const noexcept {
  return slot.next - settings_.connections + 1;
}

// The slot's next messages have fallen due, and there is no connection for them.
void Load::lose_what_is_due(Slot& slot) {
  while (const auto due = take_due(slot, now_)) {
    recorder_.note_loss(*due, now_, sequence_of_last_due(slot), slot.connection->failure());
  }
}

// Whether the slot has no message any more that it could begin.
bool Load::is_exhausted(const Slot& slot) const {
  if (slot.is_idle) return idle_dismissed_;
  return is_count_reached(slot) || next_start(slot) >= end_;
}

bool Load::is_count_reached(const Slot& slot) const noexcept {
  return settings_.count > 0 && slot.said >= settings_.count;
}

Time Load::next_start(const Slot& slot) const noexcept {
  return has_rate() ? schedule_.due(slot.next) : now_;
}

template <typename Event>
void Load::handle(Slot& slot, Event event) {
  ClientConnection& connection = *slot.connection;
  const int old_fd = connection.fd();
  const bool was_connecting = connection.state() == ClientConnection::State::kConnecting;
  event(connection);
  const bool is_connecting = connection.state() == ClientConnection::State::kConnecting;
  if (was_connecting && !is_connecting) note_attempt(slot);
  if (is_connecting && connection.fd() != old_fd) slot.connect_began = now_;  // Another address.
  settle(slot, old_fd);
}

// After anything that may have changed what the connection wants.
void Load::settle(Slot& slot, int old_fd) {
  ClientConnection& connection = *slot.connection;
  if (takes_messages(slot) && is_exhausted(slot)) fall_silent(slot);
  connection.half_close(now_);
  if (old_fd >= 0 && connection.fd() != old_fd) selector_.forget(old_fd);
  const bool is_full = takes_messages(slot) && !slot.is_silent && !has_room(slot);
  full_ += static_cast<std::size_t>(is_full);
  full_ -= static_cast<std::size_t>(std::exchange(slot.is_full, is_full));
  if (connection.is_over()) {
    leave(slot);
  } else {
    watch(slot);
  }
}

void Load::watch(Slot& slot) {
  const ClientConnection& connection = *slot.connection;
  const auto fd = static_cast<std::size_t>(connection.fd());
  if (fd >= by_fd_.size()) by_fd_.resize(fd + 1);
  by_fd_[fd] = &slot;
  selector_.watch_input(connection.fd(), connection.wants_input());
  selector_.watch_output(connection.fd(), connection.wants_output() || wants_to_say(slot));
}

// The slot's connection is over: another one, or none, follows.
void Load::leave(Slot& slot) {
  const bool failed = slot.connection->state() == ClientConnection::State::kFailed;
  if (std::exchange(slot.was_open, false)) recorder_.note_closed();
  if (failed) note_failure(slot);
  if (is_exhausted(slot) || (failed && !settings_.reconnect)) {
    retire(slot);
  } else {
    const Time next = settings_.churn ? std::max(next_start(slot), now_) : now_;
    open_at(failed ? std::max(next, now_ + pause()) : next, slot);
  }
}

// With it goes what it had in flight, and what has fallen due and could not be said.
void Load::note_failure(Slot& slot) {
  const ClientConnection& connection = *slot.connection;
  recorder_.note_failure(connection.failure_kind(), describe_failure(slot.number, connection));
  const Conversation& conversation = *slot.conversation;
  for (std::size_t place = 0; place < conversation.in_flight(); ++place) {
    const Conversation::Message& message = conversation.message_in_flight(place);
    recorder_.note_loss(message.start, now_, message.sequence, connection.failure());
  }
  if (!slot.is_idle) lose_what_is_due(slot);
}

// It has nothing more to say.
void Load::fall_silent(Slot& slot) {
  if (slot.conversation) slot.conversation->finish();
  if (std::exchange(slot.is_silent, true)) return;
  ++silent_;
  is_time_up_ = is_time_up_ || (!is_count_reached(slot) && next_start(slot) >= end_);
}

void Load::retire(Slot& slot) {
  ++over_;
  if (slot.is_idle) return;
  ++busy_over_;
  fall_silent(slot);
}

void Load::handle_writable(Slot& slot) {
  handle(slot, [&](ClientConnection& ready) {
    feed(slot);
    ready.handle_writable(now_);
  });
}

void Load::handle_readable(Slot& slot) {
  handle(slot, [&](ClientConnection& ready) {
    ready.handle_readable(buffer_, now_);
    take_answers(slot);
  });
}

void Load::take_answers(Slot& slot) {
  const std::uint64_t received = slot.connection->received();
  const Time now = clock_();  // What recv(2) brought may have come after select() returned.
  while (const auto message = slot.conversation->take_answered(received)) {
    recorder_.note_answer(message->start, now, message->sequence, message->size,
                          slot.connection->remote());
  }
}

void Load::handle_timeouts() {
  if (now_ < next_check_) return;
  next_check_ = now_ + settings_.timeout;
  for (Slot& slot : slots_) {
    if (!slot.is_live()) continue;
    if (slot.connection->deadline() <= now_) {
      handle(slot, [&](ClientConnection& late) { late.handle_timeout(now_); });
    }
    next_check_ = std::min(next_check_, slot.connection->deadline());
  }
}

// Before a connection that failed is made again: as often as it has something to say, within
// reason.
Duration Load::pause() const noexcept {
  constexpr Duration kLeast = std::chrono::milliseconds{100};
  constexpr Duration kMost = std::chrono::seconds{1};
  if (!has_rate()) return kLeast;
  const Schedule turns(settings_.rate, Time{});
  return std::clamp(turns.due(settings_.connections) - Time{}, kLeast, kMost);
}

std::optional<Duration> Load::time_to_next_event() const {
  Time next = std::min({next_check_, recorder_.next_time(), time_of_next_due()});
  if (!openings_.empty() && connecting_ < kMostConnecting) {
    next = std::min(next, openings_.top().when);
  }
  if (next == Time::max()) return std::nullopt;
  return std::max(next - clock_(), Duration{0});
}

}  // namespace echo
