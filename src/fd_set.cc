#include "echo/fd_set.h"

#include <algorithm>
#include <bit>

namespace echo {

void FdSet::insert(int fd) {
  reserve(fd + 1);
  words_[word_of(fd)] |= bit_of(fd);
}

void FdSet::erase(int fd) noexcept {
  const std::size_t word = word_of(fd);
  if (word < words_.size()) words_[word] &= ~bit_of(fd);
}

bool FdSet::contains(int fd) const noexcept {
  const std::size_t word = word_of(fd);
  return word < words_.size() && (words_[word] & bit_of(fd)) != 0;
}

void FdSet::clear() noexcept { std::fill(words_.begin(), words_.end(), Word{0}); }

int FdSet::next(int fd) const noexcept {
  std::size_t word = word_of(fd);
  if (word >= words_.size()) return -1;
  Word bits = words_[word] & (~Word{0} << (fd % kWordBits));
  while (bits == 0) {
    if (++word == words_.size()) return -1;
    bits = words_[word];
  }
  return static_cast<int>(word) * kWordBits + std::countr_zero(bits);
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
