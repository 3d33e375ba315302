#pragma once

#include <string>
#include <vector>

#include "echo/base/time.h"

namespace echo {

// An axis of a picture: maps values to pixels, linearly.
struct Axis {
  double first_value;
  double last_value;
  double first_pixel;
  double last_pixel;

  double at(double value) const noexcept {
    return first_pixel +
           (value - first_value) / (last_value - first_value) * (last_pixel - first_pixel);
  }
};

// Round values for the labels of an axis.

// Labels for a logarithmic axis: at most ten, unless there are more powers of ten between the
// arguments. The first label is not above `least`, the last one not below `most`; there are at
// least two.
std::vector<Duration> latency_labels(Duration least, Duration most);

// The least step for which the values up to `most`, which is above 0, need at most five steps: 1, 2
// or 5 times a power of ten.
double figure_step(double most);

// The least step for which `span` needs at most ten steps.
Duration time_step(Duration span);

// The label of a multiple of time_step(span): "1.5 s" or "200 us". All labels of a span have the
// same unit and the same number of decimals; from a minute on they are durations: "1m30s".
std::string time_label(Duration time, Duration span);

}  // namespace echo
