#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/work.h"

namespace echo::bench {

// The measurements of all rounds, by workload and server.
class Results {
 public:
  using Metric = double Figures::*;

  // `reference` is the index of the server that the others are compared to.
  Results(std::vector<Work> works, std::vector<std::string> servers, std::size_t reference);

  // Adds the measurement of one round; nullopt if the server failed.
  void add(std::size_t work, std::size_t server, const std::optional<Figures>& figures);

  const std::vector<Work>& works() const noexcept { return works_; }
  const std::vector<std::string>& servers() const noexcept { return servers_; }
  std::size_t reference() const noexcept { return reference_; }

  // True if the server completed each workload in each round.
  bool is_complete(std::size_t server) const;

  // The median over the rounds; nullopt if the server failed in every round.
  std::optional<double> median(std::size_t work, std::size_t server, Metric metric) const;
  // The median ratio of the server's CPU time to that of the reference in the same round.
  std::optional<double> ratio(std::size_t work, std::size_t server) const;

 private:
  using Rounds = std::vector<std::optional<Figures>>;

  std::size_t cell(std::size_t work, std::size_t server) const noexcept;

  std::vector<Work> works_;
  std::vector<std::string> servers_;
  std::size_t reference_;
  std::vector<Rounds> cells_;  // One row per workload.
};

}  // namespace echo::bench
