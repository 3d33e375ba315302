#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace echo {

// Why a connection failed.
enum class Failure {
  kConnect,         // None of the addresses accepts a connection.
  kConnectTimeout,  // The last of the addresses did not answer in time.
  kDescriptors,     // This process, or the kernel, is out of descriptors.
  kNoAddress,       // The kernel has no address and port left for our end.
  kTimeout,         // An answer did not come in time.
  kClosedEarly,     // EOF while something was still to come, or before our own.
  kReset,           // The connection broke: reset, or lost on the way.
  kMismatch,        // A byte that is not the one that was sent.
  kUrgent,          // Urgent data, which no echo server sends.
};
constexpr std::size_t kFailures = 9;

// How many failures are logged in full.
constexpr std::size_t kMaxFailuresLogged = 10;

// In words, such as "closed early".
constexpr std::string_view name_of(Failure failure) noexcept {
  constexpr std::array<std::string_view, kFailures> kNames{
      "connect",      "connect timeout", "no descriptor", "no local address", "timeout",
      "closed early", "reset",           "mismatch",      "urgent data"};
  return kNames[static_cast<std::size_t>(failure)];
}

}  // namespace echo
