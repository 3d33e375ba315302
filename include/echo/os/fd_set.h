#pragma once

#include <sys/select.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace echo {

// Only its type is used: it names the words without naming the member, whose name differs between
// systems.
inline auto first_word(const fd_set& set) {
  const auto& [words] = set;
  return words[0];
}

// A set of descriptors for select(), of any size.
//
// fd_set ends at descriptor FD_SETSIZE - 1, and FD_SET() writes past its end for higher ones
// (select(2), "BUGS"). Most kernels take sets of any length (see max_select_fd()): an array of
// words, in which descriptor f is bit f % W of word f / W. This class keeps such an array and lets
// it grow.
class FdSet {
 public:
  // Visits the members in ascending order. Each step reads the set again, so members that are
  // erased ahead of the iterator are skipped.
  class Iterator {
   public:
    Iterator(const FdSet& set, int fd) noexcept : set_(&set), fd_(fd) {}
    int operator*() const noexcept { return fd_; }
    Iterator& operator++() noexcept {
      fd_ = set_->next(fd_ + 1);
      return *this;
    }
    bool operator==(const Iterator& other) const noexcept { return fd_ == other.fd_; }

   private:
    const FdSet* set_;
    int fd_;
  };

  // Not movable: a move would take the memory away from a set for which reserve() has been called.
  FdSet() noexcept = default;
  FdSet(const FdSet&) = default;
  FdSet& operator=(const FdSet& other);
  ~FdSet() = default;

  // In all these functions `fd` is from 0 to INT_MAX - 1.
  void insert(int fd) {
    const std::size_t word = word_of(fd);
    if (word >= words_.size()) reserve(fd + 1);
    used_ = std::max(used_, word + 1);
    words_[word] |= bit_of(fd);
  }
  void erase(int fd) noexcept {
    const std::size_t word = word_of(fd);
    if (word >= used_) return;
    words_[word] &= ~bit_of(fd);
    if (word + 1 == used_) shorten();
  }
  // Renames the member `from`, if it is one, to `to`.
  void replace(int from, int to) {
    if (!contains(from)) return;
    erase(from);
    insert(to);
  }
  bool contains(int fd) const noexcept {
    const std::size_t word = word_of(fd);
    return word < used_ && (words_[word] & bit_of(fd)) != 0;
  }
  bool empty() const noexcept { return next(0) < 0; }
  std::size_t size() const noexcept;
  void clear() noexcept;

  // Inserts, or erases, all members of `set`. Inserting allocates nothing if this set has as much
  // memory as `set`.
  void insert_all(const FdSet& set);
  void erase_all(const FdSet& set) noexcept;

  // Makes this set a copy of `all` without the members of `except`; no member that remains may be
  // `nfds` or higher. Allocates nothing if this set has as much memory as `all`.
  void assign_difference(const FdSet& all, const FdSet& except, int nfds);

  // Returns the lowest member that is not below `fd`; -1 if there is none.
  int next(int fd) const noexcept {
    std::size_t word = word_of(fd);
    if (word >= used_) return -1;
    Word bits = words_[word] & (~Word{0} << (fd % kWordBits));
    while (bits == 0) {
      if (++word == used_) return -1;
      bits = words_[word];
    }
    return static_cast<int>(word) * kWordBits + std::countr_zero(bits);
  }

  Iterator begin() const noexcept { return {*this, next(0)}; }
  Iterator end() const noexcept { return {*this, -1}; }

  // One more than the highest member: the first argument of select().
  int nfds() const noexcept { return nfds_without({}); }
  // The same, as if the members of `except` were not in this set.
  int nfds_without(const FdSet& except) const noexcept;

  // Allocates memory for the descriptors below `nfds`. After that, inserting one of them does not
  // allocate, nor does copying a set of at most this size.
  void reserve(int nfds);

  // For select(), which reads all words up to its first argument and clears bits in them: call
  // reserve() with that number first.
  fd_set* native() noexcept { return reinterpret_cast<fd_set*>(words_.data()); }

  // The words of fd_set: a structure that consists of an array.
  using Word = std::make_unsigned_t<decltype(first_word(fd_set{}))>;
  // Descriptors per word.
  static constexpr int kWordBits = sizeof(Word) * CHAR_BIT;

 private:
  static std::size_t word_of(int fd) noexcept { return static_cast<unsigned>(fd) / kWordBits; }
  static std::size_t words_for(int nfds) noexcept {
    return (static_cast<std::size_t>(nfds) + kWordBits - 1) / kWordBits;
  }
  static Word bit_of(int fd) noexcept { return Word{1} << (fd % kWordBits); }

  void assign(const FdSet& set, std::size_t words);
  void shorten() noexcept;

  std::vector<Word> words_;
  std::size_t used_ = 0;  // The words from here on are 0. select() may also clear words before it.
};

}  // namespace echo
