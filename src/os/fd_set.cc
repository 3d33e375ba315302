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

FdSet& FdSet::operator=(const FdSet& other) {
  if (this != &other) assign(other, other.used_);
  return *this;
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
  shorten();
}

void FdSet::assign_difference(const FdSet& all, const FdSet& except, int nfds) {
  assign(all, std::min(all.used_, words_for(nfds)));
  erase_all(except);
}

int FdSet::nfds_without(const FdSet& except) const noexcept {
  for (std::size_t word = used_; word-- > 0;) {
    const Word bits = word < except.used_ ? words_[word] & ~except.words_[word] : words_[word];
    if (bits != 0) return static_cast<int>(word + 1) * kWordBits - std::countl_zero(bits);
  }
  return 0;
}

void FdSet::reserve(int nfds) {
  if (words_.size() < words_for(nfds)) words_.resize(words_for(nfds));
}

void FdSet::assign(const FdSet& set, std::size_t words) {
  if (words_.size() < words) words_.resize(words);
  std::copy_n(set.words_.begin(), words, words_.begin());
  for (std::size_t i = words; i < used_; ++i) words_[i] = 0;
  used_ = words;
}

void FdSet::shorten() noexcept {
  while (used_ > 0 && words_[used_ - 1] == 0) --used_;
}

}  // namespace echo
