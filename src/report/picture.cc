#include "echo/report/picture.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/report/axis.h"
#include "echo/report/figures.h"
#include "echo/report/load_description.h"
#include "echo/report/svg.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using svg::attribute;
using svg::path;
using svg::pixels;
using svg::rectangle;
using svg::text;

using Points = std::vector<Timeline::Point>;

// In pixels.
constexpr double kWidth = 900;
constexpr double kHeight = 600;
constexpr double kLeft = 90;
constexpr double kRight = 880;
constexpr double kLatencyTop = 130;
constexpr double kLatencyBottom = 390;
constexpr double kThroughputTop = 430;
constexpr double kThroughputBottom = 550;

struct Line {
  std::string_view name;
  std::string_view colour;  // From a palette that is safe for colour-blind readers.
  Duration Timeline::Point::*value;
};

// From the top of the panel to the bottom, usually.
constexpr std::array<Line, 4> kLines{{{"max", "#d55e00", &Timeline::Point::max},
                                      {"p99.9", "#e69f00", &Timeline::Point::p999},
                                      {"p99", "#009e73", &Timeline::Point::p99},
                                      {"p50", "#0072b2", &Timeline::Point::p50}}};
constexpr std::string_view kThroughputColour = "#56b4e9";
constexpr std::string_view kErrorColour = "#f7b6b6";

std::string horizontal_grid_line(double y) {
  return path("M" + pixels(kLeft) + "," + pixels(y) + "H" + pixels(kRight),
              attribute("stroke", "#ddd"));
}

std::string labelled_grid_line(double y, std::string_view label) {
  constexpr double kToBaseline = 4;
  return horizontal_grid_line(y) + text(kLeft - 8, y + kToBaseline, "end", label);
}

std::string outline(double top, double bottom) {
  return rectangle(kLeft, top, kRight, bottom,
                   attribute("fill", "none") + attribute("stroke", "#999"));
}

double nanoseconds(Duration time) { return static_cast<double>(time.count()); }

Axis time_axis(const Points& points) {
  const Duration end = points.empty() ? Duration{0} : points.back().end;
  return {0, std::max(1.0, nanoseconds(end)), kLeft, kRight};
}

std::vector<Duration> labels_of(const Points& points) {
  Duration least = kMaxDuration;
  Duration most{0};
  for (const Timeline::Point& point : points) {
    if (point.received == 0) continue;
    least = std::min(least, point.p50);
    most = std::max(most, point.max);
  }
  return most > Duration{0} ? latency_labels(least, most) : latency_labels(1us, 1ms);
}

// The path data of a step line: one level per point, with gaps for points without messages.
std::string steps(const Points& points, const Axis& x, const Axis& y,
                  Duration Timeline::Point::*value) {
  std::string data;
  bool goes_on = false;
  for (const Timeline::Point& point : points) {
    if (point.received > 0) {
      const double latency = std::max(1.0, nanoseconds(point.*value));
      if (!goes_on) data += "M" + pixels(x.at(nanoseconds(point.begin))) + ",";
      if (goes_on) data += "V";
      data += pixels(y.at(std::log10(latency))) + "H" + pixels(x.at(nanoseconds(point.end)));
    }
    goes_on = point.received > 0;
  }
  return data;
}

bool has_latencies(const Points& points) {
  return std::any_of(points.begin(), points.end(),
                     [](const Timeline::Point& point) { return point.received > 0; });
}

std::string latency_panel(const Points& points, const Axis& x) {
  const std::vector<Duration> labels = labels_of(points);
  const Axis y{std::log10(nanoseconds(labels.front())), std::log10(nanoseconds(labels.back())),
               kLatencyBottom, kLatencyTop};
  std::string panel;
  for (const Duration label : labels) {
    panel += labelled_grid_line(y.at(std::log10(nanoseconds(label))), format_latency(label));
  }
  if (!has_latencies(points)) {
    panel += text((kLeft + kRight) / 2, (kLatencyTop + kLatencyBottom) / 2, "middle",
                  "No echo was received");
  }
  for (const Line& line : kLines) {
    panel += path(steps(points, x, y, line.value), attribute("fill", "none") +
                                                       attribute("stroke-width", "1.5") +
                                                       attribute("stroke", line.colour));
  }
  return panel + outline(kLatencyTop, kLatencyBottom);
}

