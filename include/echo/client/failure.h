#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace echo {

// The reason why a connection failed.
enum class Failure {
  kConnect,         // No address accepted a connection.
  kConnectTimeout,  // The last address did not answer in time.
  kDescriptors,     // The process or the kernel is out of descriptors.
  kNoAddress,       // The kernel has no free local address and port.
  kTimeout,         // The echo was late.
  kClosedEarly,     // EOF arrived before the echo was complete, or before the client sent EOF.
  kReset,           // The connection was reset or lost.
  kMismatch,        // A byte of the echo differs from the byte sent.
  kUrgent,          // Urgent data arrived, which no echo server sends.
};
constexpr std::size_t kFailures = 9;

// The number of failures that are logged in full.
constexpr std::size_t kMaxFailuresLogged = 10;

// Returns the name in words, such as "closed early".
constexpr std::string_view name_of(Failure failure) noexcept {
  constexpr std::array<std::string_view, kFailures> kNames{
      "connect",      "connect timeout", "no descriptor", "no local address", "timeout",
      "closed early", "reset",           "mismatch",      "urgent data"};
  return kNames[static_cast<std::size_t>(failure)];
}

}  // namespace echo
