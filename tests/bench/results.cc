#include "bench/results.h"

#include <algorithm>
#include <utility>

namespace echo::bench {
namespace {

std::optional<double> median_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 != 0) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

Results::Results(std::vector<Work> works, std::vector<std::string> servers, std::size_t reference)
    : works_(std::move(works)),
      servers_(std::move(servers)),
      reference_(reference),
      cells_(works_.size() * servers_.size()) {}

void Results::add(std::size_t work, std::size_t server, const std::optional<Figures>& figures) {
  cells_[cell(work, server)].push_back(figures);
}

bool Results::is_complete(std::size_t server) const {
  for (std::size_t work = 0; work < works_.size(); ++work) {
    const Rounds& rounds = cells_[cell(work, server)];
    if (!std::all_of(rounds.begin(), rounds.end(), [](const auto& one) { return one.has_value(); }))
      return false;
  }
  return true;
}

std::optional<double> Results::median(std::size_t work, std::size_t server, Metric metric) const {
  std::vector<double> values;
  for (const std::optional<Figures>& figures : cells_[cell(work, server)]) {
    if (figures) values.push_back((*figures).*metric);
  }
  return median_of(std::move(values));
}

std::optional<double> Results::ratio(std::size_t work, std::size_t server) const {
  const Rounds& rounds = cells_[cell(work, server)];
  const Rounds& reference = cells_[cell(work, reference_)];
  std::vector<double> values;
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    const bool comparable = rounds[round] && reference[round] && reference[round]->cpu_us > 0;
    if (comparable) values.push_back(rounds[round]->cpu_us / reference[round]->cpu_us);
  }
  return median_of(std::move(values));
}

std::size_t Results::cell(std::size_t work, std::size_t server) const noexcept {
  return work * servers_.size() + server;
}

}  // namespace echo::bench
