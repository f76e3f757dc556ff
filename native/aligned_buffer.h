// Memory at the alignment that O_DIRECT asks for. Owns its bytes; movable, not copyable; contents start as zeros.
#ifndef SCRIPTORIUM_ALIGNED_BUFFER_H_
#define SCRIPTORIUM_ALIGNED_BUFFER_H_

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "little_endian.h"

namespace scriptorium {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(size_t bytes, size_t alignment)
      : size_(RoundUp(bytes, alignment)), data_(static_cast<uint8_t*>(std::aligned_alloc(alignment, size_))) {
    if (data_ == nullptr) std::abort();  // Sizes are bounded by the engine, so this is the machine being out of memory.
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
