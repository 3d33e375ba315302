#pragma once

#include <chrono>
#include <ctime>
#include <initializer_list>
#include <optional>

namespace echo {

// The time for all timeouts. It is monotonic: a change of the system clock does not move them.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::nanoseconds;

// The time of day, which can jump.
using WallTime = std::chrono::system_clock::time_point;

// Returns the current time of day. On 32-bit systems, system_clock::now() may be wrong after 2038:
// the C++ library was compiled with its own size of time_t.
inline WallTime wall_time() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const Duration since_epoch = std::chrono::seconds{now.tv_sec} + Duration{now.tv_nsec};
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
}

// The longest time that parse_duration() accepts: about ten years. Adding it to the present Time
// never overflows.
constexpr Duration kMaxDuration = std::chrono::hours{87600};

// Returns the earliest of the times; nullopt stands for never.
constexpr std::optional<Time> earliest(std::initializer_list<std::optional<Time>> times) noexcept {
  std::optional<Time> first;
  for (const std::optional<Time>& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

// For a system call. `duration` must not be negative.
constexpr timespec to_timespec(Duration duration) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {static_cast<std::time_t>(seconds.count()),
          static_cast<long>((duration - seconds).count())};
}

}  // namespace echo
