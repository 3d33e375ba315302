#pragma once

#include <cstddef>

namespace echo::test {

// Simulates a process that is out of memory. While this object lives, the next `successes`
// allocations succeed and all later ones throw std::bad_alloc. Create only one at a time, in a
// process with one thread.
class FailingAllocations {
 public:
  explicit FailingAllocations(std::size_t successes) noexcept;
  ~FailingAllocations();
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;

  // True if an allocation has failed.
  bool any_failed() const noexcept;
};

}  // namespace echo::test
