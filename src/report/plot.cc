#include "echo/report/plot.h"

#include <langinfo.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/format.h"
#include "echo/base/time.h"

namespace echo {
namespace {

constexpr std::size_t kMaxRows = 24;

struct Row {
  Duration from;
  Duration to;  // Exclusive, except in the last row.
  std::uint64_t count = 0;
};

double doublings(Duration value) {
  return std::log2(static_cast<double>(std::max(value, Duration{1}).count()));
}

// All rows have the same height on a logarithmic axis: the smallest power of two, in doublings,
// that needs at most kMaxRows rows. The limits between rows are multiples of that height.
std::vector<Row> rows_of(const std::vector<Histogram::Bucket>& buckets) {
  double height = 1.0 / 32;
  const auto index_of = [&](Duration value) {
    return static_cast<std::size_t>(doublings(value) / height);
  };
  const auto limit = [&](std::size_t index) {
    return Duration{std::llround(std::exp2(height * static_cast<double>(index)))};
  };
  const Duration least = buckets.front().from;
  const Duration most = buckets.back().from;
  while (index_of(most) - index_of(least) >= kMaxRows) height *= 2;

  const std::size_t first = index_of(least);
  std::vector<Row> rows;
  for (std::size_t index = first; index <= index_of(most); ++index) {
    rows.push_back({.from = limit(index), .to = limit(index + 1)});
  }
  for (const Histogram::Bucket& bucket : buckets) {
    rows[index_of(bucket.from) - first].count += bucket.count;
  }
  rows.front().from = least;
  rows.back().to = buckets.back().to;
  return rows;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (; times > 0; --times) repeated += text;
  return repeated;
}

// Draws a bar in `share` (0 to 1) of the columns and fills the rest with spaces. A share above 0 is
// always visible.
std::string bar(double share, std::size_t columns, Charset charset) {
  static constexpr std::array<std::string_view, 8> kEighths{"",       "\u258F", "\u258E", "\u258D",
                                                            "\u258C", "\u258B", "\u258A", "\u2589"};
  const std::size_t parts = charset == Charset::kUnicode ? kEighths.size() : 1;
  const double length = share * static_cast<double>(columns * parts);
  auto filled = static_cast<std::size_t>(std::lround(length));
  if (share > 0) filled = std::max<std::size_t>(filled, 1);
  const std::size_t used = (filled + parts - 1) / parts;
  const std::string drawn = charset == Charset::kAscii
                                ? repeat("#", filled)
                                : repeat("\u2588", filled / parts).append(kEighths[filled % parts]);
  return drawn + repeat(" ", columns - used);
}

// The layout that all lines share.
struct Plan {
  std::uint64_t all;
  std::uint64_t most;  // The greatest count of a row.
  std::size_t bar_columns;
  std::size_t count_columns;
};

constexpr std::size_t kLatencyColumns = 7;
constexpr std::size_t kPercentColumns = 9;

Plan plan_for(const std::vector<Row>& rows, std::uint64_t all) {
  constexpr std::size_t kBarAndCount = 80 - (2 * kLatencyColumns + 7) - kPercentColumns;
  std::uint64_t most = 0;
  for (const Row& row : rows) most = std::max(most, row.count);
  const std::size_t count_columns = format_number(most).size();
  return {.all = all,
          .most = most,
          .bar_columns = kBarAndCount - count_columns,
          .count_columns = count_columns};
}

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string line(const Row& row, const Plan& plan, Charset charset) {
  const std::string drawn = bar(share(row.count, plan.most), plan.bar_columns, charset);
  const std::string percent = format_decimal(100 * share(row.count, plan.all), 2) + "%";
  return align_right(format_latency(row.from), kLatencyColumns) + " - " +
         align_right(format_latency(row.to), kLatencyColumns) + "  " + drawn + "  " +
         align_right(format_number(row.count), plan.count_columns) +
         align_right(percent, kPercentColumns) + "\n";
}

}  // namespace

Charset charset_of_locale() {
  const std::string program_locale = std::setlocale(LC_CTYPE, nullptr);
  const bool is_known = std::setlocale(LC_CTYPE, "") != nullptr;
  const bool is_utf8 = is_known && std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  static_cast<void>(std::setlocale(LC_CTYPE, program_locale.c_str()));
  return is_utf8 ? Charset::kUnicode : Charset::kAscii;
}

std::string plot_latency(const Histogram& histogram, Charset charset) {
  if (histogram.count() == 0) return "";
  const std::vector<Row> rows = rows_of(histogram.buckets());
  const Plan plan = plan_for(rows, histogram.count());
  std::string plot;
  for (const Row& row : rows) plot += line(row, plan, charset);
  return plot;
}

}  // namespace echo
