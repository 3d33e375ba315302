#include "echo/load/load_results.h"

#include <algorithm>
#include <cstddef>

namespace echo {
namespace {

// At most kMaxDuration, so that no sum overflows.
Duration sum_of(Duration one, Duration other) { return std::min(one + other, kMaxDuration); }

// Unknown if one of both is unknown, unless that run did not measure.
std::optional<ProcessorWait> sum_of_waits(const LoadResults& one, const LoadResults& other) {
  if (other.ran == Duration{0}) return one.waited;
  if (one.ran == Duration{0}) return other.waited;
  if (!one.waited || !other.waited) return std::nullopt;
  return ProcessorWait{.time = sum_of(one.waited->time, other.waited->time),
                       .turns = one.waited->turns + other.waited->turns};
}

// Adds the texts that are not known yet, as far as there is room.
void add_first(std::vector<std::string>& known, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (known.size() == kMaxFailuresLogged) return;
    if (std::find(known.begin(), known.end(), text) == known.end()) known.push_back(text);
  }
}

void merge_addresses(std::vector<AddressResults>& known,
                     const std::vector<AddressResults>& others) {
  for (const AddressResults& other : others) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const AddressResults& each) {
      return each.address == other.address;
    });
    if (found == known.end()) {
      known.push_back(other);
      continue;
    }
    found->opened += other.opened;
    found->failed += other.failed;
    found->sent += other.sent;
    found->received += other.received;
    found->lost += other.lost;
    found->latency.merge(other.latency);
  }
}

bool has_begun(const LoadResults& results) {
  return results.begin || results.elapsed > Duration{0};
}

void merge_periods(LoadResults& results, const LoadResults& other) {
  if (!has_begun(other)) return;
  if (!has_begun(results)) {
    results.begin = other.begin;
    results.elapsed = other.elapsed;
  } else if (results.begin && other.begin) {
    const auto end = std::max(*results.begin + results.elapsed, *other.begin + other.elapsed);
    results.begin = std::min(*results.begin, *other.begin);
    results.elapsed = end - *results.begin;
  } else {
    results.begin = std::nullopt;
    results.elapsed = std::max(results.elapsed, other.elapsed);
  }
}

}  // namespace

void PathResults::add(const PathInfo& path, std::uint64_t new_retransmits) noexcept {
  const bool is_reading = path.round_trip > Duration{0};
  merge({.retransmits = new_retransmits,
         .readings = is_reading ? 1U : 0U,
         .round_trip_sum = path.round_trip,
         .round_trip_max = path.round_trip,
         .window_sum = path.congestion_window,
         .window_min = path.congestion_window});
}

void PathResults::merge(const PathResults& other) noexcept {
  retransmits += other.retransmits;
  if (other.readings == 0) return;
  window_min = readings == 0 ? other.window_min : std::min(window_min, other.window_min);
  readings += other.readings;
  round_trip_sum = sum_of(round_trip_sum, other.round_trip_sum);
  round_trip_max = std::max(round_trip_max, other.round_trip_max);
  window_sum += other.window_sum;
}

void LoadResults::merge(const LoadResults& other) {
  earlier->count += other.earlier->count;
  earlier->unanswered += other.earlier->unanswered;
  earlier->warnings.insert(earlier->warnings.end(), other.earlier->warnings.begin(),
                           other.earlier->warnings.end());
  merge_periods(*this, other);
  phase = std::max(phase, other.phase);

  opened += other.opened;
  open += other.open;
  most_open += other.most_open;
  not_open += other.not_open;
  connect.merge(other.connect);

  sent += other.sent;
  received += other.received;
  lost += other.lost;
  bytes += other.bytes;
  unsent += other.unsent;
  skipped += other.skipped;
  oldest_in_flight = std::max(oldest_in_flight, other.oldest_in_flight);

  path.merge(other.path);
  merge_addresses(addresses, other.addresses);
  latency.merge(other.latency);
  lateness.merge(other.lateness);
  sent_late += other.sent_late;

  for (std::size_t kind = 0; kind < kFailures; ++kind) failures[kind] += other.failures[kind];
  add_first(failure_texts, other.failure_texts);
  resets_after_echo += other.resets_after_echo;
  add_first(refusals, other.refusals);

  waited = sum_of_waits(*this, other);
  cpu = sum_of(cpu, other.cpu);
  ran = std::max(ran, other.ran);
  away = sum_of(away, other.away);
  interrupted = interrupted || other.interrupted;
  is_past_deadline = is_past_deadline || other.is_past_deadline;
}

}  // namespace echo
