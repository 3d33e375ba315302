#pragma once

#include <cstddef>

namespace echo::test {

// Want of memory: as long as this lives, `successes` more allocations of this process succeed, and
// all after them throw std::bad_alloc. One at a time, and no threads beside it.
class FailingAllocations {
 public:
  explicit FailingAllocations(std::size_t successes) noexcept;
  ~FailingAllocations();
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;

  // Whether any has failed.
  bool any_failed() const noexcept;
};

}  // namespace echo::test
