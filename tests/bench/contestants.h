#pragma once

#include <string>
#include <vector>

#include "bench/measure.h"

namespace echo::bench {

// The echo_server of this build, and then the other builds at these paths. The name of such a build
// is the last two components of its path.
std::vector<Contestant> echo_servers(const std::vector<std::string>& others);

// The server that all others are compared to.
Contestant reference();

// The other peers that this build has.
std::vector<Contestant> peers();

}  // namespace echo::bench
