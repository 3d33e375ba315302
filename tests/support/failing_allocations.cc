#include "support/failing_allocations.h"

#include <cstdlib>
#include <new>
#include <optional>

namespace {

// Global, because operator new is.
std::optional<std::size_t> successes_left;  // NOLINT(*-non-const-global-variables)
bool failed = false;                        // NOLINT(*-non-const-global-variables)

bool may_succeed() noexcept {
  if (!successes_left) return true;
  if (*successes_left == 0) {
    failed = true;
    return false;
  }
  --*successes_left;
  return true;
}

}  // namespace

// The other forms of new and delete, such as those for arrays, call these ([new.delete]).
// NOLINTBEGIN(cppcoreguidelines-no-malloc): operator new has nothing else to call.
void* operator new(std::size_t size) {
  void* const memory = may_succeed() ? std::malloc(size == 0 ? 1 : size) : nullptr;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }

void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace echo::test {

FailingAllocations::FailingAllocations(std::size_t successes) noexcept {
  successes_left = successes;
  failed = false;
}

FailingAllocations::~FailingAllocations() { successes_left.reset(); }

bool FailingAllocations::any_failed() const noexcept { return failed; }

}  // namespace echo::test
