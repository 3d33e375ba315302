#include "echo/load/pattern.h"

#include <algorithm>

#include "echo/load/hash.h"

namespace echo {
std::uint64_t Pattern::seed_of(WallTime now, pid_t process) noexcept {
  return hash(static_cast<std::uint64_t>(now.time_since_epoch().count()),
              static_cast<std::uint64_t>(process)) &
         kMaxSeed;
}

// Twice kBlock, because a window of kBlock bytes may begin at any of the first kBlock bytes.
Pattern::Pattern(std::uint64_t seed, SizeRange sizes) : Pattern(Kind::kRandom, hash(seed), sizes) {
  bytes_.resize(2 * kBlock);
  std::uint64_t number = seed_;
  std::generate(bytes_.begin(), bytes_.end(), [&] { return static_cast<char>(hash(number++)); });
}

// Enough lines that two connections rarely begin at the same one.
Pattern Pattern::of_lines(std::uint64_t seed, SizeRange sizes) {
  constexpr std::size_t kLeast = 16 * kMaxLine;
  constexpr unsigned kPrintable = '~' - ' ' + 1;
  Pattern pattern(Kind::kLines, hash(seed), sizes);
  std::uint64_t number = pattern.seed_;
  for (std::uint64_t line = 0; pattern.bytes_.size() < kLeast; ++line) {
    for (std::size_t left = pattern.random_size(0, line); left > 1; --left) {
      pattern.bytes_ += static_cast<char>(' ' + hash(number++) % kPrintable);
    }
    pattern.bytes_ += '\n';
  }
  return pattern;
}

// A short text is repeated, so that one send(2) can take many messages.
Pattern Pattern::of_data(std::string_view data) {
  Pattern pattern(Kind::kData, 0, {.least = data.size(), .most = data.size()});
  do {
    pattern.bytes_ += data;
  } while (pattern.bytes_.size() < kBlock);
  return pattern;
}

std::string_view Pattern::from(std::uint64_t connection, std::uint64_t offset) const noexcept {
  if (kind_ != Kind::kRandom) return from_circle(connection, offset);
  const std::uint64_t begin = hash(seed_ + connection, offset / kBlock) % kBlock;
  const std::uint64_t passed = offset % kBlock;
  return {bytes_.data() + begin + passed, static_cast<std::size_t>(kBlock - passed)};
}

std::string_view Pattern::from_circle(std::uint64_t connection,
                                      std::uint64_t offset) const noexcept {
  std::uint64_t begin = 0;
  if (kind_ == Kind::kLines) {
    const auto any = static_cast<std::size_t>(hash(seed_ + connection) % bytes_.size());
    begin = bytes_.find('\n', any) + 1;
  }
  return std::string_view(bytes_).substr(
      static_cast<std::size_t>((begin + offset % bytes_.size()) % bytes_.size()));
}

std::size_t Pattern::size_of(std::uint64_t connection, std::uint64_t index,
                             std::uint64_t offset) const noexcept {
  return kind_ == Kind::kLines ? from(connection, offset).find('\n') + 1
                               : random_size(connection, index);
}

std::size_t Pattern::random_size(std::uint64_t connection, std::uint64_t index) const noexcept {
  // kOther makes the sizes independent of the positions of the windows.
  constexpr std::uint64_t kOther = 0x5851f42d4c957f2d;
  return sizes_.least == sizes_.most
             ? sizes_.least
             : sizes_.least + static_cast<std::size_t>(hash((seed_ + connection) ^ kOther, index) %
                                                       (sizes_.most - sizes_.least + 1));
}

}  // namespace echo
