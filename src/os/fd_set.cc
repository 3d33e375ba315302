#include "echo/os/fd_set.h"

#include <algorithm>
#include <bit>

namespace echo {

std::size_t FdSet::size() const noexcept {
  std::size_t size = 0;
  for (const Word word : words_) size += static_cast<std::size_t>(std::popcount(word));
  return size;
}

void FdSet::clear() noexcept { std::fill(words_.begin(), words_.end(), Word{0}); }

void FdSet::insert_all(const FdSet& set) {
  if (words_.size() < set.words_.size()) words_.resize(set.words_.size());
  for (std::size_t i = 0; i < set.words_.size(); ++i) words_[i] |= set.words_[i];
}

void FdSet::erase_all(const FdSet& set) noexcept {
  const std::size_t common = std::min(words_.size(), set.words_.size());
  for (std::size_t i = 0; i < common; ++i) words_[i] &= ~set.words_[i];
}

int FdSet::nfds() const noexcept {
  for (std::size_t word = words_.size(); word-- > 0;) {
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
