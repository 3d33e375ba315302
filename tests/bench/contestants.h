#pragma once

#include <string>
#include <vector>

#include "bench/measure.h"

namespace echo::bench {

// The echo_server of this build, and then other builds of it, by their paths: each is named by its
// last two components.
std::vector<Contestant> echo_servers(const std::vector<std::string>& others);

// What every server is compared to.
Contestant reference();

// The other peers, as many as could be built on this machine.
std::vector<Contestant> peers();

}  // namespace echo::bench
