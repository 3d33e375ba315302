#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>

namespace echo::sim {

// The chance of one run: the same seed, the same throws.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_(seed) {}

  // From 0 to `most`. Computed by hand, since the library's distributions differ between systems.
  std::uint64_t up_to(std::uint64_t most) {
    return most == UINT64_MAX ? generator_() : generator_() % (most + 1);
  }

  // From `least` to `most`.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + up_to(most - least);
  }

  bool one_in(std::uint64_t times) { return up_to(times - 1) == 0; }

  // One of the things in the list.
  template <typename T>
  T one_of(std::initializer_list<T> things) {
    return things.begin()[up_to(things.size() - 1)];
  }

  // A length from 1 to `most`, small ones as likely as large ones.
  std::size_t length(std::size_t most) {
    std::size_t limit = most;
    while (limit > 1 && one_in(2)) limit = limit / 4 + 1;
    return static_cast<std::size_t>(between(1, limit));
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace echo::sim
