#pragma once

#include <sys/select.h>

#include <bit>
#include <climits>
#include <cstddef>
#include <vector>

namespace echo {

// select()'s set of descriptors, of any size.
//
// glibc's fd_set ends at descriptor 1,023, and FD_SET() writes past its end beyond that (select(2),
// "BUGS"). The Linux system call itself takes sets of any length, as an array of unsigned long in
// which descriptor f is bit f % 64 of word f / 64; so this keeps such an array and lets it grow.
class FdSet {
 public:
  // The highest descriptor that this system's select() takes.
#ifdef __linux__
  static constexpr int kMaxFd = INT_MAX - 1;
#else
  static constexpr int kMaxFd = FD_SETSIZE - 1;
#endif

  // Walks the members in ascending order. It looks at the set again at each step, and passes over
  // members that have been erased ahead of it.
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

  // `fd` is from 0 to kMaxFd in each of these.
  void insert(int fd) {
    const std::size_t word = word_of(fd);
    if (word >= words_.size()) reserve(fd + 1);
    words_[word] |= bit_of(fd);
  }
  void erase(int fd) noexcept {
    const std::size_t word = word_of(fd);
    if (word < words_.size()) words_[word] &= ~bit_of(fd);
  }
  bool contains(int fd) const noexcept {
    const std::size_t word = word_of(fd);
    return word < words_.size() && (words_[word] & bit_of(fd)) != 0;
  }
  bool empty() const noexcept { return next(0) < 0; }
  std::size_t size() const noexcept;
  void clear() noexcept;

  // Adds all members of `set`, or takes them out. Adding takes no memory if this has as much as
  // `set`.
  void insert_all(const FdSet& set);
  void erase_all(const FdSet& set) noexcept;

  // The lowest member that is `fd` or higher; -1 if there is none.
  int next(int fd) const noexcept {
    std::size_t word = word_of(fd);
    if (word >= words_.size()) return -1;
    Word bits = words_[word] & (~Word{0} << (fd % kWordBits));
    while (bits == 0) {
      if (++word == words_.size()) return -1;
      bits = words_[word];
    }
    return static_cast<int>(word) * kWordBits + std::countr_zero(bits);
  }

  Iterator begin() const noexcept { return {*this, next(0)}; }
  Iterator end() const noexcept { return {*this, -1}; }

  // One more than the highest member: select()'s first argument.
  int nfds() const noexcept;

  // Takes memory for the descriptors below `nfds`. Inserting one of them takes no more, nor does
  // copying a set that has no more.
  void reserve(int nfds);

  // For select(), which reads and writes as many descriptors as its argument says: reserve() them
  // first.
  fd_set* native() noexcept { return reinterpret_cast<fd_set*>(words_.data()); }

  using Word = unsigned long;
  // How many descriptors one word of the set holds.
  static constexpr int kWordBits = sizeof(Word) * CHAR_BIT;

 private:
  static std::size_t word_of(int fd) noexcept { return static_cast<unsigned>(fd) / kWordBits; }
  static Word bit_of(int fd) noexcept { return Word{1} << (fd % kWordBits); }

  std::vector<Word> words_;
};

}  // namespace echo
