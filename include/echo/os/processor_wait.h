#pragma once

#include <cstdint>
#include <optional>

#include "echo/base/time.h"

namespace echo {

// How long the process was ready to run and waited for a processor, and how many times it got one.
struct ProcessorWait {
  Duration time{0};
  std::uint64_t turns = 0;
};

// Since the process began; nullopt if the kernel does not say.
std::optional<ProcessorWait> processor_wait();

}  // namespace echo
