#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_results.h"

namespace echo {

// The samples of a load over time, for a picture: at most `max_points` points, each of which covers
// the same number of samples, except the last. Samples are merged in pairs, these pairs are merged
// again, and so on; each level is twice as coarse as the previous one. When a level has too many
// points, the next one replaces it. All percentiles come from a Histogram of the whole point, never
// from other percentiles, and are therefore as exact as the Histogram.
//
// The memory is bounded: at most twice `max_points` points, and a histogram of 400 KB per level.
// The number of levels is the number of binary digits in the number of samples: 29 (12 MB) after
// ten years with one sample per second.
class Timeline {
 public:
  static constexpr std::size_t kMaxPoints = 2000;

  struct Point {
    Duration begin{0};
    Duration end{0};
    std::uint64_t received = 0;
    std::uint64_t bytes = 0;
    std::uint64_t errors = 0;  // Lost messages plus failed connections.
    Duration p50{0};           // This and the following are 0 if nothing was received.
    Duration p99{0};
    Duration p999{0};
    Duration max{0};
  };

  explicit Timeline(std::size_t max_points = kMaxPoints) : max_points_(max_points) {}

  // Samples must be added in order, without gaps.
  void add(Sample sample);

  // Returns the points from the beginning to the last sample. The last point may be shorter.
  std::vector<Point> points() const;

 private:
  struct Level {
    std::vector<Point> points;
    std::optional<Sample> first;  // The first half of an incomplete pair.
  };

  std::size_t max_points_;
  std::vector<Level> levels_;  // Finest level first.
  std::size_t reported_ = 0;   // The index of the finest level that does not have too many points.
};

}  // namespace echo
