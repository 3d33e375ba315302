#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "sim/kernel.h"

namespace echo::sim {

// A client of the simulated server that acts at random.
class Peer {
 public:
  // The addresses of the peers.
  static constexpr std::initializer_list<std::uint32_t> kHosts{0x7f000001, 0x7f000002, 0x7f000003};

  // The number determines the bytes of the peer, which sends at most `most` of them. A peer of a
  // crowd may be silent for long.
  Peer(std::uint64_t number, Kernel& kernel, std::size_t most, bool of_crowd);

  // The server's end of the connection.
  const std::shared_ptr<Stream>& stream() const { return stream_; }

  // Performs one action, or none.
  void step();

  // True if the peer may act again without an action of the server.
  bool may_act() const;

  // Takes all remaining bytes at the end of the run.
  void receive_rest();

  // Describes a violation of a rule that holds at any time; empty if there is none.
  std::string violation(std::size_t max_queue) const;
  // Describes a violation of a rule that holds once the connection is closed.
  std::string violation_at_end() const;

  std::string describe() const { return "peer " + std::to_string(number_); }

 private:
  enum class Mode {
    kHalfCloses,  // Sends everything, then EOF, and reads to the end.
    kStaysOpen,   // Sends everything, and waits.
    kResets,
    kVanishes,  // Stops acting at some point.
    kNeverReads,
    kSendsUrgently,
    kCloses,  // Without reading the echo.
  };

  void send();
  bool act();
  void receive(std::size_t most);

  std::uint64_t number_;
  Kernel& kernel_;
  std::shared_ptr<Stream> stream_ = std::make_shared<Stream>();
  Mode mode_ = Mode::kHalfCloses;
  unsigned laziness_ = 1;
  std::uint64_t to_send_ = 0;
  std::size_t chunk_ = 1;
  std::uint64_t acts_at_ = 0;  // Acts according to its manner after N bytes.
  std::uint64_t sent_ = 0;
  std::uint64_t got_ = 0;
  bool sent_all_ = false;  // It sent everything and EOF in time, so it must get all back.
  bool ended_ = false;
  bool done_ = false;
  bool wrong_ = false;
};

}  // namespace echo::sim
