#include "bench/cores.h"

#include <sched.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

namespace echo::bench {

std::optional<Cores> choose_cores() {
  cpu_set_t allowed{};
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<std::size_t> cores;
  for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) cores.push_back(core);
  }
  if (cores.size() < 2) return std::nullopt;
  return Cores{.load = cores.front(), .server = cores.back()};
}

void stay_on(std::size_t core) {
  cpu_set_t set{};
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
  }
}

}  // namespace echo::bench
