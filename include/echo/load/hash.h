#pragma once

#include <cstdint>

namespace echo {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). A change
// of any bit of the number changes each bit of the hash with probability 1/2.
constexpr std::uint64_t hash(std::uint64_t number) noexcept {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

constexpr std::uint64_t hash(std::uint64_t one, std::uint64_t other) noexcept {
  return hash(hash(one) + other);
}

}  // namespace echo
