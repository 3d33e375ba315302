#include "bench/work.h"

#include "echo/base/usage_error.h"

namespace echo::bench {

std::vector<Work> works() {
  constexpr std::size_t kKilobyte = 1024;
  return {
      {.name = "1 x 64 B", .busy = 1, .idle = 0, .bytes = 64},
      {.name = "50 x 64 B", .busy = 50, .idle = 0, .bytes = 64},
      {.name = "500 x 64 B", .busy = 500, .idle = 0, .bytes = 64},
      {.name = "8 x 16 KiB", .busy = 8, .idle = 0, .bytes = 16 * kKilobyte},
      {.name = "8 x 64 KiB", .busy = 8, .idle = 0, .bytes = 64 * kKilobyte},
      {.name = "2 x 1 MiB", .busy = 2, .idle = 0, .bytes = kKilobyte * kKilobyte},
      {.name = "8 x 64 B, 100 deep", .busy = 8, .idle = 0, .bytes = 64, .depth = 100},
      {.name = "1 busy, 900 idle", .busy = 1, .idle = 900, .bytes = 64},
      {.name = "1 busy, 9000 idle", .busy = 1, .idle = 9000, .bytes = 64},
      {.name = "50 busy, 900 idle", .busy = 50, .idle = 900, .bytes = 64},
      {.name = "50 busy, 3000 idle", .busy = 50, .idle = 3000, .bytes = 64},
      {.name = "50 busy, 9000 idle", .busy = 50, .idle = 9000, .bytes = 64},
      {.name = "10 of 5000 in turn", .busy = 10, .idle = 4990, .bytes = 64, .rotate = 100},
      {.name = "10 of 5000, one each", .busy = 10, .idle = 4990, .bytes = 64, .rotate = 1},
      {.name = "churn", .busy = 10, .idle = 0, .bytes = 64, .churn = true},
  };
}

std::vector<Work> chosen_of(std::vector<Work> all, const std::string& text) {
  std::erase_if(all, [&](const Work& work) { return work.name.find(text) == std::string::npos; });
  if (all.empty()) throw UsageError("--only: no workload name contains '" + text + "'");
  return all;
}

}  // namespace echo::bench
