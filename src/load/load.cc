#include "echo/load/load.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace echo {
namespace {

// How much a connection says ahead of what its socket takes. What is due beyond that waits in the
// schedule, where it takes no memory.
constexpr std::uint64_t kMaxUnsent = 64UL * 1024;

// How many messages that have fallen due are seen to in a turn, so that answers are too.
constexpr std::size_t kMaxDue = 1024;

// How many connections of a slot may fail one after the other without an answer before it pauses
// after one that was refused, and for how long. One that was open is followed by the next at once.
constexpr int kMaxInVain = 1;
constexpr Duration kPause = std::chrono::milliseconds{100};

}  // namespace

Load::Load(const LoadSettings& settings, ServerAddresses addresses, LoadObserver& observer,
           LoadRecorder::Intervals intervals, int interrupt, std::function<Time()> clock)
    : settings_(settings),
      interrupt_(interrupt),
      clock_(std::move(clock)),
      addresses_(std::move(addresses)),
      pattern_(settings_.seed),
      now_(clock_()),
      deadline_(settings.deadline > Duration{0} ? now_ + settings.deadline : Time::max()),
      attention_(now_),
      recorder_(observer, intervals, settings_.rate, now_),
      buffer_(kMaxReceived),
      last_connected_(now_),
      next_check_(Time::max()),
      schedule_(settings.rate, now_) {
  if (interrupt_ >= 0) {
    selector_.watch_input(interrupt_, true);
    selector_.keep_active(interrupt_);
  }
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
  attention_.turn_begins(now_);
  if (!begun_ && to_take_part_ == 0) begin();
  open_due();
  say_due();
  if (now_ >= end_ && !std::exchange(has_ended_, true)) end_all();
  if (busy_over_ == settings_.connections && !idle_dismissed_) dismiss_idle();
  recorder_.tell(now_);
  if (over_ == slots_.size()) return false;
  if (now_ >= deadline_) {
    take_last_answers();
    is_past_deadline_ = over_ < slots_.size();
    return false;
  }

  const std::optional<Duration> timeout = time_to_next_event();
  attention_.wait_begins(clock_(), timeout);
  const int error = selector_.wait(timeout);
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "select");
  }
  now_ = clock_();
  attention_.wait_ended(now_);

  for (const int fd : selector_.readable()) {
    if (fd != interrupt_) handle_readable(slot(fd));
  }
  for (const int fd : selector_.writable()) handle_writable(slot(fd));
  for (const int fd : selector_.exceptional()) {
    handle(slot(fd), [](ClientConnection& urgent) { urgent.handle_exceptional(); });
  }
  handle_timeouts();
  attention_.turn_ends(clock_());
  return true;
}

const LoadResults& Load::finish(bool interrupted) {
  now_ = clock_();
  const bool is_cut = interrupted || is_past_deadline_;
  for (Slot& slot : slots_) {
    if (slot.is_idle) continue;
    if (slot.takes_part && slot.connection->state() == ClientConnection::State::kFailed) {
      lose_what_is_due(slot, now_);
    } else if (slot.conversation && is_cut) {
      note_waiting(slot);
    }
    const bool is_left = (slot.has_given_up && !has_rate()) || (is_cut && !slot.is_silent);
    if (is_left && slot.said < settings_.count) recorder_.note_unsaid(settings_.count - slot.said);
  }
  if (is_cut) note_not_open();
  if (is_past_deadline_) recorder_.note_deadline();
  recorder_.note_away(attention_.away() - away_before_);
  return recorder_.finish(now_, interrupted, is_time_up_);
}

// Connections that were to be open by now, and have not been.
void Load::note_not_open() {
  std::uint64_t count = 0;
  for (const Slot& slot : slots_) {
    count += static_cast<std::uint64_t>(slot.connection && !slot.takes_part);
  }
  for (; !openings_.empty() && openings_.top().when <= now_; openings_.pop()) {
    count += static_cast<std::uint64_t>(!openings_.top().slot->takes_part);
  }
  recorder_.note_not_open(count);
}

// What is in flight, and what has fallen due and could not be said.
void Load::note_waiting(Slot& slot) {
  const Conversation& conversation = *slot.conversation;
  for (std::size_t place = 0; place < conversation.in_flight(); ++place) {
    recorder_.note_waiting(conversation.message_in_flight(place).start);
  }
  if (!slot.takes_part && !settings_.churn) return;  // What is due to it is nobody's yet.
  while (const auto due = take_due(slot, now_)) recorder_.note_waiting(*due);
}

