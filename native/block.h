// Blocks and records: the shape of one group commit on disk (docs/disk-format.md has the offsets).
//
// A block is a 64-byte header, records, and zeros up to the alignment of its segment. Its header names its sequence,
// its place and the nonce of its segment, so that a block can only be valid where it was meant to be; it carries the
// header checksum of the block before it, so that all blocks of a directory form one chain; and it says up to which
// sequence everything was durable when it was submitted, which is what lets recovery tell torn from rotten (R29). A
// block that was handed to the disk is never written again.
#ifndef SCRIPTORIUM_BLOCK_H_
#define SCRIPTORIUM_BLOCK_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "block_memory.h"
#include "status.h"

namespace scriptorium {

inline constexpr uint32_t kBlockMagic = 0x4b4c4253;  // "SBLK"
inline constexpr uint8_t kBlockVersion = 1;
inline constexpr size_t kBlockHeaderBytes = 64;
inline constexpr size_t kSectorBytes = 512;
// No block is longer: bounds what recovery may allocate for one. Holds the largest batch at the largest alignment.
inline constexpr size_t kMaxBlockBytes = 8 << 20;

// A place in the stream of blocks: segment number, then byte offset in it. Ordered as the stream is.
struct Position {
  uint32_t segment = 0;
  uint32_t offset = 0;

  uint64_t Packed() const { return (uint64_t{segment} << 32) | offset; }
  static Position Unpack(uint64_t packed) {
    return {static_cast<uint32_t>(packed >> 32), static_cast<uint32_t>(packed)};
  }
  auto operator<=>(const Position&) const = default;
};

struct BlockHeader {
  uint64_t sequence = 0;
  uint64_t nonce = 0;
  uint64_t durable_through = 0;
  uint32_t offset = 0;       // Where in its segment the block starts.
  uint32_t body_bytes = 0;   // Records without the padding after the last one.
  uint32_t block_bytes = 0;  // Header, records and padding.
  uint32_t record_count = 0;
  uint32_t body_crc = 0;
  uint32_t previous_crc = 0;  // `header_crc` of the block before this one; 0 for the first of a directory.
  uint32_t same_sectors = 0;  // How many 512-byte sectors of the block show by intent what lay there before.
  uint32_t header_crc = 0;
};

// The header at `bytes` (at least 64), if its magic, version, checksum and bounds are right; says nothing about the
// body. False is the answer to every other content whatsoever.
bool ParseBlockHeader(const uint8_t* bytes, BlockHeader* header);

// Encodes into the kBlockHeaderBytes at `to`, and fills in the checksum of the header.
void EncodeBlockHeader(BlockHeader* header, uint8_t* to);

enum class RecordType : uint8_t {
  kBatch = 1,
  kHardState = 2,
  kTruncateSuffix = 3,
  kTruncatePrefix = 4,
  kCommitHint = 5,
  kSeal = 7,
  kFooter = 8,
  kRelease = 9,
  kBase = 10,
  kMovedBatch = 11,
  // 6 snapshot: reserved, see docs/disk-format.md.
};

inline constexpr size_t kRecordHeaderBytes = 24;
inline constexpr size_t kHardStateBytes = 24;
inline constexpr size_t kTruncateSuffixBytes = 8;
inline constexpr size_t kTruncatePrefixBytes = 16;
inline constexpr size_t kCommitHintBytes = 16;
inline constexpr size_t kReleaseBytes = 8;

struct Record {
  RecordType type;
  uint64_t group;
  uint64_t ordinal;  // Position among all records ever written to the directory, from 1, dense.
  std::span<const uint8_t> payload;
  uint32_t offset;  // Of the payload, from the start of the block.
};

// Walks the records of a block whose checksums hold. Stops at the first malformed or unknown record, or at the first
// status of `visit` that is not ok. Never reads outside `block`, whatever the lengths say.
Status WalkRecords(std::span<const uint8_t> block, const BlockHeader& header,
                   const std::function<Status(const Record&)>& visit);

// Bytes that a record with this payload takes in a block.
constexpr size_t RecordBytes(size_t payload_bytes) { return kRecordHeaderBytes + RoundUp(payload_bytes, 8); }

class PriorContent;
class SectorSums;

// One block being filled, then written. Records are copied straight into the aligned bytes that go to the disk.
class BlockBuffer {
 public:
  explicit BlockBuffer(BlockMemory bytes) : bytes_(std::move(bytes)) {}

  // Empties the buffer for the block `sequence` at `position`; the block may grow to `limit` bytes.
  void Begin(Position position, uint64_t sequence, size_t limit, size_t alignment);
  bool Fits(size_t payload_bytes) const { return used_ + RecordBytes(payload_bytes) <= limit_; }
  // Appends a record that fits; returns the offset of its payload in the block.
  uint32_t Append(RecordType type, uint64_t group, uint64_t ordinal, std::span<const uint8_t> payload);
  // Pads the block and writes its header; after this nothing is appended. `prior` is of its segment, and so are `sums`,
  // which take note of the block; may be null. Returns the header as written.
  BlockHeader Finish(uint64_t nonce, uint64_t durable_through, uint32_t previous_crc, const PriorContent& prior,
                     SectorSums* sums);

  bool empty() const { return record_count_ == 0; }
  Position position() const { return position_; }
  uint64_t sequence() const { return sequence_; }
  uint32_t record_count() const { return record_count_; }
  uint64_t last_ordinal() const { return last_ordinal_; }
  size_t body_bytes() const { return used_ - kBlockHeaderBytes; }
  // Length on disk if it were finished now.
  uint32_t block_bytes() const { return static_cast<uint32_t>(RoundUp(used_, alignment_)); }
  size_t capacity() const { return bytes_.size(); }
  const uint8_t* data() const { return bytes_.data(); }

 private:
  void SumSectors(size_t end);
  uint32_t BodyCrc(size_t body_bytes) const;

  // So much is copied, and then summed while the processor still has it at hand.
  static constexpr size_t kCopyBytes = 12 << 10;

  BlockMemory bytes_;
  std::vector<uint32_t> crcs_;  // Of the sectors before `summed_`, but the first.
  Position position_;
  uint64_t sequence_ = 0;
  uint64_t last_ordinal_ = 0;
  size_t used_ = kBlockHeaderBytes;
  size_t summed_ = kSectorBytes;
  size_t limit_ = 0;
  size_t alignment_ = 1;
  uint32_t record_count_ = 0;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BLOCK_H_
