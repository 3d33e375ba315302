#include "echo/load/load_recorder.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include "echo/os/platform.h"

namespace echo {
namespace {

Duration cpu_time() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + Duration{used.tv_nsec};
}

}  // namespace

Duration LoadRecorder::late_after(Rate rate) noexcept {
  if (rate.count == 0) return kLate;
  return std::max(kLate, rate.period / static_cast<Duration::rep>(rate.count));
}

LoadRecorder::LoadRecorder(LoadObserver& observer, Intervals intervals, Rate rate, Time now)
    : observer_(observer),
      intervals_(intervals),
      late_after_(late_after(rate)),
      last_outcome_(now) {
  if (intervals_.progress > Duration{0}) next_progress_ = now;
}

void LoadRecorder::begin(Time from, Time end) noexcept {
  from_ = from;
  end_ = end;
  results_.phase = LoadResults::Phase::kWarmup;
  if (takes_samples()) plan_sample(from);
}

void LoadRecorder::separate(const std::vector<Endpoint>& addresses) {
  for (const Endpoint& address : addresses) {
    results_.addresses.push_back({.address = address.to_string()});
  }
}

void LoadRecorder::record_connection(std::size_t slot, Duration took) noexcept {
  if (AddressResults* const part = address_of(slot)) ++part->opened;
  results_.connect.record(took);
  ++results_.opened;
  results_.most_open = std::max(results_.most_open, ++results_.open);
  sample_.open = std::max(sample_.open, results_.open);
}

void LoadRecorder::record_failure(std::size_t slot, Failure kind, const std::string& text) {
  if (AddressResults* const part = address_of(slot)) ++part->failed;
  ++results_.failures.at(static_cast<std::size_t>(kind));
  ++sample_.failed;
  if (results_.failure_texts.size() < kMaxFailuresLogged) results_.failure_texts.push_back(text);
  observer_.failed(text);
}

void LoadRecorder::record_refusals(const std::string& refusals, const Endpoint& instead) {
  std::vector<std::string>& known = results_.refusals;
  if (known.size() == kMaxFailuresLogged) return;
  if (std::find(known.begin(), known.end(), refusals) != known.end()) return;
  known.push_back(refusals);
  observer_.refused(refusals, instead);
}

bool LoadRecorder::record_start(std::size_t slot, Time start) noexcept {
  if (!is_measured(start)) return false;
  if (AddressResults* const part = address_of(slot)) ++part->sent;
  ++results_.sent;
  ++sample_.due;
  return true;
}

void LoadRecorder::record_send(Time scheduled, Time now) noexcept {
  if (!is_measured(scheduled)) return;
  results_.lateness.record(now - scheduled);
  if (now - scheduled <= late_after_) return;
  ++results_.sent_late;
  ++sample_.sent_late;
}

void LoadRecorder::record_skip(Time scheduled) noexcept {
  if (!is_measured(scheduled)) return;
  ++results_.skipped;
  ++sample_.skipped;
}

void LoadRecorder::record_answer(std::size_t slot, Time start, Time now, std::uint64_t sequence,
                                 std::size_t size, const Endpoint& server) {
  if (!is_measured(start)) return;
  const Duration latency = now - start;
  last_outcome_ = now;
  ++results_.received;
  results_.bytes += size;
  results_.latency.record(latency);
  if (AddressResults* const part = address_of(slot)) {
    ++part->received;
    part->latency.record(latency);
  }
  if (takes_samples()) {
    ++sample_.received;
    sample_.bytes += size;
    sample_.latency.record(latency);
  }
  observer_.answered({.sequence = sequence, .size = size, .latency = latency, .server = server});
}

void LoadRecorder::record_loss(std::size_t slot, Time start, Time now, std::uint64_t sequence,
                               const std::string& reason) {
  if (!is_measured(start)) return;
  if (AddressResults* const part = address_of(slot)) ++part->lost;
  last_outcome_ = now;
  ++results_.lost;
  ++sample_.lost;
  observer_.lost(sequence, reason);
}

void LoadRecorder::record_waiting(Time start) noexcept {
  if (is_measured(start)) oldest_waiting_ = std::min(oldest_waiting_, start);
}

void LoadRecorder::record_path(const PathInfo& path, std::uint64_t new_retransmits,
                               bool is_last) noexcept {
  if (results_.phase == LoadResults::Phase::kWarmup) return;
  sample_.path.add(path, new_retransmits);
  if (is_last) {
    results_.path.add(path, new_retransmits);
  } else {
    results_.path.retransmits += new_retransmits;
  }
}

void LoadRecorder::report(Time now) {
  if (!is_warm() && is_measured(now)) {
    results_.phase = LoadResults::Phase::kMeasuring;
    results_.begin = wall_time() - std::chrono::duration_cast<WallTime::duration>(now - from_);
    cpu_before_ = cpu_time();
    waited_before_ = processor_wait();
  }
  if (now >= next_sample_) {
    // If several intervals have passed, for example during a suspension, they form one sample.
    const Time end = now - (now - next_sample_) % intervals_.sample;
    report_sample(end);
    plan_sample(end);
  }
  if (now >= next_progress_) {
    next_progress_ = now + intervals_.progress;
    observer_.progressed(results(now));
  }
}

Time LoadRecorder::next_time() const noexcept { return std::min(next_sample_, next_progress_); }

const LoadResults& LoadRecorder::results(Time now) noexcept {
  results_.elapsed = measured_until(now);
  return results_;
}

const LoadResults& LoadRecorder::finish(Time now, bool interrupted, bool is_time_up) {
  // The measured time includes all of the given duration, but not the closing of the connections.
  const Time planned = is_time_up ? std::max(last_outcome_, end_) : last_outcome_;
  const Time end = interrupted || results_.is_past_deadline ? now : planned;
  results_.elapsed = measured_until(end);
  results_.interrupted = interrupted;
  results_.oldest_in_flight = now - std::min(oldest_waiting_, now);
  if (is_warm()) {
    results_.cpu = cpu_time() - cpu_before_;
    const auto waited = processor_wait();
    if (waited && waited_before_) {
      results_.waited = ProcessorWait{.time = waited->time - waited_before_->time,
                                      .turns = waited->turns - waited_before_->turns};
    }
    results_.ran = now - from_;
  }
  if (takes_samples()) report_sample(end);
  return results_;
}

// The few answers that arrive after the end belong to the last sample instead of a sample of their
// own.
void LoadRecorder::plan_sample(Time after) noexcept {
  next_sample_ = after + intervals_.sample;
  if (next_sample_ == end_) next_sample_ += intervals_.sample;
}

void LoadRecorder::report_sample(Time end) {
  sample_.end = std::max(measured_until(end), sample_.begin);
  sample_.ended = end;
  const bool has_something =
      sample_.received > 0 || sample_.lost > 0 || sample_.skipped > 0 || sample_.failed > 0;
  if (sample_.end > sample_.begin || has_something) observer_.sampled(sample_);
  sample_.begin = sample_.end;
  sample_.received = sample_.bytes = sample_.due = sample_.sent_late = 0;
  sample_.lost = sample_.skipped = sample_.failed = 0;
  sample_.open = results_.open;
  sample_.path = {};
  sample_.latency.clear();
}

Duration LoadRecorder::measured_until(Time time) const noexcept {
  return is_measured(time) ? time - from_ : Duration{0};
}

}  // namespace echo
