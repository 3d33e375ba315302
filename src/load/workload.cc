#include "echo/load/workload.h"

#include <algorithm>

#include "echo/load/conversation.h"

namespace echo {
namespace {

Pattern pattern_of(const LoadSettings& settings) {
  if (settings.data) return Pattern::of_data(*settings.data);
  return settings.text ? Pattern::of_lines(settings.seed, settings.sizes)
                       : Pattern(settings.seed, settings.sizes);
}

}  // namespace

Workload::Workload(const LoadSettings& settings, LoadRecorder& recorder, Time now)
    : settings_(settings),
      recorder_(recorder),
      pattern_(pattern_of(settings)),
      schedule_(settings.rate, settings.connections, now) {}

void Workload::begin(Slots& slots, Time now) {
  has_begun_ = true;
  const Time warm = now + settings_.warmup;
  if (settings_.duration > Duration{0}) end_ = warm + settings_.duration;
  recorder_.begin(warm, end_);
  if (!has_rate()) return;
  schedule_ = settings_.poisson
                  ? Schedule::poisson(settings_.rate, settings_.connections, now, settings_.seed)
                  : Schedule(settings_.rate, settings_.connections, now);
  for (std::size_t index = 0; index < settings_.connections; ++index) {
    slots[index].scheduled = schedule_.time_of(index, now);
  }
}

Time Workload::next_turn() const noexcept {
  if (!has_begun_ || !has_rate() || settings_.churn) return Time::max();
  const Time next = schedule_.next_turn();
  return next < end_ ? next : Time::max();
}

Time Workload::next_start(const Slot& slot, Time now) const noexcept {
  return std::min(has_rate() ? slot.scheduled : now, end_);
}

bool Workload::is_exhausted(const Slot& slot, Time now) const noexcept {
  return is_count_reached(slot) || is_time_up(slot, now);
}

bool Workload::is_time_up(const Slot& slot, Time now) const noexcept {
  return now >= end_ && !is_count_reached(slot) && next_start(slot, now) >= end_;
}

void Workload::skip_late(Slot& slot, Time now) {
  if (!settings_.no_catch_up) return;
  const Time latest = now - LoadRecorder::late_after(settings_.rate) - Duration{1};
  while (is_scheduled(slot, latest)) {
    recorder_.record_skip(slot.scheduled);
    advance(slot);
  }
}

void Workload::begin_conversation(Slot& slot, std::uint64_t number) const {
  slot.number = number;
  slot.retransmits = 0;
  slot.conversation.emplace(pattern_, number, settings_.half_close);
}

bool Workload::send_next(Slot& slot, Time now, Time handed) {
  Time start = now;
  std::uint64_t sequence = 0;
  if (has_rate()) {
    const auto scheduled = take_scheduled(slot, now);
    if (!scheduled) return false;
    recorder_.record_send(*scheduled, now);
    start = *scheduled;
    sequence = sequence_of_taken(slot);
  } else {
    if (is_count_reached(slot)) return false;
    slot.sent += static_cast<std::uint64_t>(recorder_.record_start(slot.index, now));
    sequence = ++sequence_;
  }
  const std::size_t size = pattern_.size_of(slot.number, sequence, slot.conversation->end());
  slot.conversation->send(sequence, size, start, handed);
  return true;
}

void Workload::take_answers(Slot& slot, std::uint64_t received, Time now, const Endpoint& server) {
  while (const auto message = slot.conversation->take_answered(received)) {
    recorder_.record_answer(slot.index, message->start, now, message->sequence, message->size,
                            server);
  }
}

void Workload::lose_in_flight(const Slot& slot, Time now, const std::string& reason) {
  for (const Conversation::Message& message : slot.conversation->in_flight()) {
    recorder_.record_loss(slot.index, message.start, now, message.sequence, reason);
  }
}

void Workload::lose_scheduled(Slot& slot, Time until, Time now, const std::string& reason) {
  skip_late(slot, until);
  while (const auto scheduled = take_scheduled(slot, until)) {
    recorder_.record_loss(slot.index, *scheduled, now, sequence_of_taken(slot), reason);
  }
}

void Workload::record_waiting(Slot& slot, Time now) {
  for (const Conversation::Message& message : slot.conversation->in_flight()) {
    recorder_.record_waiting(message.start);
  }
  skip_late(slot, now);
  if (!slot.has_started() && !settings_.churn) return;  // Its turns are skipped until it starts.
  while (const auto scheduled = take_scheduled(slot, now)) recorder_.record_waiting(*scheduled);
}

void Workload::record_unsent(const Slot& slot) {
  if (slot.sent < settings_.count) recorder_.record_unsent(settings_.count - slot.sent);
}

// With a rate: takes the slot's next message from the schedule and returns its start time; nullopt
// if no message is scheduled up to `until`.
std::optional<Time> Workload::take_scheduled(Slot& slot, Time until) {
  if (!is_scheduled(slot, until)) return std::nullopt;
  const Time scheduled = slot.scheduled;
  advance(slot);
  slot.sent += static_cast<std::uint64_t>(recorder_.record_start(slot.index, scheduled));
  return scheduled;
}

void Workload::advance(Slot& slot) const noexcept {
  slot.next += settings_.connections;
  slot.scheduled = schedule_.time_of(slot.next, slot.scheduled);
}

bool Workload::is_scheduled(const Slot& slot, Time until) const noexcept {
  return has_begun_ && has_rate() && !is_count_reached(slot) && slot.scheduled <= until &&
         slot.scheduled < end_;
}

}  // namespace echo
