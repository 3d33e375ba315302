#include "echo/os/fd_set.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

namespace echo {

std::size_t FdSet::size() const noexcept {
  std::size_t size = 0;
  for (const Word word : std::span(words_).first(used_)) {
    size += static_cast<std::size_t>(std::popcount(word));
  }
  return size;
}

void FdSet::clear() noexcept {
  std::fill_n(words_.begin(), used_, Word{0});
  used_ = 0;
}

void FdSet::insert_all(const FdSet& set) {
  if (words_.size() < set.used_) words_.resize(set.used_);
  used_ = std::max(used_, set.used_);
  for (std::size_t i = 0; i < set.used_; ++i) words_[i] |= set.words_[i];
}

void FdSet::erase_all(const FdSet& set) noexcept {
  const std::size_t common = std::min(used_, set.used_);
  for (std::size_t i = 0; i < common; ++i) words_[i] &= ~set.words_[i];
  while (used_ > 0 && words_[used_ - 1] == 0) --used_;
}

int FdSet::nfds() const noexcept {
  for (std::size_t word = used_; word-- > 0;) {
    if (words_[word] != 0) {
      return static_cast<int>(word + 1) * kWordBits - std::countl_zero(words_[word]);
    }
  }
  return 0;
}

void FdSet::reserve(int nfds) {
  const std::size_t needed = (static_cast<std::size_t>(nfds) + kWordBits - 1) / kWordBits;
  if (words_.size() < needed) words_.resize(needed);
}

}  // namespace echo
