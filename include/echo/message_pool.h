#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace echo {

// What a connection is owed: blocks of one size, all of them full of bytes or of room for them.
using Messages = std::deque<std::string>;

// Keeps what message queues give back for the next that needs it: blocks, and the deques
// themselves, since one takes some 600 bytes of memory before anything is in it. Once there is
// enough of both, an echo takes no memory but what a deque takes to grow.
class MessagePool {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  MessagePool() { serve(0); }

  // Keeps a deque and a block for each of so many queues, kMostSpare of each at most, and no fewer
  // blocks than kFewestSpare; what is given back beyond them is freed. Throws std::bad_alloc where
  // there were fewer queues before.
  void serve(std::size_t queues);
  static constexpr std::size_t kFewestSpare = 64;
  static constexpr std::size_t kMostSpare = 512;

  // Sees to it that so many blocks are spare. Throws std::bad_alloc.
  void provide(std::size_t blocks);

  // The block that the take_block() after `others` more will give. Provide it first.
  std::string& spare_block(std::size_t others) noexcept {
    return blocks_[blocks_.size() - 1 - others];
  }
  std::string take_block() noexcept;
  void give_block(std::string block) noexcept;

  // An empty one. Throws std::bad_alloc.
  std::unique_ptr<Messages> take_messages();
  void give_messages(std::unique_ptr<Messages> messages) noexcept;

 private:
  std::size_t most_blocks() const noexcept;

  std::size_t queues_ = 0;  // How many it keeps something for.
  std::vector<std::string> blocks_;
  std::vector<std::unique_ptr<Messages>> messages_;
};

}  // namespace echo
