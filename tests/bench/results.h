#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/work.h"

namespace echo::bench {

// What was measured in all rounds, work by work and server by server.
class Results {
 public:
  using Metric = double Figures::*;

  // The CPU of each server is compared to that of the reference, by its place among them.
  Results(std::vector<Work> works, std::vector<std::string> servers, std::size_t reference);

  // Once a round for each; none where the server could not do the work.
  void add(std::size_t work, std::size_t server, const std::optional<Figures>& figures);

  const std::vector<Work>& works() const noexcept { return works_; }
  const std::vector<std::string>& servers() const noexcept { return servers_; }
  std::size_t reference() const noexcept { return reference_; }

  // Whether the server could do each work in each round.
  bool is_complete(std::size_t server) const;

  // Medians over the rounds; none where there is no round to take them of.
  std::optional<double> median(std::size_t work, std::size_t server, Metric metric) const;
  // Of the CPU to the reference's in the same round.
  std::optional<double> ratio(std::size_t work, std::size_t server) const;

 private:
  using Rounds = std::vector<std::optional<Figures>>;

  std::size_t cell(std::size_t work, std::size_t server) const noexcept;

  std::vector<Work> works_;
  std::vector<std::string> servers_;
  std::size_t reference_;
  std::vector<Rounds> cells_;  // Row by row.
};

}  // namespace echo::bench
