// Placing records into blocks: the append side of group commit.
//
// A record is copied, once, into the open block, which is the very memory that will be handed to the disk, and its
// place on disk is known at once. A block is closed when the write side takes it or when the next record does not fit;
// its length is then fixed, so the next block's place is known. When a record does not fit the rest of the segment, the
// open block moves to the beginning of the next one, which the write side obtains when it gets there.
//
// Keeps: blocks, records and places follow each other without a gap in the order of the calls. Not safe for threads by
// itself: group_commit.cc guards it. Never touches a disk.
#ifndef SCRIPTORIUM_BLOCK_STREAM_H_
#define SCRIPTORIUM_BLOCK_STREAM_H_

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "block.h"
#include "segment_store.h"

namespace scriptorium {

class BlockStream {
 public:
  using Block = std::unique_ptr<BlockBuffer>;
  // Where the stream goes on.
  struct Start {
    Position position;
    uint64_t next_sequence;
    uint64_t next_ordinal;
  };
  struct Appended {
    uint64_t ticket;   // The record's ordinal.
    Position payload;  // Where the record's payload will stand.
  };

  // `max_block_bytes` bounds a block, except one that holds a single longer record.
  BlockStream(size_t max_block_bytes, const Start& start, SegmentStore& segments);

  // TOO_LARGE if no segment could hold a record of this length.
  Status Admit(size_t payload_bytes) const;
  // Only what was admitted.
  Appended Append(RecordType type, uint64_t group, std::span<const uint8_t> payload);

  // Whether no record waits to be taken.
  bool empty() const { return closed_.empty() && open_->empty(); }
  // Segment of the next block to be taken, or of the next record if none waits.
  uint32_t front_segment() const { return (closed_.empty() ? open_ : closed_.front())->position().segment; }
  // Sequence of the block that the next record goes into, if it fits there.
  uint64_t open_sequence() const { return open_->sequence(); }
  uint32_t open_segment() const { return open_->position().segment; }
  uint64_t next_ordinal() const { return next_ordinal_; }
  // Bytes of records that wait in blocks.
  size_t waiting_bytes() const { return waiting_bytes_; }
  // Whether a block waits that nothing more can join.
  bool has_full_block() const { return !closed_.empty(); }

  // The oldest block, closed for good; there must be one.
  Block Take();
  // Gives back the memory of a block that was taken.
  void Recycle(Block block);
  // Forgets what waits.
  void Clear();

 private:
  void MakeRoom(size_t payload_bytes);
  void CloseBlock(size_t next_payload_bytes);
  void OpenBlock(Position position, uint64_t sequence, size_t payload_bytes);

  static constexpr size_t kMaxSpareBlocks = 8;

  const size_t max_block_bytes_;
  SegmentStore& segments_;
  Block open_;
  std::deque<Block> closed_;  // Full, in order.
  std::vector<Block> spare_;
  uint64_t next_ordinal_;
  size_t waiting_bytes_ = 0;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BLOCK_STREAM_H_
