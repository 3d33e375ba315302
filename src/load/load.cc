#include "echo/load/load.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
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
    : ClientLoop(settings, settings.connections + settings.idle, std::move(addresses),
                 std::move(clock)),
      settings_(settings),
      pattern_(settings_.seed),
      recorder_(observer, intervals, settings_.rate, now()),
      schedule_(settings.rate, now()) {
  if (interrupt >= 0) {
    selector().watch_input(interrupt, true);
    selector().keep_active(interrupt);
  }
  for (std::size_t index = 0; index < settings_.connections + settings_.idle; ++index) {
    slots_.emplace_back(index, index >= settings_.connections);
  }
  // Those that are opened one by one later on are not waited for.
  const bool waits_for_all = settings_.ramp == Duration{0} && !settings_.churn;
  for (Slot& slot : slots_) {
    if (!slot.is_idle && !waits_for_all) continue;
    open_at(now(), slot);
    ++to_take_part_;
  }
}

std::optional<Time> Load::prepare() {
  if (!begun_ && to_take_part_ == 0) begin();
  open_due();
  say_due();
  if (now() >= end_ && !std::exchange(has_ended_, true)) end_all();
  if (busy_over_ == settings_.connections && !idle_dismissed_) dismiss_idle();
  recorder_.tell(now());
  if (over_ == slots_.size()) return std::nullopt;
  if (is_past_deadline()) {
    handle_all_live(
        [this](ClientConnection& last) { last.receive_all(buffer(), attended(now())); });
    is_past_deadline_ = over_ < slots_.size();
    return std::nullopt;
  }
  return next_event();
}

const LoadResults& Load::finish(bool interrupted) {
  update_now();
  const bool is_cut = interrupted || is_past_deadline_;
  for (Slot& slot : slots_) {
    if (slot.is_idle) continue;
    if (slot.takes_part && connection(slot.index).state() == ClientConnection::State::kFailed) {
      lose_what_is_due(slot, now());
    } else if (slot.conversation && is_cut) {
      note_waiting(slot);
    }
    const bool is_left = (slot.has_given_up && !has_rate()) || (is_cut && !slot.is_silent);
    if (is_left && slot.said < settings_.count) recorder_.note_unsaid(settings_.count - slot.said);
  }
  if (is_cut) note_not_open();
  if (is_past_deadline_) recorder_.note_deadline();
  recorder_.note_away(away() - away_before_);
  return recorder_.finish(now(), interrupted, is_time_up_);
}