// Once everybody who is waited for is there, or has failed to be.
void Load::begin() {
  begun_ = true;
  away_before_ = attention_.away();
  const Time warm = now_ + settings_.warmup;
  if (settings_.duration > Duration{0}) end_ = warm + settings_.duration;
  recorder_.begin(warm, end_);
  schedule_ = Schedule(settings_.rate, now_);

  const Duration apart = settings_.ramp / static_cast<Duration::rep>(settings_.connections);
  for (Slot& slot : slots_) {
    if (slot.is_idle) break;
    if (slot.takes_part) {
      if (slot.is_live()) settle(slot, slot.connection->fd());
      retire_if_dead(slot);
    } else {
      const bool waits_for_message = has_rate() && settings_.churn;
      const Time in_turn = now_ + static_cast<Duration::rep>(slot.index) * apart;
      open_at(waits_for_message ? std::min(next_start(slot), end_) : in_turn, slot);
    }
  }
}

void Load::open_at(Time when, Slot& slot) {
  openings_.push({.when = when, .order = ordered_++, .slot = &slot});
}

void Load::open_due() {
  while (!openings_.empty() && openings_.top().when <= now_ && connecting_ < kMaxConnecting) {
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
  if (look_up_) {
    addresses_.look_up_again(clock_);
    look_up_ = false;
  }
  slot.number = ++numbers_;
  slot.got_answer = false;
  slot.conversation.emplace(pattern_, slot.number, settings_.half_close);
  slot.connect_began = clock_();
  if (settings_.churn && !slot.is_idle) {
    say_next(slot, slot.connect_began);
    slot.conversation->finish();
  }
  slot.connection.emplace(addresses_.list(), addresses_.first(), *slot.conversation,
                          settings_.timeout, patient(waits_from));
  next_check_ = std::min(next_check_, deadline_of(slot));
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
  if (!slot.connection->refusals().empty()) note_refusals(*slot.connection);
}

// Some of the addresses are dead: those that follow begin with the one that works.
void Load::note_refusals(const ClientConnection& connection) {
  recorder_.note_refusals(connection.refusals(), connection.remote());
  addresses_.prefer(connection.remote());
}

// No message begins, or is due, any more.
void Load::end_all() {
  for (Slot& slot : slots_) {
    if (slot.is_live() && slot.takes_part) settle(slot, slot.connection->fd());
    retire_if_dead(slot);
  }
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
  for (std::size_t count = 0; count < kMaxDue && time_of_next_due() <= now_; ++count) {
    Slot& slot = slots_[next_due_ % settings_.connections];
    ++next_due_;
    if (slot.is_live() && slot.takes_part) {
      settle(slot, slot.connection->fd());
    } else if (slot.takes_part) {
      lose_what_is_due(slot, now_);
      retire_if_dead(slot);
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
         conversation.end() - slot.connection->sent() < kMaxUnsent;
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
  const std::size_t size = pattern_.size_of(settings_.sizes, slot.number, sequence);
  slot.conversation->say(sequence, size, start, patient(clock_()));
}

// At a rate: takes the slot's next message out of the schedule, if it has fallen due by now, and
// tells when that was.
std::optional<Time> Load::take_due(Slot& slot, Time now) {
  if (!begun_ || !has_rate() || is_exhausted(slot)) return std::nullopt;
  const Time due = schedule_.due(slot.next);
  if (due > now || due >= end_) return std::nullopt;
  slot.next += settings_.connections;
  slot.said += static_cast<std::uint64_t>(recorder_.note_begun(due));
  return due;
}

std::uint64_t Load::sequence_of_last_due(const Slot& slot) const noexcept {
  return slot.next - settings_.connections + 1;
}

// The slot's next messages have fallen due by then, and there is no connection for them.
void Load::lose_what_is_due(Slot& slot, Time until) {
  while (const auto due = take_due(slot, until)) {
    recorder_.note_loss(*due, now_, sequence_of_last_due(slot), slot.connection->failure());
  }
}

// Whether the slot has no message any more that it could begin.
bool Load::is_exhausted(const Slot& slot) const {
  if (slot.is_idle) return idle_dismissed_;
  return is_count_reached(slot) || (now_ >= end_ && next_start(slot) >= end_);
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
  if (is_connecting && connection.fd() != old_fd) {  // Another address.
    slot.connect_began = now_;
    next_check_ = std::min(next_check_, deadline_of(slot));
  }
  settle(slot, old_fd);
}

// After anything that may have changed what the connection wants.
void Load::settle(Slot& slot, int old_fd) {
  ClientConnection& connection = *slot.connection;
  if (takes_messages(slot) && is_exhausted(slot)) fall_silent(slot);
  connection.half_close(patient(now_));
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
  if (slot.connection->was_reset()) recorder_.note_reset_after_echo();
  if (failed) note_failure(slot);
  slot.in_vain = !failed || slot.got_answer ? 0 : slot.in_vain + 1;
  const bool was_refused = failed && slot.connection->local().family() == AF_UNSPEC;
  slot.pauses = was_refused && slot.in_vain > kMaxInVain;
  look_up_ = look_up_ || was_refused;
  slot.has_given_up = failed && !settings_.reconnect && (slot.is_idle || !settings_.churn);
  if (is_exhausted(slot)) {
    slot.has_given_up = false;
    retire(slot);
  } else if (!slot.has_given_up) {
    open_at(time_of_next_attempt(slot), slot);
  } else if (slot.is_idle || !has_rate()) {
    retire(slot);
  }
  // At a rate, its messages go on to fall due, and are lost.
}

// At a rate an attempt is for a message: for each in a churn, otherwise for the next that falls due
// when some attempts have been in vain already.
Time Load::time_of_next_attempt(const Slot& slot) const {
  if (slot.is_idle || !has_rate()) return slot.pauses ? now_ + kPause : now_;
  const Time next = std::min(next_start(slot), end_);
  if (settings_.churn) return std::max(next, now_);
  return slot.pauses ? std::max(next, now_ + kPause) : now_;
}

// With it goes what it had in flight, and what has fallen due and could not be said. In a churn
// that is only what has waited too long by now, if the two before had no answer either and
// the server seems to hang: what else is due has a connection of its own.
void Load::note_failure(Slot& slot) {
  const ClientConnection& connection = *slot.connection;
  recorder_.note_failure(connection.failure_kind(), describe_failure(slot.number, connection));
  const Conversation& conversation = *slot.conversation;
  for (std::size_t place = 0; place < conversation.in_flight(); ++place) {
    const Conversation::Message& message = conversation.message_in_flight(place);
    recorder_.note_loss(message.start, now_, message.sequence, connection.failure());
  }
  if (slot.is_idle) return;
  if (!settings_.churn) {
    lose_what_is_due(slot, now_);
  } else if (settings_.timeout > Duration{0} && slot.in_vain > 1) {
    lose_what_is_due(slot, now_ - settings_.timeout);
  }
}

// It has nothing more to say.
void Load::fall_silent(Slot& slot) {
  if (slot.conversation) slot.conversation->finish();
  if (std::exchange(slot.is_silent, true)) return;
  ++silent_;
  is_time_up_ = is_time_up_ || (!is_count_reached(slot) && next_start(slot) >= end_);
}

// Its connection failed, none follows, and no message of it falls due any more. An idle one has none,
// and has retired already.
void Load::retire_if_dead(Slot& slot) {
  const bool is_dead = slot.has_given_up && !slot.is_idle && !slot.is_silent;
  if (is_dead && is_exhausted(slot)) retire(slot);
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
    ready.handle_writable(patient(now_));
  });
}

void Load::handle_readable(Slot& slot) {
  handle(slot, [&](ClientConnection& ready) {
    ready.handle_readable(buffer_, patient(now_));
    take_answers(slot);
  });
}

void Load::take_answers(Slot& slot) {
  const std::uint64_t received = slot.connection->received();
  const Time now = clock_();  // What recv(2) brought may have come after select() returned.
  while (const auto message = slot.conversation->take_answered(received)) {
    slot.got_answer = true;
    recorder_.note_answer(message->start, now, message->sequence, message->size,
                          slot.connection->remote());
  }
}

void Load::handle_timeouts() {
  if (now_ < next_check_) return;
  next_check_ = now_ + settings_.timeout;
  for (Slot& slot : slots_) {
    if (!slot.is_live()) continue;
    if (deadline_of(slot) <= now_) {
      handle(slot, [&](ClientConnection& late) {
        late.handle_timeout(buffer_, patient(now_));
        take_answers(slot);
      });
    }
    next_check_ = std::min(next_check_, deadline_of(slot));
  }
}

// In which nobody looked is time that nobody has waited.
Time Load::deadline_of(const Slot& slot) const noexcept {
  const Time deadline = slot.connection->deadline();
  return deadline == Time::max() ? deadline : deadline + attention_.away();
}

// Before what has not come is said not to have come.
void Load::take_last_answers() {
  for (Slot& slot : slots_) {
    if (!slot.is_live()) continue;
    handle(slot, [&](ClientConnection& last) {
      last.receive_all(buffer_, patient(now_));
      take_answers(slot);
    });
  }
}

std::optional<Duration> Load::time_to_next_event() const {
  Time next = std::min({next_check_, recorder_.next_time(), time_of_next_due(), deadline_});
  if (!has_ended_) next = std::min(next, end_);
  if (!openings_.empty() && connecting_ < kMaxConnecting) {
    next = std::min(next, openings_.top().when);
  }
  if (next == Time::max()) return std::nullopt;
  const Duration left = std::max(next - clock_(), Duration{0});
  // A wait that is short shows that it was not left in time.
  return next_check_ == Time::max() ? left : std::min(left, Attention::kShort);
}

}  // namespace echo
