#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/target.h"

namespace echo {

struct LoadSettings : Target {
  // The default pipeline with a rate: practically no limit, but bounded memory.
  static constexpr std::size_t kPipelineAtRate = 100'000;

  std::uint64_t count = 0;    // Messages per connection. 0: no limit.
  Duration duration{0};       // Time in which to start messages. 0: no limit.
  SizeRange sizes{64, 64};    // Message sizes in bytes, uniformly distributed. See connect_only.
  std::size_t pipeline = 1;   // Maximum of messages in flight per connection.
  Rate rate{};                // Messages of all connections together. Count 0: a closed loop.
  bool poisson = false;       // At random times instead of equal distances.
  bool no_catch_up = false;   // Skip messages that would be sent late, see LoadRecorder.
  Duration ramp{0};           // Time over which to open the connections. 0: no delay.
  Duration warmup{0};         // Messages that start in this time are checked but not measured.
  std::size_t idle = 0;       // Additional connections that send nothing.
  bool churn = false;         // Open a new connection for each message.
  bool connect_only = false;  // A churn of messages of size 0, without idle connections.
  bool half_close = false;    // Send EOF after the last message instead of after its answer.
  bool reconnect = false;     // Replace a connection that fails.
  bool text = false;          // Send lines of text.
  std::string data_file;      // The file with the user's data. Empty: none.
  std::shared_ptr<const std::string> data;  // Its contents: each message sends them. nullptr: none.
  std::uint64_t seed = 0;  // Determines bytes and sizes of the messages, see Pattern.
};

}  // namespace echo
