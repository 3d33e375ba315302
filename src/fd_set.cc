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

std::size_t FdSet::size() const noexcept {
  std::size_t size = 0;
  for (const Word word : words_) size += static_cast<std::size_t>(std::popcount(word));
  return size;
}

std::size_t FdSet::size_of_word(int fd) const noexcept {
  const std::size_t word = word_of(fd);
  return word < words_.size() ? static_cast<std::size_t>(std::popcount(words_[word])) : 0;
}

void FdSet::clear() noexcept { std::fill(words_.begin(), words_.end(), Word{0}); }

void FdSet::assign_difference(const FdSet& set, const FdSet& without) {
  words_.resize(std::max(words_.size(), set.words_.size()));
  const std::size_t common = std::min(set.words_.size(), without.words_.size());
  for (std::size_t i = 0; i < common; ++i) words_[i] = set.words_[i] & ~without.words_[i];
  for (std::size_t i = common; i < set.words_.size(); ++i) words_[i] = set.words_[i];
  std::fill(words_.begin() + static_cast<std::ptrdiff_t>(set.words_.size()), words_.end(), Word{0});
}

void FdSet::insert_all(const FdSet& set) {
  insert_range(set, 0, static_cast<int>(set.words_.size()) * kWordBits);
}

void FdSet::insert_range(const FdSet& set, int first, int last) {
  const std::size_t end = std::min(word_of(last), set.words_.size());
  if (words_.size() < end) words_.resize(end);
  for (std::size_t i = word_of(first); i < end; ++i) words_[i] |= set.words_[i];
}

void FdSet::erase_all(const FdSet& set) noexcept {
  const std::size_t common = std::min(words_.size(), set.words_.size());
  for (std::size_t i = 0; i < common; ++i) words_[i] &= ~set.words_[i];
}

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
