// Compares FdSet with std::set.

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "echo/os/fd_set.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

// A few dozen words of bits, so that sets can be dense or sparse.
constexpr std::size_t kMaxFd = 1500;

class Sets {
 public:
  void step(fuzz::Input& input) {
    enum Step { kInsert, kErase, kClear, kReserve, kCopy, kQuery, kIterate, kSteps };
    const int step = input.byte() % kSteps;
    const auto fd = static_cast<int>(input.number(kMaxFd));
    switch (step) {
      case kInsert:
        set_.insert(fd);
        members_.insert(fd);
        break;
      case kErase:
        set_.erase(fd);
        members_.erase(fd);
        break;
      case kClear:
        set_.clear();
        members_.clear();
        break;
      case kReserve:
        set_.reserve(fd);
        break;
      case kCopy:
        copy();
        break;
      case kQuery:
        query(fd);
        break;
      default:
        iterate_erasing_ahead(fd);
    }
  }

  void check() const {
    auto member = members_.begin();
    for (const int fd : set_) {
      require(member != members_.end() && fd == *member++,
              "iteration visits only members, in ascending order");
    }
    require(member == members_.end(), "iteration visits every member");
    require(set_.empty() == members_.empty(), "exactly the sets without members are empty");
    require(set_.nfds() == (members_.empty() ? 0 : *members_.rbegin() + 1),
            "nfds is one more than the highest member");
  }

 private:
  void copy() {
    FdSet copy;
    copy.insert(static_cast<int>(kMaxFd));
    copy = set_;
    set_ = copy;
    copy.clear();
  }

  void query(int fd) const {
    require(set_.contains(fd) == (members_.count(fd) == 1),
            "contains() is true for exactly the members");
    const auto next = members_.lower_bound(fd);
    require(set_.next(fd) == (next == members_.end() ? -1 : *next),
            "next() returns the next member");
  }

  // Iterates, and at each member erases the descriptor that is `distance` higher.
  void iterate_erasing_ahead(int distance) {
    std::set<int> left = members_;
    std::vector<int> expected;
    for (auto place = left.begin(); place != left.end(); ++place) {
      expected.push_back(*place);
      if (distance > 0) left.erase(*place + distance);
    }
    std::vector<int> visited;
    for (const int fd : set_) {
      visited.push_back(fd);
      if (distance > 0) set_.erase(fd + distance);
    }
    members_ = left;
    require(visited == expected, "iteration skips members that were erased ahead");
  }

  FdSet set_;
  std::set<int> members_;
};

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::Input input(data, size);
  echo::Sets sets;
  while (!input.empty()) {
    sets.step(input);
    sets.check();
  }
  return 0;
}
