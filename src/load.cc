#include "echo/load.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

namespace echo {
namespace {

constexpr std::size_t kMostReceived = 64UL * 1024;

// How many sockets may be on their way to the server at once: its backlog (listen(2)) is often no
// longer than that.
constexpr std::size_t kMostConnecting = 128;

// How much a connection says ahead of what its socket takes. What is due beyond that waits in the
// schedule, where it takes no memory.
constexpr std::uint64_t kMostUnsent = 64UL * 1024;

// How many messages that have fallen due are seen to in a turn, so that answers are too.
constexpr std::size_t kMostDue = 1024;

// How many failures are told in full.
constexpr std::size_t kMostFailuresTold = 10;

Duration cpu_time() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + Duration{used.tv_nsec};
}

}  // namespace

Load::Load(const LoadSettings& settings, LoadObserver& observer, Intervals intervals,
           const sigset_t* wait_mask, std::function<Time()> clock)
    : settings_(settings),
      observer_(observer),
      intervals_(intervals),
      clock_(std::move(clock)),
      addresses_(resolve(settings.host, settings.port, settings.family)),
      now_(clock_()),
      selector_(wait_mask),
      buffer_(kMostReceived),
      last_connected_(now_),
      next_check_(Time::max()),
      schedule_(settings.rate, now_),
      last_answer_(now_) {
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
  if (intervals_.progress > Duration{0}) next_progress_ = now_;
}

bool Load::turn() {
  now_ = clock_();
  if (!begun_ && to_take_part_ == 0) begin();
  open_due();
  say_due();
  if (busy_over_ == settings_.connections && !idle_dismissed_) dismiss_idle();
  tell();
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
  results_.elapsed = measured_until(interrupted ? now_ : std::max(last_answer_, planned_end()));
  results_.interrupted = interrupted;
  if (measuring_) results_.cpu = cpu_time() - cpu_before_;
  if (intervals_.sample > Duration{0}) tell_sample(measured_from_ + results_.elapsed);
  return results_;
}

// The whole of the time that was given is measured, the farewells of the connections are not.
Time Load::planned_end() const {
  const bool is_time_up = std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return !slot.is_idle && next_start(slot) >= end_;
  });
  return is_time_up ? end_ : last_answer_;
}

// Once everybody who is waited for is there, or has failed to be.
void Load::begin() {
  begun_ = true;
  measured_from_ = now_ + settings_.warmup;
  if (settings_.duration > Duration{0}) end_ = measured_from_ + settings_.duration;
  schedule_ = Schedule(settings_.rate, now_);
  if (intervals_.sample > Duration{0}) plan_sample(measured_from_);

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
  results_.connect.record(now_ - slot.connect_began);
  ++results_.opened;
  results_.most_open = std::max(results_.most_open, ++results_.open);
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
  if (!says_by_turns()) return;
  for (std::size_t count = 0; count < kMostDue && schedule_.due(next_due_) <= now_; ++count) {
    Slot& slot = slots_[next_due_ % settings_.connections];
    ++next_due_;
    if (slot.is_live() && slot.takes_part) {
      settle(slot, slot.connection->fd());
    } else if (slot.takes_part && settings_.reconnect) {
      lose_what_is_due(slot);
    } else {
      // Of a slot that has yet to take part, or does no more: it is nobody's.
      slot.next = std::max(slot.next, next_due_ - 1 + settings_.connections);
    }
  }
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
  return (settings_.pipeline == 0 || conversation.in_flight() < settings_.pipeline) &&
         conversation.end() - slot.connection->sent() < kMostUnsent;
}

// Whether there was one to say.
bool Load::say_next(Slot& slot, Time now) {
  if (is_exhausted(slot)) return false;
  if (!has_rate()) {
    say(slot, ++sequence_, now);
    return true;
  }
  const Time due = schedule_.due(slot.next);
  if (due > now) return false;
  if (is_measured(due)) results_.lateness.record(now - due);
  say(slot, slot.next + 1, due);
  slot.next += settings_.connections;
  return true;
}

void Load::say(Slot& slot, std::uint64_t sequence, Time start) {
  const std::size_t size = Pattern::size_of(settings_.sizes, slot.number, sequence);
  slot.conversation->say(sequence, size, start);
  if (!is_measured(start)) return;
  ++results_.sent;
  ++slot.said;
}

// The slot's next messages have fallen due, and there is no connection for them.
void Load::lose_what_is_due(Slot& slot) {
  for (; slot.next < next_due_; slot.next += settings_.connections) {
    if (is_exhausted(slot) || !is_measured(schedule_.due(slot.next))) continue;
    ++results_.sent;
    ++slot.said;
    lose(slot.next + 1, slot.connection->failure());
  }
}

