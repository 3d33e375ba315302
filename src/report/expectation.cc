#include "echo/report/expectation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/report/figures.h"

namespace echo {
namespace {

struct Fraction {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
};

// Compares the whole parts, then the reciprocals of the rests, and so on: unlike a cross product,
// this cannot overflow.
std::strong_ordering compare(Fraction one, Fraction other) {
  while (true) {
    const std::uint64_t whole = one.numerator / one.denominator;
    const std::uint64_t other_whole = other.numerator / other.denominator;
    const std::uint64_t rest = one.numerator % one.denominator;
    const std::uint64_t other_rest = other.numerator % other.denominator;
    if (whole != other_whole) return whole <=> other_whole;
    if (rest == 0 || other_rest == 0) return rest <=> other_rest;
    const Fraction reciprocal{.numerator = one.denominator, .denominator = rest};
    one = {.numerator = other.denominator, .denominator = other_rest};
    other = reciprocal;
  }
}

struct Operator {
  std::string_view name;
  bool (*holds)(std::strong_ordering);
};

// A name that another one begins with comes after it.
constexpr std::array<Operator, 4> kOperators{
    {{"<=", [](std::strong_ordering order) { return std::is_lteq(order); }},
     {">=", [](std::strong_ordering order) { return std::is_gteq(order); }},
     {"<", [](std::strong_ordering order) { return std::is_lt(order); }},
     {">", [](std::strong_ordering order) { return std::is_gt(order); }}}};

std::uint64_t count_of(Duration time) { return static_cast<std::uint64_t>(time.count()); }

// Requires a unit: "p99<5" for "p99<5ms" would mean five seconds, and always hold.
Parsed<Fraction> parse_latency(std::string_view text) {
  const auto time = parse_duration(text);
  if (!time) return time.error();
  if (text.find_last_of("0123456789") + 1 == text.size()) return ParseError::kMalformed;
  return Fraction{.numerator = count_of(*time)};
}

Parsed<Fraction> parse_loss(std::string_view text) {
  const auto share = parse_percentage(text);
  if (!share) return share.error();
  return Fraction{.numerator = *share, .denominator = kWhole};
}

Parsed<Fraction> parse_messages(std::string_view text) {
  const auto rate = parse_rate(text);
  if (!rate) return rate.error();
  return Fraction{.numerator = rate->count, .denominator = count_of(rate->period)};
}

Parsed<Fraction> parse_errors(std::string_view text) {
  const auto count = parse_count(text);
  if (!count) return count.error();
  return Fraction{.numerator = *count};
}

// The functions below show a figure precisely: rounding must not hide how it misses a limit.

std::string format_nanoseconds(Fraction time) {
  return format_decimal(static_cast<double>(time.numerator) / 1e6, 6) + " ms";
}

std::string format_loss(Fraction loss) {
  return format_percent(loss.numerator, loss.denominator) + " (" + format_number(loss.numerator) +
         " of " + format_number(loss.denominator) + ")";
}

std::string format_messages(Fraction rate) {
  const Duration time{static_cast<Duration::rep>(rate.denominator)};
  return format_decimal(per_second(rate.numerator, time).value_or(0), 6) + "/s";
}

std::string format_errors(Fraction errors) {
  return format_number(errors.numerator, "failed connection");
}

struct Figure {
  std::string_view name;
  Parsed<Fraction> (*parse_limit)(std::string_view);
  std::function<Fraction(const LoadResults&)> measure;  // Denominator 0: nothing was measured.
  std::string (*format)(Fraction);
  Expectation::Judges judges = Expectation::Judges::kFigure;
};

// `value` returns a Duration from a Histogram.
template <typename Value>
Figure latency_figure(std::string_view name, Value value) {
  const auto measure = [value](const LoadResults& results) {
    const Histogram& latency = results.latency;
    if (latency.count() == 0) return Fraction{.denominator = 0};
    return Fraction{.numerator = count_of(std::invoke(value, latency))};
  };
  return {name, parse_latency, measure, format_nanoseconds};
}

std::vector<Figure> figures() {
  std::vector<Figure> all{latency_figure("min", &Histogram::min),
                          latency_figure("mean", &Histogram::mean)};
  for (const Percentile& percentile : kPercentiles) {
    all.push_back(latency_figure(percentile.name, [percentile](const Histogram& latency) {
      return latency.percentile(percentile.per_ten_thousand);
    }));
  }
  all.push_back(latency_figure("max", &Histogram::max));
  all.push_back({"loss", parse_loss,
                 [](const LoadResults& results) {
                   return Fraction{results.sent - results.received, results.sent};
                 },
                 format_loss, Expectation::Judges::kLoss});
  all.push_back({"rate", parse_messages,
                 [](const LoadResults& results) {
                   return Fraction{results.received, count_of(results.elapsed)};
                 },
                 format_messages});
  all.push_back({"errors", parse_errors,
                 [](const LoadResults& results) { return Fraction{results.failed()}; },
                 format_errors, Expectation::Judges::kErrors});
  return all;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool all_addresses_answered(const LoadResults& results) {
  return std::all_of(results.addresses.begin(), results.addresses.end(),
                     [](const AddressResults& each) { return each.received > 0; });
}

// True if the load is exact, or if it has only flaws that an expectation judges: lost messages and
// failed connections. Wrong bytes, urgent data, a passed deadline, connections that were never
// open, messages that were never sent and a run or an address without an echo always fail a load.
bool has_passed(const LoadSettings& settings, const LoadResults& results,
                const Expectations& expectations) {
  if (results.is_exact()) return true;
  const auto failures = [&](Failure kind) {
    return results.failures.at(static_cast<std::size_t>(kind));
  };
  const bool is_each_counted = settings.rate.count > 0 || settings.count > 0;
  const auto judges_failures = [&](const Expectation& each) {
    return each.judges == Expectation::Judges::kErrors ||
           (each.judges == Expectation::Judges::kLoss && is_each_counted);
  };
  return std::any_of(expectations.begin(), expectations.end(), judges_failures) &&
         failures(Failure::kMismatch) == 0 && failures(Failure::kUrgent) == 0 &&
         !results.is_past_deadline && results.not_open == 0 && results.unsent == 0 &&
         results.received > 0 && results.runs_without_echo() == 0 &&
         all_addresses_answered(results);
}

}  // namespace

Parsed<Expectation> parse_expectation(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("<>"), text.size());
  std::string_view rest = text.substr(end);
  const std::vector<Figure> all = figures();
  const auto figure = std::find_if(all.begin(), all.end(), [&](const Figure& each) {
    return each.name == trimmed(text.substr(0, end));
  });
  const auto* const comparison =
      std::find_if(kOperators.begin(), kOperators.end(),
                   [&](const Operator& each) { return rest.starts_with(each.name); });
  if (figure == all.end() || comparison == kOperators.end()) return ParseError::kMalformed;
  rest.remove_prefix(comparison->name.size());
  const auto limit = figure->parse_limit(trimmed(rest));
  if (!limit) return limit.error();

