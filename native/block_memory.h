// Memory for blocks: pieces of slabs that the kernel is asked to back by huge pages. To hand a block to the device the
// kernel pins and maps it page by page; in small pages that took as long as the write itself where blocks are large.
// Where there are no huge pages it is memory like any other.
#ifndef SCRIPTORIUM_BLOCK_MEMORY_H_
#define SCRIPTORIUM_BLOCK_MEMORY_H_

#include <cstdint>
#include <memory>

#include "aligned_buffer.h"

namespace scriptorium {

// A piece; its slab lives as long as any piece of it.
class BlockMemory {
 public:
  BlockMemory() = default;
  BlockMemory(std::shared_ptr<AlignedBuffer> slab, size_t offset, size_t bytes)
      : slab_(std::move(slab)), offset_(offset), size_(bytes) {}

  uint8_t* data() { return slab_->data() + offset_; }
  const uint8_t* data() const { return slab_->data() + offset_; }
  size_t size() const { return size_; }

 private:
  std::shared_ptr<AlignedBuffer> slab_;
  size_t offset_ = 0;
  size_t size_ = 0;
};

// Memory for one block alone. `bytes` is a multiple of the largest alignment of any device.
inline BlockMemory AloneBlock(size_t bytes) {
  const size_t alignment = bytes >= kHugePageBytes / 2 ? kHugePageBytes : kMaxAlignment;
  return {std::make_shared<AlignedBuffer>(bytes, alignment), 0, bytes};
}

// Cuts pieces of one size, one slab after the other. The first few stand alone: a journal that does little needs no
// more.
class BlockSlabs {
 public:
  BlockMemory Cut(size_t bytes) {
    if (alone_ < kAlone) {
      ++alone_;
      return AloneBlock(bytes);
    }
    if (slab_ == nullptr || used_ + bytes > slab_->size()) {
      slab_ = std::make_shared<AlignedBuffer>(bytes, kHugePageBytes);
      used_ = 0;
    }
    BlockMemory piece(slab_, used_, bytes);
    used_ += bytes;
    return piece;
  }

 private:
  static constexpr int kAlone = 2;

  int alone_ = 0;
  std::shared_ptr<AlignedBuffer> slab_;
  size_t used_ = 0;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BLOCK_MEMORY_H_
