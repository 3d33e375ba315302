#include "echo/report/timeline.h"

#include <algorithm>
#include <utility>

#include "echo/load/histogram.h"

namespace echo {
namespace {

void append(Sample& sample, const Sample& next) {
  sample.end = next.end;
  sample.received += next.received;
  sample.bytes += next.bytes;
  sample.lost += next.lost;
  sample.failed += next.failed;
  sample.open = std::max(sample.open, next.open);
  sample.latency.merge(next.latency);
}

Timeline::Point point_of(const Sample& sample) {
  const Histogram& latency = sample.latency;
  return {.begin = sample.begin,
          .end = sample.end,
          .received = sample.received,
          .bytes = sample.bytes,
          .errors = sample.lost + sample.failed,
          .p50 = latency.percentile(Histogram::kMedian),
          .p99 = latency.percentile(Histogram::kP99),
          .p999 = latency.percentile(Histogram::kP999),
          .max = latency.max()};
}

}  // namespace

void Timeline::add(Sample sample) {
  for (std::size_t index = 0;; ++index) {
    if (index == levels_.size()) levels_.emplace_back();
    Level& level = levels_[index];
    if (index >= reported_) level.points.push_back(point_of(sample));
    if (!level.first) {
      level.first = std::move(sample);
      break;
    }
    append(*level.first, sample);
    sample = std::move(*level.first);
    level.first.reset();
  }
  if (reported_ < levels_.size() && levels_[reported_].points.size() == max_points_) {
    levels_[reported_].points = {};
    ++reported_;
  }
}

std::vector<Timeline::Point> Timeline::points() const {
  if (levels_.empty()) return {};
  std::vector<Point> points = levels_[reported_].points;
  // The samples after the last complete point. Coarser levels have the earlier samples.
  std::optional<Sample> rest;
  for (std::size_t index = reported_; index-- > 0;) {
    const std::optional<Sample>& part = levels_[index].first;
    if (!part) continue;
    if (rest) {
      append(*rest, *part);
    } else {
      rest = part;
    }
  }
  if (rest) points.push_back(point_of(*rest));
  return points;
}

}  // namespace echo
