#include "block_window.h"

#include <algorithm>

namespace scriptorium {

BlockStream::Block BlockWindow::Keep(BlockStream::Block block) {
  const uint32_t bytes = block->block_bytes();
  if (bytes > max_bytes_) return block;
  Kept kept{block->position(), bytes, nullptr, nullptr};
  if (bytes < block->capacity() / 2) {
    kept.copy = std::make_unique_for_overwrite<uint8_t[]>(bytes);
    std::memcpy(kept.copy.get(), block->data(), bytes);
  } else {
    kept.block = std::move(block);
  }
  const std::lock_guard lock(mutex_);
  memory_ += kept.memory();
  kept_.push_back(std::move(kept));
  while (memory_ > max_bytes_) {
    Kept& oldest = kept_.front();
    memory_ -= oldest.memory();
    if (block == nullptr) block = std::move(oldest.block);
    kept_.pop_front();
  }
  return block;
}

bool BlockWindow::Copy(Position from, size_t bytes, uint8_t* to) const {
  const std::lock_guard lock(mutex_);
  const auto after = std::upper_bound(kept_.begin(), kept_.end(), from,
                                      [](const Position& wanted, const Kept& kept) { return wanted < kept.begin; });
  if (after == kept_.begin()) return false;
  const Kept& kept = *std::prev(after);
  if (kept.begin.segment != from.segment || from.offset + bytes > uint64_t{kept.begin.offset} + kept.bytes)
    return false;
  std::memcpy(to, kept.data() + (from.offset - kept.begin.offset), bytes);
  return true;
}

}  // namespace scriptorium