// Connections that were to be open by now, and have not been.
void Load::note_not_open() {
  std::uint64_t count = 0;
  for (const Slot& slot : slots_) {
    count += static_cast<std::uint64_t>(was_opened(slot.index) && !slot.takes_part);
  }
  for (; !openings_.empty() && openings_.top().when <= now(); openings_.pop()) {
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
  while (const auto due = take_due(slot, now())) recorder_.note_waiting(*due);
}

// Once everybody who is waited for is there, or has failed to be.
void Load::begin() {
  begun_ = true;
  away_before_ = away();
  const Time warm = now() + settings_.warmup;
  if (settings_.duration > Duration{0}) end_ = warm + settings_.duration;
  recorder_.begin(warm, end_);
  schedule_ = Schedule(settings_.rate, now());

  const Duration apart = settings_.ramp / static_cast<Duration::rep>(settings_.connections);
  for (Slot& slot : slots_) {
    if (slot.is_idle) break;
    if (slot.takes_part) {
      if (is_live(slot)) settle(slot.index);
      retire_if_dead(slot);
    } else {
      const bool waits_for_message = has_rate() && settings_.churn;
      const Time in_turn = now() + static_cast<Duration::rep>(slot.index) * apart;
      open_at(waits_for_message ? std::min(next_start(slot), end_) : in_turn, slot);
    }
  }
}

void Load::open_at(Time when, Slot& slot) {
  openings_.push({.when = when, .order = ordered_++, .slot = &slot});
}

void Load::open_due() {
  while (!openings_.empty() && openings_.top().when <= now() && can_open()) {
    const Opening next = openings_.top();
    openings_.pop();
    if (is_exhausted(*next.slot)) {
      retire(*next.slot);
    } else {
      open_slot(*next.slot, next.when);
    }
  }
}

void Load::open_slot(Slot& slot, Time scheduled) {
  if (std::exchange(look_up_, false)) look_up_again();
  slot.number = ++numbers_;
  slot.got_answer = false;
  slot.conversation.emplace(pattern_, slot.number, settings_.half_close);
  if (settings_.churn && !slot.is_idle) {
    say_next(slot, read_clock());
    slot.conversation->finish();
  }
  open(slot.index, *slot.conversation, scheduled);
}

void Load::handle_connected(std::size_t index, Duration took) {
  Slot& slot = slots_[index];
  take_part(slot);
  slot.was_open = true;
  recorder_.note_connected(took);
  const ClientConnection& opened = connection(index);
  if (!opened.refusals().empty()) recorder_.note_refusals(opened.refusals(), opened.remote());
}

// It has been open, or has failed to be.
void Load::take_part(Slot& slot) {
  if (!slot.takes_part && to_take_part_ > 0) --to_take_part_;
  slot.takes_part = true;
}

// No message begins, or is due, any more.
void Load::end_all() {
  for (Slot& slot : slots_) {
    if (is_live(slot) && slot.takes_part) settle(slot.index);
    retire_if_dead(slot);
  }
}

void Load::dismiss_idle() {
  idle_dismissed_ = true;
  for (Slot& slot : slots_) {
    if (!slot.is_idle || !is_live(slot)) continue;
    slot.conversation->finish();
    settle(slot.index);
  }
}

// At a rate: has each slot say what has fallen due.
void Load::say_due() {
  for (std::size_t count = 0; count < kMaxDue && time_of_next_due() <= now(); ++count) {
    Slot& slot = slots_[next_due_ % settings_.connections];
    ++next_due_;
    if (is_live(slot) && slot.takes_part) {
      settle(slot.index);
    } else if (slot.takes_part) {
      lose_what_is_due(slot, now());
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

// Now it says what it has to say, as far as its depth allows.
void Load::add_to_script(std::size_t index) {
  Slot& slot = slots_[index];
  if (!wants_to_say(slot)) return;
  const Time now = read_clock();
  while (has_room(slot) && say_next(slot, now)) {
  }
}

bool Load::wants_to_say(const Slot& slot) const {
  return takes_messages(slot) && has_room(slot) && !is_exhausted(slot) && next_start(slot) <= now();
}

// In a churn a connection has its message from its beginning.
bool Load::takes_messages(const Slot& slot) const {
  return begun_ && !slot.is_idle && !settings_.churn && is_open(slot);
}

bool Load::has_room(const Slot& slot) const {
  const Conversation& conversation = *slot.conversation;
  return conversation.in_flight() < settings_.pipeline &&
         conversation.end() - connection(slot.index).sent() < kMaxUnsent;
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
  slot.conversation->say(sequence, size, start, attended(read_clock()));
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
    recorder_.note_loss(*due, now(), sequence_of_last_due(slot), connection(slot.index).failure());
  }
}

// Whether the slot has no message any more that it could begin.
bool Load::is_exhausted(const Slot& slot) const {
  if (slot.is_idle) return idle_dismissed_;
  return is_count_reached(slot) || (now() >= end_ && next_start(slot) >= end_);
}

bool Load::is_count_reached(const Slot& slot) const noexcept {
  return settings_.count > 0 && slot.said >= settings_.count;
}

Time Load::next_start(const Slot& slot) const noexcept {
  return has_rate() ? schedule_.due(slot.next) : now();
}

bool Load::more_to_send(std::size_t index) {
  Slot& slot = slots_[index];
  if (takes_messages(slot) && is_exhausted(slot)) fall_silent(slot);
  const bool is_full = takes_messages(slot) && !slot.is_silent && !has_room(slot);
  full_ += static_cast<std::size_t>(is_full);
  full_ -= static_cast<std::size_t>(std::exchange(slot.is_full, is_full));
  return wants_to_say(slot);
}

// The slot's connection is over: another one, or none, follows.
void Load::handle_over(std::size_t index) {
  Slot& slot = slots_[index];
  take_part(slot);
  const bool failed = connection(slot.index).state() == ClientConnection::State::kFailed;
  if (std::exchange(slot.was_open, false)) recorder_.note_closed();
  if (connection(slot.index).was_reset()) recorder_.note_reset_after_echo();
  if (failed) note_failure(slot);
  slot.in_vain = !failed || slot.got_answer ? 0 : slot.in_vain + 1;
  const bool was_refused = failed && connection(slot.index).local().family() == AF_UNSPEC;
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
  if (slot.is_idle || !has_rate()) return slot.pauses ? now() + kPause : now();
  const Time next = std::min(next_start(slot), end_);
  if (settings_.churn) return std::max(next, now());
  return slot.pauses ? std::max(next, now() + kPause) : now();
}

// With it goes what it had in flight, and what has fallen due and could not be said. In a churn
// that is only what has waited too long by now, if the two before had no answer either and
// the server seems to hang: what else is due has a connection of its own.
void Load::note_failure(Slot& slot) {
  const ClientConnection& failed = connection(slot.index);
  recorder_.note_failure(failed.failure_kind(), describe_failure(slot.number, failed));
  const Conversation& conversation = *slot.conversation;
  for (std::size_t place = 0; place < conversation.in_flight(); ++place) {
    const Conversation::Message& message = conversation.message_in_flight(place);
    recorder_.note_loss(message.start, now(), message.sequence, failed.failure());
  }
  if (slot.is_idle) return;
  if (!settings_.churn) {
    lose_what_is_due(slot, now());
  } else if (settings_.timeout > Duration{0} && slot.in_vain > 1) {
    lose_what_is_due(slot, now() - settings_.timeout);
  }
}

// It has nothing more to say.
void Load::fall_silent(Slot& slot) {
  if (slot.conversation) slot.conversation->finish();
  if (std::exchange(slot.is_silent, true)) return;
  ++silent_;
  is_time_up_ = is_time_up_ || (!is_count_reached(slot) && next_start(slot) >= end_);
}

// Its connection failed, none follows, and no message of it falls due any more. An idle one has
// none, and has retired already.
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

void Load::handle_echo(std::size_t index) {
  Slot& slot = slots_[index];
  const std::uint64_t received = connection(index).received();
  const Time now = read_clock();  // What recv(2) brought may have come after select() returned.
  while (const auto message = slot.conversation->take_answered(received)) {
    slot.got_answer = true;
    recorder_.note_answer(message->start, now, message->sequence, message->size,
                          connection(index).remote());
  }
}

Time Load::next_event() const noexcept {
  Time next = std::min(recorder_.next_time(), time_of_next_due());
  if (!has_ended_) next = std::min(next, end_);
  if (!openings_.empty() && can_open()) next = std::min(next, openings_.top().when);
  return next;
}

}  // namespace echo
