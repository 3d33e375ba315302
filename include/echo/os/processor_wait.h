#pragma once

#include <cstdint>
#include <optional>

#include "echo/base/time.h"

namespace echo {

// How long the process was ready to run but waited for a processor, and how many times it got one.
struct ProcessorWait {
  Duration time{0};
  std::uint64_t turns = 0;
};

// Returns the totals since the process began; nullopt if the kernel does not report them.
std::optional<ProcessorWait> processor_wait();

}  // namespace echo
