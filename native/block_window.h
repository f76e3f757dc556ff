// The most recent durable blocks, in memory, so that followers who are nearly up to date are served without a read.
// Bounded by bytes of memory, oldest out first. Any thread.
#ifndef SCRIPTORIUM_BLOCK_WINDOW_H_
#define SCRIPTORIUM_BLOCK_WINDOW_H_

#include <cstdint>
#include <deque>
#include <mutex>

#include "block_stream.h"

namespace scriptorium {

class BlockWindow {
 public:
  explicit BlockWindow(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Keeps a copy of the block, or the block itself where that wastes little memory; returns the block if its memory is
  // free to be used again.
  BlockStream::Block Keep(BlockStream::Block block);
  // Copies the bytes at this place; false if they are not here.
  bool Copy(Position from, size_t bytes, uint8_t* to) const;

 private:
  struct Kept {
    Position begin;
    uint32_t bytes;
    BlockStream::Block block;
    std::unique_ptr<uint8_t[]> copy;  // Instead of the block.
    const uint8_t* data() const { return copy != nullptr ? copy.get() : block->data(); }
    size_t memory() const { return copy != nullptr ? bytes : block->capacity(); }
  };

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::deque<Kept> kept_;  // By position.
  size_t memory_ = 0;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BLOCK_WINDOW_H_
