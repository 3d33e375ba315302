#include "echo/report/plot.h"

#include <langinfo.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/base/utf8.h"

namespace echo {
namespace {

// The preferred numbers of ISO 3, series R80: 80 steps to a decade, as even as three digits allow.
// Every second of them is R40, and so on.
constexpr std::array<std::uint16_t, 80> kPreferred{
    100, 103, 106, 109, 112, 115, 118, 122, 125, 128, 132, 136, 140, 145, 150, 155,
    160, 165, 170, 175, 180, 185, 190, 195, 200, 206, 212, 218, 224, 230, 236, 243,
    250, 258, 265, 272, 280, 290, 300, 307, 315, 325, 335, 345, 355, 365, 375, 387,
    400, 412, 425, 437, 450, 462, 475, 487, 500, 515, 530, 545, 560, 580, 600, 615,
    630, 650, 670, 690, 710, 730, 750, 775, 800, 825, 850, 875, 900, 925, 950, 975};

// How many of them a range may span, from a whole decade down; 24 double.
constexpr std::array<std::size_t, 8> kSpans{80, 40, 24, 16, 8, 4, 2, 1};
constexpr std::size_t kLeastRows = 12;

// Where the steps begin: the first at 0, the next at 103 ns, and so on.
Duration step(std::size_t index) {
  if (index == 0) return Duration{0};
  Duration::rep decade = 1;
  for (std::size_t passed = kPreferred.size(); passed <= index; passed += kPreferred.size()) {
    decade *= 10;
  }
  return Duration{decade * kPreferred[index % kPreferred.size()]};
}

std::size_t step_of(Duration value) {
  std::size_t index = 0;
  while (step(index + 1) <= value) ++index;
  return index;
}

struct Row {
  Duration from;
  Duration to;  // Not included, but for that of the last row.
  std::uint64_t count = 0;
};

// Those from the one that has the step `first` to the one that has `last`.
std::vector<Row> empty_rows(std::size_t first, std::size_t last) {
  std::vector<Row> rows;
  for (const std::size_t span : kSpans) {
    rows.clear();
    for (std::size_t row = first / span; row <= last / span; ++row) {
      rows.push_back({.from = step(row * span), .to = step((row + 1) * span)});
    }
    if (rows.size() >= kLeastRows) break;
  }
  return rows;
}

std::vector<Row> rows_of(const std::vector<Histogram::Bucket>& buckets) {
  std::vector<Row> rows = empty_rows(step_of(buckets.front().from), step_of(buckets.back().from));
  auto row = rows.begin();
  for (const Histogram::Bucket& bucket : buckets) {
    while (bucket.from >= row->to) ++row;
    row->count += bucket.count;
  }
  rows.front().from = buckets.front().from;
  rows.back().to = buckets.back().to;
  return rows;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (; times > 0; --times) repeated += text;
  return repeated;
}

// `share` of so many columns, from 0 to 1. What is more than nothing is seen.
std::string bar(double share, std::size_t columns, Charset charset) {
  static constexpr std::array<std::string_view, 8> kEighths{"",       "\u258F", "\u258E", "\u258D",
                                                            "\u258C", "\u258B", "\u258A", "\u2589"};
  const std::size_t parts = charset == Charset::kUnicode ? kEighths.size() : 1;
  const double length = share * static_cast<double>(columns * parts);
  auto filled = static_cast<std::size_t>(std::lround(length));
  if (share > 0) filled = std::max<std::size_t>(filled, 1);
  if (charset == Charset::kAscii) return repeat("#", filled);
  return repeat("\u2588", filled / parts).append(kEighths.at(filled % parts));
}

// What all the lines have in common.
struct Plan {
  std::uint64_t all;
  std::uint64_t most;  // In a row.
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
         align_right(format_latency(row.to), kLatencyColumns) + "  " +
         align_left(drawn, plan.bar_columns) + "  " +
         align_right(format_number(row.count), plan.count_columns) +
         align_right(percent, kPercentColumns) + "\n";
}

}  // namespace

Charset charset_of_locale() {
  const std::unique_ptr<std::remove_pointer_t<locale_t>, decltype(&freelocale)> locale(
      newlocale(LC_CTYPE_MASK, "", locale_t{}), &freelocale);
  const bool is_utf8 = locale && std::string_view(nl_langinfo_l(CODESET, locale.get())) == "UTF-8";
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
