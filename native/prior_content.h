// What lay in a segment before its life began, sector by sector: zeros in one that was made new, anything in one that
// is used again. A sector of a block that still shows it was not written, which is how a torn write is told from a
// rotten one (recovery.h). For a segment used again a table of checksums, one for each 512-byte sector, stands behind
// the headers; it is as durable as they are before the first block is written.
#ifndef SCRIPTORIUM_PRIOR_CONTENT_H_
#define SCRIPTORIUM_PRIOR_CONTENT_H_

#include <cstdint>
#include <memory>
#include <span>

#include "aligned_buffer.h"
#include "block.h"

namespace scriptorium {

// Bytes of the table of a segment of this size.
constexpr uint64_t PriorTableBytes(uint64_t segment_bytes) { return segment_bytes / kSectorBytes * sizeof(uint32_t); }

class PriorContent {
 public:
  // Zeros everywhere.
  PriorContent() = default;
  // As the table says, which holds a little-endian checksum for each sector of the segment, from its first byte.
  explicit PriorContent(std::shared_ptr<const AlignedBuffer> table) : table_(std::move(table)) {}

  // Whether the sector, whose place in its segment is `offset`, shows what lay there before.
  bool Unwritten(const uint8_t* sector, uint32_t offset) const;
  // How many whole sectors of `bytes`, which stand at `offset`, do.
  uint32_t CountUnwritten(std::span<const uint8_t> bytes, uint32_t offset) const;
  // The same from the checksums of the sectors; only if `in_table`.
  uint32_t CountUnwritten(std::span<const uint32_t> crcs, uint32_t offset) const;
  // Whether what lay there is known by checksums, rather than being zeros.
  bool in_table() const { return table_ != nullptr; }
  bool AllUnwritten(std::span<const uint8_t> bytes, uint32_t offset) const {
    return CountUnwritten(bytes, offset) == bytes.size() / kSectorBytes;
  }

 private:
  std::shared_ptr<const AlignedBuffer> table_;  // Null: zeros.
};

// Notes the checksum of each sector of `bytes`, which stand at `offset` of their segment, in its table.
void NotePriorContent(std::span<const uint8_t> bytes, uint64_t offset, uint8_t* table);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_PRIOR_CONTENT_H_
