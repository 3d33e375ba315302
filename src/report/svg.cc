#include "echo/report/svg.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/report/figures.h"
#include "echo/report/load_description.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

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

// Maps values to pixels.
struct Axis {
  double first_value;
  double last_value;
  double first_pixel;
  double last_pixel;

  double at(double value) const {
    return first_pixel +
           (value - first_value) / (last_value - first_value) * (last_pixel - first_pixel);
  }
};

std::string pixels(double value) { return format_decimal(value, 1); }

// ` name="value"`, with the space that separates it from the previous part of the tag.
std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

// Escapes the text of an element. `content` is printable ASCII.
std::string escape_markup(std::string_view content) {
  std::string escaped;
  for (const char byte : content) {
    if (byte == '&') {
      escaped += "&amp;";
    } else if (byte == '<') {
      escaped += "&lt;";
    } else if (byte == '>') {
      escaped += "&gt;";
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

std::string text(double x, double y, std::string_view anchor, std::string_view content) {
  return "<text" + attribute("x", pixels(x)) + attribute("y", pixels(y)) +
         attribute("text-anchor", anchor) + ">" + escape_markup(content) + "</text>\n";
}

std::string rectangle(double left, double top, double right, double bottom,
                      std::string_view attributes) {
  return "<rect" + attribute("x", pixels(left)) + attribute("y", pixels(top)) +
         attribute("width", pixels(right - left)) + attribute("height", pixels(bottom - top)) +
         std::string(attributes) + "/>\n";
}

std::string path(std::string_view data, std::string_view attributes) {
  return "<path" + attribute("d", data) + std::string(attributes) + "/>\n";
}

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

// Round latencies for the labels. The first is not above `least`, the last not below `most`.
std::vector<Duration> latencies_within(Duration least, Duration most,
                                       std::initializer_list<int> in_each_decade) {
  std::vector<Duration> latencies;
  for (Duration decade{1};; decade *= 10) {
    for (const int factor : in_each_decade) {
      const Duration latency = decade * factor;
      if (latency <= least) latencies.clear();
      latencies.push_back(latency);
      if (latency >= most && latencies.size() > 1) return latencies;
    }
  }
}

std::vector<Duration> latency_labels(const Points& points) {
  Duration least = kMaxDuration;
  Duration most{0};
  for (const Timeline::Point& point : points) {
    if (point.received == 0) continue;
    least = std::min(least, point.p50);
    most = std::max(most, point.max);
  }
  if (most == Duration{0}) return latencies_within(1us, 1ms, {1});
  constexpr std::size_t kMax = 10;
  const std::vector<Duration> fine = latencies_within(least, most, {1, 2, 5});
  return fine.size() <= kMax ? fine : latencies_within(least, most, {1});
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
  const std::vector<Duration> labels = latency_labels(points);
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

// The least step for which `most` needs at most five steps: 1, 2 or 5 times a power of ten.
double throughput_step(double most) {
  const double least = most / 5;
  const double decade = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1, 2, 5}) {
    if (factor * decade >= least) return factor * decade;
  }
  return 10 * decade;
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
  const double step = throughput_step(most);
  const double labels = std::ceil(most / step);
  const Axis y{0, labels * step, kThroughputBottom, kThroughputTop};
  std::string panel;
  for (int label = 0; label <= static_cast<int>(labels); ++label) {
    panel += labelled_grid_line(y.at(label * step), format_figure(label * step));
  }
  panel += path(area(points, x, y), attribute("fill", kThroughputColour));
  return panel + outline(kThroughputTop, kThroughputBottom);
}

// The least step for which `span` needs at most ten steps.
Duration time_step(Duration span) {
  static constexpr std::array<Duration, 24> kSteps{
      1ms, 2ms, 5ms, 10ms, 20ms, 50ms, 100ms, 200ms, 500ms, 1s, 2s, 5s,
      10s, 20s, 30s, 1min, 2min, 5min, 10min, 20min, 30min, 1h, 2h, 6h};
  constexpr Duration::rep kMax = 10;
  for (const Duration step : kSteps) {
    if (span / step <= kMax) return step;
  }
  Duration step = 12h;
  while (span / step > kMax) step *= 2;
  return step;
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
  std::string lines = "<g font-size=\"18\" font-weight=\"bold\">\n" +
                      text(20, 32, "start", "Echo of " + describe_target(settings)) + "</g>\n";
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

std::string format_svg(const LoadSettings& settings, const std::vector<Timeline::Point>& points) {
  const Axis x = time_axis(points);
  const std::string size =
      attribute("width", pixels(kWidth)) + attribute("height", pixels(kHeight));
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<svg xmlns=\"http://www.w3.org/2000/svg\"" +
         size + ">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
         "<g font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\" stroke=\"none\">\n" +
         titles(settings) + legend() + error_marks(points, x) + latency_panel(points, x) +
         throughput_panel(points, x) + time_labels(x) + "</g>\n</svg>\n";
}

}  // namespace echo
