#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace echo {

// What a connection is owed: blocks of one size, all of them full of bytes or of room for them.
using Blocks = std::deque<std::string>;

// Keeps what message queues give back for the next that needs it: the deques, each with a block in
// it, and the other blocks. Once there is enough of both, an echo takes no memory but what a deque
// takes to grow, and a short message finds all its memory in one piece.
class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = 16384;

  // Keeps a deque and kBlocksPerQueue blocks, enough for the longest receive, for each of so many
  // queues, but kMaxMessages and kMaxBlocks at most; what is given back beyond that is freed.
  // Before this is called nothing is kept. Throws std::bad_alloc, and changes nothing then.
  void serve(std::size_t queues);
  static constexpr std::size_t kMaxMessages = 512;
  static constexpr std::size_t kMaxBlocks = 256;
  static constexpr std::size_t kBlocksPerQueue = 16;

  // Those with one block. Throws std::bad_alloc.
  std::unique_ptr<Blocks> take_messages();
  void give_messages(std::unique_ptr<Blocks> messages) noexcept;

  // Sees to it that so many blocks are spare. Throws std::bad_alloc.
  void provide(std::size_t blocks);

  // The block that the take_block() after `others` more will give. Provide it first.
  std::string& spare_block(std::size_t others) noexcept {
    return blocks_[blocks_.size() - 1 - others];
  }
  std::string take_block() noexcept;
  void give_block(std::string block) noexcept;

 private:
  std::size_t most_messages_ = 0;
  std::size_t most_blocks_ = 0;
  std::vector<std::unique_ptr<Blocks>> messages_;
  std::vector<std::string> blocks_;
};

}  // namespace echo
