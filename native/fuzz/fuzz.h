// What the fuzz targets share. A target is one function that may be given any bytes: it must not crash, hang, or read
// or write outside what it was given, and it requires of the answer what its callers rely on.
#ifndef SCRIPTORIUM_FUZZ_FUZZ_H_
#define SCRIPTORIUM_FUZZ_FUZZ_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "../crc32c.h"
#include "../little_endian.h"

#define REQUIRE(condition)                                                          \
  do {                                                                              \
    if (!(condition)) {                                                             \
      std::fprintf(stderr, "%s:%d: required %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                 \
    }                                                                               \
  } while (false)

namespace scriptorium::fuzz {

// Takes an input apart from its front. What is not there any more reads as zeros.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  template <typename T>
  T Take() {
    uint8_t bytes[sizeof(T)] = {};
    const size_t count = std::min(sizeof(T), size_);
    if (count > 0) std::memcpy(bytes, data_, count);
    data_ += count;
    size_ -= count;
    return Load<T>(bytes);
  }
  // A copy of its own on the heap, so that one byte too many is noticed.
  std::vector<uint8_t> Take(size_t bytes) {
    const size_t count = std::min(bytes, size_);
    std::vector<uint8_t> taken(data_, data_ + count);
    data_ += count;
    size_ -= count;
    return taken;
  }
  std::vector<uint8_t> Rest() { return Take(size_); }

 private:
  const uint8_t* data_;
  size_t size_;
};

// Puts the checksum of the bytes before `at` there, as whoever wrote them would have: chance does not find checksums.
inline void Seal(std::vector<uint8_t>* bytes, size_t at) {
  if (bytes->size() >= at + 4) Store<uint32_t>(bytes->data() + at, Crc32c(bytes->data(), at));
}

}  // namespace scriptorium::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // SCRIPTORIUM_FUZZ_FUZZ_H_
