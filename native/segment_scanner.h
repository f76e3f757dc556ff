// Reads one segment front to back for recovery and inspection: bounded memory, aligned reads, every length checked
// against the segment before it is used. What it returns points into its own buffer and holds until the next call.
#ifndef SCRIPTORIUM_SEGMENT_SCANNER_H_
#define SCRIPTORIUM_SEGMENT_SCANNER_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "block.h"
#include "file.h"
#include "segment.h"

namespace scriptorium {

// What stands at a place where a block is expected.
struct Found {
  enum class Kind {
    kBlock,        // header and body hold; `block` is all of it
    kDamagedBody,  // the header holds, the body does not match its checksum
    kNothing,      // no header of this segment's life: zeros, an older life, or damage
    kEnd,          // no block can start here any more
  };
  Kind kind = Kind::kEnd;
  BlockHeader header;
  std::span<const uint8_t> block;
};

class SegmentScanner {
 public:
  static constexpr size_t kWindowBytes = 1 << 20;

  // Reads `window_bytes` at a time, more where a block is longer.
  SegmentScanner(File& file, const SegmentHeader& header, uint32_t alignment, size_t window_bytes = kWindowBytes)
      : file_(file),
        header_(header),
        alignment_(std::max(alignment, header.alignment)),
        window_(std::min<uint64_t>(window_bytes, header.segment_bytes), alignment_) {}

  // Looks for a block of this segment starting at `offset`. The sequence and the chain are the caller's to check.
  Result<Found> BlockAt(uint32_t offset);
  // Only the header, for the search for witnesses: whether one of this segment's life stands at `offset`.
  Result<bool> HeaderAt(uint32_t offset, BlockHeader* header);
  // The bytes [offset, offset + bytes), which must lie in the segment.
  Result<std::span<const uint8_t>> View(uint32_t offset, uint32_t bytes);
  // Forgets what was read, so that the next look goes to the disk: one bad read proves nothing.
  void Forget() { window_bytes_ = 0; }

  const SegmentHeader& header() const { return header_; }
  File& file() { return file_; }

 private:
  File& file_;
  SegmentHeader header_;
  size_t alignment_;
  AlignedBuffer window_;
  uint64_t window_offset_ = 0;
  size_t window_bytes_ = 0;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_SCANNER_H_
