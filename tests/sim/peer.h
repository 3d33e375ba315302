#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "sim/kernel.h"

namespace echo::sim {

// A client of the simulated server, which does as the dice say.
class Peer {
 public:
  // Where the peers are.
  static constexpr std::initializer_list<std::uint32_t> kHosts{0x7f000001, 0x7f000002, 0x7f000003};

  // No two numbers say the same. It says so many bytes at most. One of a crowd is silent for long.
  Peer(std::uint64_t number, Kernel& kernel, std::size_t most, bool of_crowd);

  // Its end of the connection, as the server has it.
  const std::shared_ptr<Stream>& stream() const { return stream_; }

  // Does something, or nothing.
  void step();

  // Whether it will ever do something more without the server's doing.
  bool may_act() const;

  // At the end of the run: takes whatever is still on its way to it.
  void receive_rest();

  // What is wrong, where something is that must be true at any time.
  std::string complaint(std::size_t max_queue) const;
  // The same for what must be true once the connection is closed.
  std::string complaint_at_end() const;

  std::string describe() const { return "peer " + std::to_string(number_); }

 private:
  enum class Manner {
    kHalfCloses,  // Sends all, then EOF, and reads to the end.
    kStaysOpen,   // Sends all, and waits.
    kResets,
    kVanishes,  // Does nothing more at some point.
    kNeverReads,
    kSendsUrgently,
    kCloses,  // Without a look at what comes back.
  };

  void send();
  bool act();
  void receive(std::size_t most);

  std::uint64_t number_;
  Kernel& kernel_;
  std::shared_ptr<Stream> stream_ = std::make_shared<Stream>();
  Manner manner_ = Manner::kHalfCloses;
  unsigned laziness_ = 1;
  std::uint64_t to_send_ = 0;
  std::size_t chunk_ = 1;
  std::uint64_t acts_at_ = 0;  // After so many bytes it acts by its manner.
  std::uint64_t sent_ = 0;
  std::uint64_t got_ = 0;
  bool said_all_ = false;  // And EOF, in time: it was promised all of it back.
  bool ended_ = false;
  bool done_ = false;
  bool wrong_ = false;
};

}  // namespace echo::sim