double throughput_of(const Timeline::Point& point) {
  return per_second(point.received, point.end - point.begin).value_or(0);
}

// The path data of the area below the points.
std::string area(const Points& points, const Axis& x, const Axis& y) {
  std::string data = "M" + pixels(kLeft) + "," + pixels(kThroughputBottom);
  for (const Timeline::Point& point : points) {
    data += "V" + pixels(y.at(throughput_of(point))) + "H" + pixels(x.at(nanoseconds(point.end)));
  }
  return data + "V" + pixels(kThroughputBottom) + "Z";
}

std::string throughput_panel(const Points& points, const Axis& x) {
  double most = 1;
  for (const Timeline::Point& point : points) most = std::max(most, throughput_of(point));
  const double step = figure_step(most);
  const double labels = std::ceil(most / step);
  const Axis y{0, labels * step, kThroughputBottom, kThroughputTop};
  std::string panel;
  for (int label = 0; label <= static_cast<int>(labels); ++label) {
    panel += labelled_grid_line(y.at(label * step), format_figure(label * step));
  }
  panel += path(area(points, x, y), attribute("fill", kThroughputColour));
  return panel + outline(kThroughputTop, kThroughputBottom);
}

std::string time_labels(const Axis& x) {
  const Duration span{static_cast<Duration::rep>(x.last_value)};
  const Duration step = time_step(span);
  std::string labels;
  for (Duration time{0}; time <= span; time += step) {
    labels +=
        text(x.at(nanoseconds(time)), kThroughputBottom + 18, "middle", format_duration(time));
  }
  return labels;
}

std::string error_marks(const Points& points, const Axis& x) {
  constexpr double kLeastWidth = 2;
  std::string marks;
  for (const Timeline::Point& point : points) {
    if (point.errors == 0) continue;
    const double left = x.at(nanoseconds(point.begin));
    const double right = std::max(left + kLeastWidth, x.at(nanoseconds(point.end)));
    marks +=
        rectangle(left, kLatencyTop, right, kThroughputBottom, attribute("fill", kErrorColour));
  }
  return marks;
}

std::string legend() {
  constexpr double kEach = 70;
  constexpr double kBaseline = kLatencyTop - 12;
  std::string entries;
  double x = kRight - kEach * static_cast<double>(kLines.size() + 1);
  const auto add = [&](std::string_view name, std::string_view colour) {
    entries += rectangle(x, kBaseline - 9, x + 14, kBaseline, attribute("fill", colour)) +
               text(x + 20, kBaseline, "start", name);
    x += kEach;
  };
  for (const Line& line : kLines) add(line.name, line.colour);
  add("errors", kErrorColour);
  return entries;
}

std::string titles(const LoadSettings& settings) {
  constexpr std::size_t kLineLength = 120;
  std::string lines = svg::group(attribute("font-size", "18") + attribute("font-weight", "bold"),
                                 text(20, 32, "start", "Echo of " + describe_target(settings)));
  double y = 54;
  for (const std::string& line : describe_load(settings, kLineLength)) {
    lines += text(20, y, "start", line);
    y += 16;
  }
  return lines + text(kLeft, kLatencyTop - 12, "start", "Latency") +
         text(kLeft, kThroughputTop - 12, "start", "Messages/s") +
         text(kRight, kHeight - 12, "end", "Time since the start, or since the end of the warm-up");
}

}  // namespace

std::string format_picture(const LoadSettings& settings,
                           const std::vector<Timeline::Point>& points) {
  const Axis x = time_axis(points);
  return svg::document(
      kWidth, kHeight,
      svg::group(attribute("font-family", "sans-serif") + attribute("font-size", "12") +
                     attribute("fill", "#333") + attribute("stroke", "none"),
                 titles(settings) + legend() + error_marks(points, x) + latency_panel(points, x) +
                     throughput_panel(points, x) + time_labels(x)));
}

}  // namespace echo
