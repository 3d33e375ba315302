#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_results.h"

namespace echo {

// A load's samples over time, for a picture: at most `max_points` points, all of the same number of
// samples but the last. It merges the samples in pairs, those in pairs again, and so on: each level
// is twice as coarse as the one before. Once a level has too many points, the next one is reported.
// So the percentiles of each point are as exact as a Histogram's: none is made of others.
//
// It keeps up to twice `max_points` points. A level holds a histogram too, of 400 KB, and there are
// as many levels as the number of samples has binary digits: 29 after ten years of seconds, which
// is 12 MB.
class Timeline {
 public:
  static constexpr std::size_t kMaxPoints = 2000;

  struct Point {
    Duration begin{0};
    Duration end{0};
    std::uint64_t received = 0;
    std::uint64_t bytes = 0;
    std::uint64_t errors = 0;  // Messages lost, and connections that failed.
    Duration p50{0};           // These are 0 if nothing was received.
    Duration p99{0};
    Duration p999{0};
    Duration max{0};
  };

  explicit Timeline(std::size_t max_points = kMaxPoints) : max_points_(max_points) {}

  // The samples follow each other.
  void add(Sample sample);

  // All that was added, from the beginning on. The last point may be shorter than the others.
  std::vector<Point> points() const;

 private:
  struct Level {
    std::vector<Point> points;
    std::optional<Sample> first;  // Of a pair that is not complete.
  };

  std::size_t max_points_;
  std::vector<Level> levels_;  // The finest first.
  std::size_t reported_ = 0;   // The index of the finest that has not too many points.
};

}  // namespace echo
