#pragma once

#include <chrono>
#include <ctime>
#include <initializer_list>
#include <optional>

namespace echo {

// The time that timeouts are counted in: monotonic, so that setting the clock moves none of them.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::nanoseconds;

// The longest time parse_duration() takes: about ten years. A Time and this never overflow.
constexpr Duration kMaxDuration = std::chrono::hours{87600};

// The earliest of the times; nullopt stands for never.
constexpr std::optional<Time> earliest(std::initializer_list<std::optional<Time>> times) noexcept {
  std::optional<Time> first;
  for (const std::optional<Time>& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

// For a system call. Not negative.
constexpr timespec to_timespec(Duration duration) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {static_cast<std::time_t>(seconds.count()),
          static_cast<long>((duration - seconds).count())};
}

}  // namespace echo
