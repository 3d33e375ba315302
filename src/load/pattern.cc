#include "echo/load/pattern.h"

#include <algorithm>

namespace echo {
namespace {

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

}  // namespace

std::uint64_t Pattern::seed_of(WallTime now, pid_t process) noexcept {
  return hash(static_cast<std::uint64_t>(now.time_since_epoch().count()),
              static_cast<std::uint64_t>(process)) &
         kMaxSeed;
}

// Twice kBlock, because a window of kBlock bytes may begin at any of the first kBlock bytes.
Pattern::Pattern(std::uint64_t seed) : seed_(hash(seed)), bytes_(2 * kBlock, '\0') {
  std::uint64_t number = seed_;
  std::generate(bytes_.begin(), bytes_.end(), [&] { return static_cast<char>(hash(number++)); });
}

std::string_view Pattern::from(std::uint64_t connection, std::uint64_t offset) const noexcept {
  const std::uint64_t begin = hash(seed_ + connection, offset / kBlock) % kBlock;
  const std::uint64_t passed = offset % kBlock;
  return {bytes_.data() + begin + passed, static_cast<std::size_t>(kBlock - passed)};
}

std::size_t Pattern::size_of(SizeRange range, std::uint64_t connection,
                             std::uint64_t index) const noexcept {
  // kOther makes the sizes independent of the positions of the windows.
  constexpr std::uint64_t kOther = 0x5851f42d4c957f2d;
  return range.least == range.most
             ? range.least
             : range.least + static_cast<std::size_t>(hash((seed_ + connection) ^ kOther, index) %
                                                      (range.most - range.least + 1));
}

}  // namespace echo
