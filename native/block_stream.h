// Placing records into blocks, and blocks into segments: the append side of group commit.
//
// A record is copied, once, into the open block, which is the very memory that will be handed to the disk, and its
// place on disk is known at once. A block is closed when the write side takes it or when the next record does not fit;
// its length is then fixed, so the next block's place is known.
//
// Every segment stands on its own: it begins with base records, the state of all groups at that moment, and ends with a
// footer that lists what is in it. Room for the footer, and for one seal, is kept free while the segment fills; when a
// record would eat into it, the footer is placed, and the next segment is begun with its base and then the record. A
// segment is begun by its first record and not before, so an idle stream never asks for one.
//
// While there is no room on the disk for the next segment, batches are refused as soon as they would eat into a reserve
// at the end of this one; small records, which say what a scribe promised and what can be let go, are not.
//
// Keeps: blocks, records and places follow each other without a gap in the order of the calls. Not safe for threads by
// itself: group_commit.cc guards it. Never touches a disk.
#ifndef SCRIPTORIUM_BLOCK_STREAM_H_
#define SCRIPTORIUM_BLOCK_STREAM_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base_record.h"
#include "block.h"
#include "footer.h"
#include "segment_store.h"
#include "trailer.h"

namespace scriptorium {

// The base records of a segment that begins now. Called while a record is appended, with whatever the caller of Append
// holds.
using BaseSource = std::function<std::vector<BasePayload>()>;

class BlockStream {
 public:
  using Block = std::unique_ptr<BlockBuffer>;
  // Where the stream goes on. At the beginning of a segment, `segment` is not looked at.
  struct Start {
    Position position;
    uint64_t next_sequence;
    uint64_t next_ordinal;
    SegmentProgress segment;
  };
  struct Appended {
    uint64_t ticket;   // The record's ordinal.
    Position payload;  // Where the record's payload will stand.
    size_t bytes;      // Of all records that were placed, with those of a footer and a base.
  };

  // `max_block_bytes` bounds a block, except one that holds a single longer record.
  BlockStream(size_t max_block_bytes, const Start& start, SegmentStore& segments, BaseSource base);

  // TOO_LARGE if no segment could hold the record; NO_SPACE, unless it was `promised` its place, if it needs one that
  // there is no room for. A batch does so as soon as it would leave less than the reserve (space.h).
  Status Admit(RecordType type, size_t payload_bytes, bool promised);
  // NO_SPACE if so many batches whose records take so many bytes might not all be taken.
  Status AdmitBatches(size_t batches, size_t record_bytes);
  // NO_SPACE if a few small records, each in a block of its own, might not all be taken.
  Status AdmitSmall() { return Admit(RecordType::kCommitHint, size_t{kFewBlocks} * geometry_.alignment, false); }
  // Whether the next segment may be needed very soon.
  bool NearEnd() const;
  // Only what was admitted.
  Appended Append(RecordType type, uint64_t group, std::span<const uint8_t> payload);
  // Begins the segment at hand, if it is not begun, with its base and nothing else; the bytes placed.
  size_t BeginSegment();
  // Whether the segment of the next record has its base, so that a seal can stand in it.
  bool begun() const { return begun_; }

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
  // The trailer of the segment whose footer ends with the block `sequence`; its checksums are the write side's to fill.
  std::optional<Trailer> TakeTrailer(uint64_t sequence);

 private:
  Appended Place(RecordType type, uint64_t group, std::span<const uint8_t> payload);
  int64_t RoomBehind(RecordType type, size_t payload_bytes) const;
  bool FitsSegment(RecordType type, size_t payload_bytes) const { return RoomBehind(type, payload_bytes) >= 0; }
  int64_t BatchReserve() const;
  Status RoomAtHand();
  // The segment behind this one, or this one if it is not begun.
  uint64_t Next() const { return uint64_t{open_->position().segment} + (begun_ ? 1 : 0); }
  void FinishSegment();
  void MakeRoom(size_t payload_bytes);
  void CloseBlock(size_t next_payload_bytes);
  void OpenBlock(Position position, uint64_t sequence, size_t payload_bytes);

  static constexpr size_t kMaxSpareBlocks = 8;
  static constexpr uint32_t kFewBlocks = 4;

  const size_t max_block_bytes_;
  SegmentStore& segments_;
  const BaseSource base_;
  Block open_;
  Geometry geometry_;         // Of the open block's segment.
  std::deque<Block> closed_;  // Full, in order.
  BlockSlabs slabs_;
  std::vector<Block> spare_;
  uint64_t next_ordinal_;
  size_t waiting_bytes_ = 0;
  bool begun_;
  bool at_hand_ = false;  // The segment of the open block is known to be there.
  SegmentProgress segment_;
  std::deque<Trailer> trailers_;  // Of segments whose footer was placed and not yet taken, in order.
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BLOCK_STREAM_H_
