// Whole numbers in as few bytes as they need: seven bits a byte, low ones first, the top bit says that more follow. For
// the dense lists in base records and footers. A reader never reads past its bytes and never believes a count: what
// does not hold makes it not ok for good, and everything read from it after that is zero.
#ifndef SCRIPTORIUM_VARINT_H_
#define SCRIPTORIUM_VARINT_H_

#include <cstdint>
#include <span>
#include <vector>

namespace scriptorium {

inline constexpr size_t kMaxVarintBytes = 10;

inline void PutVarint(std::vector<uint8_t>* to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to->push_back(static_cast<uint8_t>(value | 0x80));
  to->push_back(static_cast<uint8_t>(value));
}

class VarintReader {
 public:
  explicit VarintReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

  uint64_t Next() {
    uint64_t value = 0;
    for (size_t at = 0; ok_ && at < rest_.size() && at < kMaxVarintBytes; ++at) {
      const uint8_t byte = rest_[at];
      if (at == kMaxVarintBytes - 1 && byte > 1) break;  // Beyond 64 bits.
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * at);
      if (byte >= 0x80) continue;
      if (byte == 0 && at > 0) break;  // One number has one spelling.
      rest_ = rest_.subspan(at + 1);
      return value;
    }
    ok_ = false;
    return 0;
  }
  // A number that the caller goes on to add to others: bounded so that sums cannot wrap.
  uint64_t NextUpTo(uint64_t most) {
    const uint64_t value = Next();
    if (value <= most) return value;
    ok_ = false;
    return 0;
  }
  std::span<const uint8_t> Bytes(size_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto bytes = rest_.first(count);
    rest_ = rest_.subspan(count);
    return bytes;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  size_t left() const { return rest_.size(); }

 private:
  std::span<const uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_VARINT_H_
