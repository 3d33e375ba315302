#include "echo/report/picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/report/axis.h"
#include "echo/report/figures.h"
#include "echo/report/load_description.h"
#include "echo/report/svg.h"

namespace echo {
namespace {

using svg::attribute;
using svg::path;
using svg::pixels;
using svg::rectangle;
using svg::text;

using Points = std::vector<Timeline::Point>;

// In pixels.
constexpr double kWidth = 900;
constexpr double kHeight = 640;  // With a command line that fits into one line.
constexpr double kLeft = 90;
constexpr double kRight = 850;
constexpr double kLatencyTop = 130;
constexpr double kLatencyBottom = 390;
constexpr double kThroughputTop = 430;
constexpr double kThroughputBottom = 550;

constexpr double kLineHeight = 16;
constexpr double kToBaseline = 4;  // From the middle of a line of text.

struct Line {
  std::string_view name;
  std::string_view colour;  // From a palette that is safe for colour-blind readers.
  std::string_view width;   // In pixels,
  std::string_view dashes;  // the lengths of a dash and of the gap after it.
  Duration Timeline::Point::*value;
};

// From the top of the panel to the bottom. Each line is narrower than the next and drawn over it,
// in shorter dashes and in another shade of grey, so that all of them show if they are equal and if
// colours are missing.
constexpr std::array<Line, 4> kLines{{{"max", "#000000", "1.5", "2,4", &Timeline::Point::max},
                                      {"p99.9", "#d55e00", "3.5", "9,3", &Timeline::Point::p999},
                                      {"p99", "#00513a", "5", "18,4", &Timeline::Point::p99},
                                      {"p50", "#9ad4f5", "7", "none", &Timeline::Point::p50}}};
constexpr std::string_view kThroughputColour = "#56b4e9";
constexpr std::string_view kErrorFill = "url(#errors)";

std::string stroke(const Line& line) {
  return attribute("fill", "none") + attribute("stroke", line.colour) +
         attribute("stroke-width", line.width) + attribute("stroke-dasharray", line.dashes);
}

std::string horizontal_grid_line(double y) {
  return path("M" + pixels(kLeft) + "," + pixels(y) + "H" + pixels(kRight),
              attribute("stroke", "#ddd"));
}

std::string labelled_grid_line(double y, std::string_view label) {
  return horizontal_grid_line(y) + text(kLeft - 8, y + kToBaseline, "end", label);
}

std::string outline(double top, double bottom) {
  return rectangle(kLeft, top, kRight, bottom,
                   attribute("fill", "none") + attribute("stroke", "#999"));
}

// Hatching for times with errors: its grey would otherwise be that of a line.
std::string error_pattern() {
  return svg::pattern("errors", 6,
                      rectangle(0, 0, 6, 6, attribute("fill", "#fde4e4")) +
                          path("M0,6L6,0", attribute("stroke", "#d98080")));
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
  return latency_labels(least, most);
}

double level(Duration latency) { return std::log10(std::max(1.0, nanoseconds(latency))); }

// The path data of a step line: one level per point, with gaps for points without messages.
std::string steps(const Points& points, const Axis& x, const Axis& y,
                  Duration Timeline::Point::*value) {
  std::string data;
  bool goes_on = false;
  for (const Timeline::Point& point : points) {
    if (point.received > 0) {
      if (!goes_on) data += "M" + pixels(x.at(nanoseconds(point.begin))) + ",";
      if (goes_on) data += "V";
      data += pixels(y.at(level(point.*value))) + "H" + pixels(x.at(nanoseconds(point.end)));
    }
    goes_on = point.received > 0;
  }
  return data;
}

// The name of each line at its end. Names that would overlap move apart.
std::string line_names(const Timeline::Point& end, const Axis& y) {
  constexpr double kNameHeight = 13;
  constexpr std::size_t kLast = kLines.size() - 1;
  std::array<double, kLines.size()> down{};  // The baselines if names only move down,
  std::array<double, kLines.size()> up{};    // and if they only move up.
  for (std::size_t index = 0; index <= kLast; ++index) {
    down[index] = up[index] = y.at(level(end.*kLines[index].value)) + kToBaseline;
  }
  for (std::size_t index = 0; index < kLast; ++index) {
    down[index + 1] = std::max(down[index + 1], down[index] + kNameHeight);
  }
  for (std::size_t index = kLast; index > 0; --index) {
    up[index - 1] = std::min(up[index - 1], up[index] - kNameHeight);
  }
  std::string names;
  for (std::size_t index = 0; index <= kLast; ++index) {
    names += text(kRight + 8, (down[index] + up[index]) / 2, "start", kLines[index].name);
  }
  return names;
}

std::string nothing_received(const LoadSettings& settings) {
  constexpr double kMiddle = (kLeft + kRight) / 2;
  constexpr double kBaseline = (kLatencyTop + kLatencyBottom) / 2;
  // Hatching would make the text hard to read.
  return rectangle(kMiddle - 110, kBaseline - 20, kMiddle + 110, kBaseline + 12,
                   attribute("fill", "#fff")) +
         text(kMiddle, kBaseline, "middle",
              settings.connect_only ? "No connection was established" : "No echo was received");
}

std::string latency_panel(const LoadSettings& settings, const Points& points, const Axis& x) {
  const std::string frame = outline(kLatencyTop, kLatencyBottom);
  const auto end = std::find_if(points.rbegin(), points.rend(),
                                [](const Timeline::Point& point) { return point.received > 0; });
  if (end == points.rend()) return nothing_received(settings) + frame;
  const std::vector<Duration> labels = labels_of(points);
  const Axis y{level(labels.front()), level(labels.back()), kLatencyBottom, kLatencyTop};
  std::string panel;
  for (const Duration label : labels) {
    panel += labelled_grid_line(y.at(level(label)), format_latency(label));
  }
  panel += line_names(*end, y);
  for (std::size_t index = kLines.size(); index-- > 0;) {
    panel += path(steps(points, x, y, kLines[index].value), stroke(kLines[index]));
  }
  return panel + frame;
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

// All labels have as many decimals as the step between them.
std::string throughput_label(double value, double step) {
  return step < 1 ? format_decimal(value, 1)
                  : format_number(static_cast<std::uint64_t>(std::llround(value)));
}

std::string throughput_panel(const Points& points, const Axis& x) {
  double most = 1;
  for (const Timeline::Point& point : points) most = std::max(most, throughput_of(point));
  const double step = figure_step(most);
  const double labels = std::ceil(most / step);
  const Axis y{0, labels * step, kThroughputBottom, kThroughputTop};
  std::string panel;
  for (int label = 0; label <= static_cast<int>(labels); ++label) {
    panel += labelled_grid_line(y.at(label * step), throughput_label(label * step, step));
  }
  panel += path(area(points, x, y), attribute("fill", kThroughputColour));
  return panel + outline(kThroughputTop, kThroughputBottom);
}

std::string time_labels(const Points& points, const Axis& x) {
  if (points.empty()) return "";
  const Duration span{static_cast<Duration::rep>(x.last_value)};
  const Duration step = time_step(span);
  std::string labels;
  for (Duration time{0}; time <= span; time += step) {
    labels +=
        text(x.at(nanoseconds(time)), kThroughputBottom + 18, "middle", time_label(time, span));
  }
  return labels;
}

std::string error_marks(const Points& points, const Axis& x) {
  constexpr double kLeastWidth = 2;
  std::string marks;
  for (const Timeline::Point& point : points) {
    if (point.errors == 0) continue;
    const double left = std::min(x.at(nanoseconds(point.begin)), kRight - kLeastWidth);
    const double right = std::max(left + kLeastWidth, x.at(nanoseconds(point.end)));
    const std::string fill = attribute("fill", kErrorFill);
    marks += rectangle(left, kLatencyTop, right, kLatencyBottom, fill) +
             rectangle(left, kThroughputTop, right, kThroughputBottom, fill);
  }
  return marks;
}

std::string legend() {
  constexpr double kEach = 90;
  constexpr double kBaseline = kLatencyTop - 12;
  constexpr double kSample = 36;
  std::string entries;
  double x = kRight - kEach * static_cast<double>(kLines.size() + 1);
  const auto add = [&](std::string_view name, const std::string& sample) {
    entries += sample + text(x + kSample + 6, kBaseline, "start", name);
    x += kEach;
  };
  for (const Line& line : kLines) {
    add(line.name,
        path("M" + pixels(x) + "," + pixels(kBaseline - 4) + "h" + pixels(kSample), stroke(line)));
  }
  add("errors", rectangle(x, kBaseline - 9, x + kSample, kBaseline, attribute("fill", kErrorFill)));
  return entries;
}

// Broken after spaces, which stay at the ends of the lines. An absurdly long one is truncated.
std::vector<std::string> lines_of_command(std::string_view command) {
  constexpr std::size_t kLineLength = 130;
  constexpr std::size_t kMaxLines = 8;
  constexpr std::string_view kEllipsis = "...";
  std::vector<std::string> lines;
  while (command.size() > kLineLength && lines.size() + 1 < kMaxLines) {
    const std::size_t space = command.rfind(' ', kLineLength);
    const std::size_t length = space == std::string_view::npos ? kLineLength : space + 1;
    lines.emplace_back(command.substr(0, length));
    command.remove_prefix(length);
  }
  lines.emplace_back(command);
  if (command.size() > kLineLength) {
    lines.back().replace(kLineLength - kEllipsis.size(), std::string::npos, kEllipsis);
  }
  return lines;
}

// The lines at the bottom.
std::string origin(const std::vector<std::string>& command, const std::string& program,
                   WallTime began) {
  double y = kHeight - 28;
  std::string lines;
  for (const std::string& line : command) {
    lines += text(20, y, "start", line);
    y += kLineHeight;
  }
  const std::string monospace =
      attribute("font-family", "monospace") + attribute("xml:space", "preserve");
  return svg::group(
      attribute("font-size", "11"),
      svg::group(monospace, lines) +
          text(20, y, "start", "Measured from " + format_wall_time(began) + " by " + program));
}

std::string titles(const LoadSettings& settings) {
  constexpr std::size_t kLineLength = 120;
  std::string lines = svg::group(
      attribute("font-size", "18") + attribute("font-weight", "bold"),
      text(20, 32, "start",
           (settings.connect_only ? "Connections to " : "Echo of ") + describe_target(settings)));
  double y = 54;
  for (const std::string& line : describe_load(settings, kLineLength)) {
    lines += text(20, y, "start", line);
    y += kLineHeight;
  }
  return lines + text(kLeft, kLatencyTop - 12, "start", "Latency") +
         text(kLeft, kThroughputTop - 12, "start",
              settings.connect_only ? "Connections/s" : "Messages/s") +
         text(kRight, kThroughputBottom + 38, "end",
              "Time since the start, or since the end of the warm-up");
}

}  // namespace

std::string format_picture(const LoadSettings& settings, const Presentation& presentation,
                           WallTime began, const std::vector<Timeline::Point>& points) {
  const Axis x = time_axis(points);
  const std::vector<std::string> command = lines_of_command(presentation.command_line);
  const double height = kHeight + kLineHeight * static_cast<double>(command.size() - 1);
  return svg::document(
      kWidth, height,
      svg::group(attribute("font-family", "sans-serif") + attribute("font-size", "12") +
                     attribute("fill", "#333") + attribute("stroke", "none"),
                 error_pattern() + titles(settings) + legend() + error_marks(points, x) +
                     latency_panel(settings, points, x) + throughput_panel(points, x) +
                     time_labels(points, x) + origin(command, presentation.program, began)));
}

}  // namespace echo
