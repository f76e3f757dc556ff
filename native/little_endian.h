// Loads and stores of the disk's byte order. Every multi-byte field on disk is little endian; unaligned access goes
// through memcpy, which compilers turn into one instruction.
#ifndef SCRIPTORIUM_LITTLE_ENDIAN_H_
#define SCRIPTORIUM_LITTLE_ENDIAN_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace scriptorium {

static_assert(std::endian::native == std::endian::little, "the disk format is little endian, and so must the host be");

template <typename T>
inline T Load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
inline void Store(uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

constexpr uint64_t RoundUp(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }
constexpr uint64_t RoundDown(uint64_t value, uint64_t multiple) { return value / multiple * multiple; }

inline bool AllZero(const uint8_t* bytes, size_t count) {
  size_t at = 0;
  for (; at + 8 <= count; at += 8) {
    if (Load<uint64_t>(bytes + at) != 0) return false;
  }
  for (; at < count; ++at) {
    if (bytes[at] != 0) return false;
  }
  return true;
}

}  // namespace scriptorium

#endif  // SCRIPTORIUM_LITTLE_ENDIAN_H_
