#include "echo/report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "echo/base/format.h"
#include "echo/load/histogram.h"
#include "echo/report/figures.h"
#include "echo/report/load_description.h"

namespace echo {
namespace {

constexpr std::string_view kEraseToEnd = "\x1b[K";

double fraction(double part, double whole) { return whole > 0 ? std::min(part / whole, 1.0) : 0; }

std::string in_seconds(Duration time) {
  return format_duration(std::chrono::ceil<std::chrono::seconds>(time));
}

// Joins parts until the next one does not fit.
std::string fit(std::initializer_list<std::string> parts, std::size_t columns) {
  std::string text;
  for (const std::string& part : parts) {
    const std::string more = (text.empty() ? "" : ", ") + part;
    if (text.size() + more.size() > columns) break;
    text += more;
  }
  return text;
}

}  // namespace

bool Progress::wanted(int fd) {
  const char* const terminal = std::getenv("TERM");
  return ::isatty(fd) == 1 && (terminal == nullptr || std::string_view(terminal) != "dumb");
}

Progress::Progress(int fd, LoadSettings settings)
    : output_(fd), fd_(fd), settings_(std::move(settings)) {}

void Progress::show(const LoadResults& results) {
  const Histogram& latency = results.latency;
  const std::optional<double> rate =
      per_second(results.received - last_received_, results.elapsed - last_elapsed_);
  last_received_ = results.received;
  last_elapsed_ = results.elapsed;
  const std::string wait = describe_wait(settings_, results);
  const std::string errors = format_count(results.failed() + results.lost, "error");
  const std::string text =
      !wait.empty()
          ? fit({wait, errors}, columns())
          : fit({position(results),
                 format_figure(rate) + (settings_.connect_only ? " connections/s" : " messages/s"),
                 "p50 " + format_latency(latency, latency.percentile(Histogram::kMedian)),
                 "p99 " + format_latency(latency, latency.percentile(Histogram::kP99)), errors},
                columns());
  is_shown_ = write("\r" + text + std::string(kEraseToEnd)) || is_shown_;
}

void Progress::clear() {
  if (is_shown_) write("\r" + std::string(kEraseToEnd));
  is_shown_ = false;
}

// Shows the progress towards the nearer limit, the count or the duration.
std::string Progress::position(const LoadResults& results) const {
  const double messages =
      static_cast<double>(settings_.count) * static_cast<double>(settings_.connections);
  const double done = fraction(static_cast<double>(results.received + results.lost), messages);
  const double passed = fraction(static_cast<double>(results.elapsed.count()),
                                 static_cast<double>(settings_.duration.count()));
  if (messages > 0 && done >= passed) {
    return std::to_string(static_cast<int>(100 * done)) + "%";
  }
  if (settings_.duration > Duration{0}) {
    return in_seconds(std::max(settings_.duration - results.elapsed, Duration{0})) + " left";
  }
  return in_seconds(results.elapsed);
}

// Leaves the last column free: if the text filled it, the cursor would stand on the last character,
// and kEraseToEnd would erase it.
std::size_t Progress::columns() const {
  constexpr std::size_t kUnknown = 80;
  winsize size{};
  const bool is_known = ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (is_known ? size.ws_col : kUnknown) - 1;
}

bool Progress::write(const std::string& text) const {
  std::string_view rest = text;
  output_.write_now(rest);
  return rest.size() < text.size();
}

}  // namespace echo