// Whether the slot has no message any more that it could begin.
bool Load::is_exhausted(const Slot& slot) const {
  if (slot.is_idle) return idle_dismissed_;
  if (settings_.count > 0 && slot.said >= settings_.count) return true;
  return next_start(slot) >= end_;
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
  if (was_connecting && connection.state() != ClientConnection::State::kConnecting) {
    note_attempt(slot);
  }
  settle(slot, old_fd);
}

// After anything that may have changed what the connection wants.
void Load::settle(Slot& slot, int old_fd) {
  ClientConnection& connection = *slot.connection;
  if (takes_messages(slot) && is_exhausted(slot)) fall_silent(slot);
  connection.half_close(now_);
  if (old_fd >= 0 && connection.fd() != old_fd) selector_.forget(old_fd);
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
  if (std::exchange(slot.was_open, false)) --results_.open;
  if (failed) note_failure(slot);
  if (is_exhausted(slot) || (failed && !settings_.reconnect)) {
    retire(slot);
  } else {
    const Time next = settings_.churn ? next_start(slot) : now_;
    open_at(failed ? std::max(next, now_ + pause()) : next, slot);
  }
}

// With it goes what it had in flight, and what has fallen due and could not be said.
void Load::note_failure(Slot& slot) {
  const ClientConnection& connection = *slot.connection;
  ++results_.failures.at(static_cast<std::size_t>(connection.failure_kind()));
  ++sample_.errors;
  if (results_.told.size() < kMostFailuresTold) {
    results_.told.push_back(describe_failure(slot.number, connection));
    observer_.failed(results_.told.back());
  }
  const Conversation& conversation = *slot.conversation;
  for (std::size_t place = 0; place < conversation.in_flight(); ++place) {
    const Conversation::Message& message = conversation.message_in_flight(place);
    if (is_measured(message.start)) lose(message.sequence, connection.failure());
  }
  if (says_by_turns() && !slot.is_idle) lose_what_is_due(slot);
}

void Load::lose(std::uint64_t sequence, const std::string& reason) {
  ++results_.lost;
  ++sample_.errors;
  observer_.lost(sequence, reason);
}

// It has nothing more to say.
void Load::fall_silent(Slot& slot) {
  if (slot.conversation) slot.conversation->finish();
  if (!std::exchange(slot.is_silent, true)) ++silent_;
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
  while (const auto message = slot.conversation->take_answered(received)) {
    if (!is_measured(message->start)) continue;
    const Duration latency = now_ - message->start;
    last_answer_ = now_;
    ++results_.received;
    results_.bytes += message->size;
    results_.latency.record(latency);
    if (intervals_.sample > Duration{0}) {
      ++sample_.received;
      sample_.bytes += message->size;
      sample_.latency.record(latency);
    }
    observer_.answered({.sequence = message->sequence,
                        .size = message->size,
                        .latency = latency,
                        .server = slot.connection->remote()});
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

void Load::tell() {
  if (!measuring_ && begun_ && now_ >= measured_from_) {
    measuring_ = true;
    cpu_before_ = cpu_time();
  }
  if (now_ >= next_sample_) {
    // Where several intervals have passed, as after a suspension, they are one sample.
    const Time end = now_ - (now_ - next_sample_) % intervals_.sample;
    tell_sample(end);
    plan_sample(end);
  }
  if (now_ >= next_progress_) {
    next_progress_ = now_ + intervals_.progress;
    results_.elapsed = measured_until(now_);
    observer_.progressed(results_);
  }
}

// The few answers that come after the end are in the last sample, not in one of their own.
void Load::plan_sample(Time after) {
  next_sample_ = after + intervals_.sample;
  if (next_sample_ == end_) next_sample_ += intervals_.sample;
}

void Load::tell_sample(Time end) {
  sample_.end = measured_until(end);
  sample_.open = results_.open;
  if (sample_.end > sample_.begin || sample_.errors > 0) observer_.sampled(sample_);
  sample_.begin = sample_.end;
  sample_.received = sample_.bytes = sample_.errors = 0;
  sample_.latency.clear();
}

Duration Load::measured_until(Time time) const noexcept {
  return begun_ ? std::max(time - measured_from_, Duration{0}) : Duration{0};
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
  Time next = std::min({next_check_, next_sample_, next_progress_});
  if (!openings_.empty() && connecting_ < kMostConnecting) {
    next = std::min(next, openings_.top().when);
  }
  if (says_by_turns() && silent_ < settings_.connections) {
    next = std::min(next, schedule_.due(next_due_));
  }
  if (next == Time::max()) return std::nullopt;
  return std::max(next - clock_(), Duration{0});
}

}  // namespace echo
