// Memory at the alignment that O_DIRECT asks for. Owns its bytes; movable, not copyable; contents start as zeros.
// Aligned to huge pages, it asks the kernel for them.
#ifndef SCRIPTORIUM_ALIGNED_BUFFER_H_
#define SCRIPTORIUM_ALIGNED_BUFFER_H_

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "little_endian.h"

namespace scriptorium {

// No device asks for more.
inline constexpr uint32_t kMaxAlignment = 64 << 10;
inline constexpr size_t kHugePageBytes = 2 << 20;

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(size_t bytes, size_t alignment)
      : size_(RoundUp(bytes, alignment)), data_(static_cast<uint8_t*>(std::aligned_alloc(alignment, size_))) {
    if (data_ == nullptr) std::abort();  // Sizes are bounded by the engine, so this is the machine being out of memory.
    // Before they are touched; a refusal costs nothing but speed.
    if (alignment >= kHugePageBytes) (void)::madvise(data_.get(), size_, MADV_HUGEPAGE);
    std::memset(data_.get(), 0, size_);
  }

  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const { std::free(bytes); }
  };
  size_t size_ = 0;
  std::unique_ptr<uint8_t, Free> data_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_ALIGNED_BUFFER_H_
