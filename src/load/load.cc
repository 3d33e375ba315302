#include "echo/load/load.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "echo/client/client_connection.h"

namespace echo {
namespace {

using State = Slot::State;

// The most bytes that a connection buffers ahead of its socket. Further messages remain in the
// schedule, which takes no memory.
constexpr std::uint64_t kMaxUnsent = 64UL * 1024;

// The maximum number of slots that send in one turn of the loop, so that answers are not delayed.
constexpr std::size_t kMaxTurns = 1024;

// The paths of all connections are read in each sample, unless that would take more than about a
// thousandth of the time: a reading takes about a microsecond.
constexpr Duration kPerPath = std::chrono::milliseconds{1};

// A slot pauses for kPause after a refused connection if more than kMaxUnansweredFailures
// consecutive connections have failed without an answer. After a connection that was open there is
// no pause.
constexpr int kMaxUnansweredFailures = 1;
constexpr Duration kPause = std::chrono::milliseconds{100};

}  // namespace

Load::Load(const LoadSettings& settings, ServerAddresses addresses, LoadObserver& observer,
           LoadRecorder::Intervals intervals, int interrupt, std::function<Time()> clock)
    : ClientLoop(settings, settings.connections + settings.idle, std::move(addresses),
                 std::move(clock)),
      settings_(settings),
      recorder_(observer, intervals, settings_.rate, now()),
      workload_(settings_, recorder_, now()),
      slots_(settings.connections, settings.idle),
      reads_paths_in_samples_(settings.connections * kPerPath <= intervals.sample) {
  if (interrupt >= 0) {
    selector().watch_input(interrupt, true);
    selector().keep_active(interrupt);
  }
  if (settings_.all_addresses) recorder_.separate(separate_addresses());
  // With a ramp or a churn, the busy slots start only after begin().
  const bool all_start = settings_.ramp == Duration{0} && !settings_.churn;
  for (Slot& slot : slots_) {
    if (slot.is_idle || all_start) schedule_attempt(slot, now(), State::kStarting);
  }
}

std::optional<Time> Load::prepare() {
  if (!workload_.has_begun() && slots_.all(State::kStarting) == 0) begin();
  start_attempts();
  give_turns();
  if (now() >= workload_.end() && !std::exchange(has_ended_, true)) {
    for (Slot& slot : slots_) settle_slot(slot);
  }
  if (slots_.busy(State::kDone) == settings_.connections && !idle_dismissed_) dismiss_idle();
  if (reads_paths_in_samples_ && recorder_.is_sample_over(now())) read_paths();
  // What happened in the warm-up does not count.
  if (settings_.warmup > Duration{0} && recorder_.is_warmup_over(now())) read_paths();
  recorder_.report(now());
  if (slots_.all(State::kDone) == slots_.size()) return std::nullopt;
  if (is_past_deadline()) {
    handle_all([this](ClientConnection& last) { last.receive_all(buffer(), attended(now())); });
    if (slots_.all(State::kDone) < slots_.size()) recorder_.record_deadline();
    return std::nullopt;
  }
  return next_event();
}

const LoadResults& Load::finish(bool interrupted) {
  update_now();
  const bool is_cut = interrupted || results().is_past_deadline;
  for (Slot& slot : slots_) {
    if (slot.is_idle) continue;
    if (is_live(slot.index)) read_path(slot, true);
    if (slot.conversation && connection(slot.index).state() == ClientConnection::State::kFailed) {
      lose_scheduled(slot, now());
    } else if (slot.conversation && is_cut) {
      workload_.record_waiting(slot, now());
    }
    if (is_cut && !slot.is_silent()) workload_.record_unsent(slot);
  }
  if (is_cut) recorder_.record_not_open(count_not_open());
  recorder_.record_away(away() - away_before_);
  return recorder_.finish(now(), interrupted, is_time_up_);
}

// Counts the slots whose first connection should be open by now, but is not.
std::uint64_t Load::count_not_open() {
  std::uint64_t count = slots_.all(State::kStarting);
  for (auto later = attempts_.upper_bound(now()); later != attempts_.end(); ++later) {
    if (slots_[later->second].state() == State::kStarting) --count;
  }
  return count;
}

// Called when every connection that the load waits for is open or has failed.
void Load::begin() {
  away_before_ = away();
  workload_.begin(slots_, now());
  const Duration apart = settings_.ramp / static_cast<Duration::rep>(settings_.connections);
  for (Slot& slot : slots_) {
    if (slot.is_idle) break;
    if (slot.state() == State::kNew) {
      const Time in_turn = now() + static_cast<Duration::rep>(slot.index) * apart;
      const bool waits_for_message = workload_.has_rate() && settings_.churn;
      schedule_attempt(slot, waits_for_message ? workload_.next_start(slot, now()) : in_turn,
                       State::kStarting);
    } else {
      settle_slot(slot);
    }
  }
}

// Called if the slot may have a message to send, or will have no more messages.
void Load::settle_slot(Slot& slot) {
  if (slot.state() == State::kGivenUp) {
    if (is_exhausted(slot)) stop_sending(slot, State::kDone);
  } else if (slot.has_started() && is_live(slot.index)) {
    settle(slot.index);
  }
}

void Load::schedule_attempt(Slot& slot, Time when, State state) {
  attempts_.emplace(when, slot.index);
  slots_.set(slot, state);
}

void Load::start_attempts() {
  while (!attempts_.empty() && attempts_.begin()->first <= now() && can_open()) {
    const auto [scheduled, index] = *attempts_.begin();
    attempts_.erase(attempts_.begin());
    Slot& slot = slots_[index];
    const bool has_message = settings_.churn && !slot.is_idle;
    const Time opens = has_message ? read_clock() : now();
    if (has_message) workload_.skip_late(slot, opens);
    if (is_exhausted(slot)) {
      stop_sending(slot, State::kDone);
      continue;
    }
    if (has_message && workload_.next_start(slot, opens) > opens) {
      schedule_attempt(slot, workload_.next_start(slot, opens), slot.state());
      continue;
    }
    if (std::exchange(look_up_, false)) look_up_again();
    workload_.begin_conversation(slot, ++numbers_);
    if (has_message) {
      workload_.send_next(slot, opens, attended(opens));
      slot.conversation->finish();
    }
    open(index, *slot.conversation, scheduled);
  }
}

// In a churn with a rate, the next connection starts when its message is scheduled. Without a
// churn, a slot that pauses also waits for its next message; other slots reconnect immediately.
Time Load::time_of_next_attempt(const Slot& slot, bool was_refused) const {
  const bool pauses = was_refused && slot.unanswered_failures > kMaxUnansweredFailures;
  if (slot.is_idle || !workload_.has_rate()) return pauses ? now() + kPause : now();
  const Time next = workload_.next_start(slot, now());
  if (settings_.churn) return std::max(next, now());
  return pauses ? std::max(next, now() + kPause) : now();
}

void Load::handle_connected(std::size_t index, Duration took) {
  slots_.set(slots_[index], State::kOpen);
  recorder_.record_connection(index, took);
  const ClientConnection& opened = connection(index);
  if (!opened.refusals().empty()) recorder_.record_refusals(opened.refusals(), opened.remote());
  if (settings_.connect_only) {
    workload_.take_answers(slots_[index], 0, now(), opened.remote());
    close(index);
  }
}

// Decides whether another connection follows.
void Load::handle_over(std::size_t index) {
  Slot& slot = slots_[index];
  const ClientConnection& over = connection(index);
  const bool failed = over.state() == ClientConnection::State::kFailed;
  const bool was_refused = failed && over.local().family() == AF_UNSPEC;
  look_up_ = look_up_ || was_refused;
  if (slot.is_open()) recorder_.record_close();
  read_path(slot, true);
  if (over.was_reset()) recorder_.record_reset_after_echo();
  if (failed) lose_messages(slot);
  slot.unanswered_failures =
      failed && !slot.conversation->got_answer() ? slot.unanswered_failures + 1 : 0;

  const bool gives_up = failed && !settings_.reconnect && (slot.is_idle || !settings_.churn);
  if (is_exhausted(slot)) {
    stop_sending(slot, State::kDone);
  } else if (!gives_up) {
    schedule_attempt(slot, time_of_next_attempt(slot, was_refused), State::kConnecting);
  } else if (!slot.is_idle && workload_.has_rate()) {
    slots_.set(slot, State::kGivenUp);
  } else {
    if (!slot.is_idle) workload_.record_unsent(slot);
    stop_sending(slot, State::kDone);
  }
}

// A failed connection loses its messages in flight and those scheduled for it until now. In a churn
// each scheduled message gets its own connection and is not lost. But if the previous two
// connections failed without an answer too, the server seems to hang: then the messages that have
// waited longer than the timeout are lost.
void Load::lose_messages(Slot& slot) {
  const ClientConnection& failed = connection(slot.index);
  recorder_.record_failure(slot.index, failed.failure_kind(),
                           describe_failure(slot.number, failed));
  workload_.lose_in_flight(slot, now(), reason_of_loss(slot));
  if (slot.is_idle) return;
  if (!settings_.churn) {
    lose_scheduled(slot, now());
  } else if (settings_.timeout > Duration{0} && slot.unanswered_failures > 1) {
    lose_scheduled(slot, now() - settings_.timeout);
  }
}

void Load::lose_scheduled(Slot& slot, Time until) {
  workload_.lose_scheduled(slot, until, now(), reason_of_loss(slot));
}

// Names the server's address if it matters. The failure of a connection that was never open names
// it already.
std::string Load::reason_of_loss(const Slot& slot) const {
  const ClientConnection& failed = connection(slot.index);
  const bool was_open = failed.local().family() != AF_UNSPEC;
  return (settings_.all_addresses && was_open ? failed.remote().to_string() + ": " : "") +
         failed.failure();
}

// With a rate: lets each slot whose turn has come send its message.
void Load::give_turns() {
  for (std::size_t count = 0; count < kMaxTurns && next_turn() <= now(); ++count) {
    Slot& slot = slots_[workload_.take_turn()];
    if (!slot.has_started()) {
      workload_.skip_turn(slot);
    } else if (!slot.is_silent()) {
      if (!is_live(slot.index)) lose_scheduled(slot, now());
      settle_slot(slot);
    }
  }
}

// Time::max() if no slot can send.
Time Load::next_turn() const noexcept {
  const std::size_t waiting =
      slots_.busy(State::kFull) + slots_.busy(State::kFinishing) + slots_.busy(State::kDone);
  return waiting == settings_.connections ? Time::max() : workload_.next_turn();
}

bool Load::more_to_send(std::size_t index) {
  Slot& slot = slots_[index];
  // In a churn, a connection gets its only message when it is opened.
  const bool takes_messages = workload_.has_begun() && !slot.is_idle && !settings_.churn &&
                              connection(index).state() == ClientConnection::State::kOpen;
  if (!takes_messages) return false;
  if (is_exhausted(slot)) {
    stop_sending(slot, State::kFinishing);
    return false;
  }
  slots_.set(slot, has_room(slot) ? State::kOpen : State::kFull);
  return slot.state() == State::kOpen && workload_.next_start(slot, now()) <= now();
}

void Load::add_to_script(std::size_t index) {
  if (!more_to_send(index)) return;
  Slot& slot = slots_[index];
  const Time now = read_clock();
  workload_.skip_late(slot, now);
  while (has_room(slot) && workload_.send_next(slot, now, attended(now))) {
  }
}

bool Load::has_room(const Slot& slot) const {
  const Conversation& conversation = *slot.conversation;
  return conversation.in_flight().size() < settings_.pipeline &&
         conversation.end() - connection(slot.index).sent() < kMaxUnsent;
}

// True if the slot starts no more messages.
bool Load::is_exhausted(const Slot& slot) const {
  return slot.is_idle ? idle_dismissed_ : workload_.is_exhausted(slot, now());
}

void Load::stop_sending(Slot& slot, State state) {
  is_time_up_ = is_time_up_ || (!slot.is_idle && workload_.is_time_up(slot, now()));
  if (slot.conversation) slot.conversation->finish();
  slots_.set(slot, state);
}

void Load::handle_echo(std::size_t index) {
  // Reads the clock again, because the data may have arrived after select() returned.
  workload_.take_answers(slots_[index], connection(index).received(), read_clock(),
                         connection(index).remote());
}

// Reads the paths of all open connections.
void Load::read_paths() {
  for (Slot& slot : slots_) {
    if (slot.is_open()) read_path(slot, false);
  }
}

void Load::read_path(Slot& slot, bool is_last) {
  const auto path = slot.is_idle ? std::nullopt : connection(slot.index).path();
  if (!path) return;
  recorder_.record_path(*path, path->retransmits - slot.retransmits, is_last);
  slot.retransmits = path->retransmits;
}

// Closes the idle connections once the busy connections are over.
void Load::dismiss_idle() {
  idle_dismissed_ = true;
  for (Slot& slot : slots_) {
    if (slot.is_idle && slot.conversation) slot.conversation->finish();
  }
  settle_all();
}

Time Load::next_event() const noexcept {
  Time next = std::min(recorder_.next_time(), next_turn());
  if (!has_ended_) next = std::min(next, workload_.end());
  if (!attempts_.empty() && can_open()) next = std::min(next, attempts_.begin()->first);
  return next;
}

}  // namespace echo