  const auto violation = [figure = *figure, holds = comparison->holds,
                          limit = *limit](const LoadResults& results) {
    const Fraction measured = figure.measure(results);
    if (measured.denominator == 0) return std::optional<std::string>("nothing was measured");
    if (holds(compare(measured, limit))) return std::optional<std::string>();
    return std::optional("measured " + figure.format(measured));
  };
  const bool is_limit = comparison->name.starts_with('<');
  return Expectation{.text = std::string(text),
                     .judges = is_limit ? figure->judges : Expectation::Judges::kFigure,
                     .violation = violation};
}

std::string expectation_figures() {
  std::string names;
  for (const Figure& figure : figures()) {
    names.append(names.empty() ? "" : ", ").append(figure.name);
  }
  return names;
}

void log_unmet(const Expectations& expectations, const LoadResults& results, Log& log) {
  for (const Expectation& expectation : expectations) {
    const auto violation = expectation.violation(results);
    if (violation) log.error("expected ", expectation.text, ", but ", *violation);
  }
}

int exit_status_of(const LoadSettings& settings, const LoadResults& results,
                   const Expectations& expectations) {
  if (!has_passed(settings, results, expectations)) return 1;
  const bool all_hold =
      std::all_of(expectations.begin(), expectations.end(),
                  [&](const Expectation& expectation) { return expectation.holds(results); });
  return all_hold ? 0 : 3;
}

}  // namespace echo
