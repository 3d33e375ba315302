#pragma once

#include <cstddef>
#include <cstdint>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/target.h"

namespace echo {

// What a Load must do.
struct LoadSettings : Target {
  // The default at a rate: as good as no limit, in bounded memory.
  static constexpr std::size_t kPipelineAtRate = 100'000;

  std::uint64_t count = 0;   // Messages for each connection. 0: no end.
  Duration duration{0};      // How long to begin messages. 0: no end. Only ping has neither end.
  SizeRange sizes{64, 64};   // Of a message, in bytes, at least 1; any size in it is as likely.
  std::size_t pipeline = 1;  // Messages that a connection has in flight at most.
  Rate rate{};               // Of messages, of all connections together. 0: a closed loop.
  Duration ramp{0};          // Over which the connections are opened. 0: at once.
  Duration warmup{0};        // At the beginning; what is begun in it is checked, not measured.
  std::size_t idle = 0;      // More connections, which send nothing.
  bool churn = false;        // A connection for each message.
  bool half_close = false;   // EOF follows the last message at once, not its answer.
  bool reconnect = false;    // A connection that fails is made again.
  std::uint64_t seed = 0;    // Of the bytes and the sizes of the messages, see Pattern.
};

}  // namespace echo
