// The header of a batch: the unit that leaders build, that travels, and that is stored byte for byte as it arrived. The
// engine checks a batch before it stores one and after it reads one, and never looks inside its body
// (docs/disk-format.md).
#ifndef SCRIPTORIUM_BATCH_H_
#define SCRIPTORIUM_BATCH_H_

#include <cstdint>
#include <span>

#include "status.h"

namespace scriptorium {

inline constexpr uint32_t kBatchMagic = 0x54414253;  // "SBAT"
inline constexpr uint8_t kBatchVersion = 1;
inline constexpr size_t kBatchHeaderBytes = 56;
inline constexpr size_t kMaxBatchBytes = 4 << 20;
// Indexes, terms and groups cross into JavaScript as numbers.
inline constexpr uint64_t kMaxInteger = (uint64_t{1} << 53) - 1;

inline constexpr uint8_t kBatchConfiguration = 2;
inline constexpr uint8_t kBatchLastKind = 2;

struct BatchHeader {
  uint8_t kind;
  uint64_t group;
  uint64_t term;
  uint64_t first_index;
  uint64_t timestamp_millis;
  uint32_t count;
  uint32_t body_bytes;
  uint32_t body_crc;

  uint64_t bytes() const { return kBatchHeaderBytes + uint64_t{body_bytes}; }
  uint64_t last_index() const { return first_index + count - 1; }
};

// Reads and checks the header at the start of `bytes`: magic, version, bounds, its checksum, and that the whole batch
// is within `bytes`. Says nothing about the body.
Result<BatchHeader> ParseBatchHeader(std::span<const uint8_t> bytes);

// Checks that `bytes` is exactly one whole valid batch, body checksum included.
Result<BatchHeader> ParseBatch(std::span<const uint8_t> bytes);

// Completes a batch at the start of `bytes` whose header is written but for its two checksums, by writing these. The
// same checks as above; says nothing about what follows the batch.
Result<BatchHeader> SealBatch(std::span<uint8_t> bytes);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BATCH_H_
