#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>

namespace echo::sim {

// The random choices of one run: the same seed makes the same choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_(seed) {}

  // From 0 to `most`. The distributions of the library are not used, because they differ between
  // systems.
  std::uint64_t up_to(std::uint64_t most) {
    return most == UINT64_MAX ? generator_() : generator_() % (most + 1);
  }

  // From `least` to `most`.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + up_to(most - least);
  }

  bool one_in(std::uint64_t times) { return up_to(times - 1) == 0; }

  // One of the listed values.
  template <typename T>
  T one_of(std::initializer_list<T> things) {
    return things.begin()[up_to(things.size() - 1)];
  }

  // A length from 1 to `most`; short and long ones are about equally likely.
  std::size_t length(std::size_t most) {
    std::size_t limit = most;
    while (limit > 1 && one_in(2)) limit = limit / 4 + 1;
    return static_cast<std::size_t>(between(1, limit));
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace echo::sim
