// What the records of one segment, walked block by block, have to look like and what they come to: first the base,
// which must be what the records of earlier segments came to, then records, then perhaps a footer that tells exactly of
// them. Applies each record to the index; never lets one through that stands out of place.
#ifndef SCRIPTORIUM_SEGMENT_WALK_H_
#define SCRIPTORIUM_SEGMENT_WALK_H_

#include <optional>
#include <vector>

#include "footer.h"
#include "log_index.h"
#include "segment.h"
#include "trailer.h"

namespace scriptorium {

class SegmentWalk {
 public:
  // The segment goes on where the stream stands.
  SegmentWalk(const SegmentHeader& header, uint64_t next_sequence, uint64_t next_ordinal, uint32_t previous_crc)
      : header_(header), progress_{next_sequence, next_ordinal, previous_crc, {}} {}

  // Takes the next record into the index; `block` is where its block starts.
  Status Take(const Record& record, Position block, LogIndex* index);
  // The block that was just taken ended here.
  void EndBlock(const BlockHeader& header);

  bool based() const { return base_ == Base::kWhole; }
  // Whether records may go on behind what was walked.
  bool open() const { return header_.self_contained() && based() && footer_.empty(); }
  // Of the highest release record.
  uint64_t released() const { return released_; }
  const SegmentProgress& progress() const { return progress_; }
  // The trailer that belongs here, if the footer is whole.
  std::optional<Trailer> Finished() const;

 private:
  enum class Base { kNone, kPart, kWhole };

  Status TakeBase(const Record& record, LogIndex* index);

  SegmentHeader header_;
  SegmentProgress progress_;
  Base base_ = Base::kNone;
  uint64_t base_groups_left_ = 0;
  uint64_t released_ = 0;
  std::vector<std::vector<uint8_t>> footer_;
  uint32_t footer_offset_ = 0;
  uint64_t next_ordinal_ = 0;
  BlockHeader last_;
};

// Reads the base that a segment begins with into a blank index: the start of a stream whose earlier segments are gone.
// The sequence, ordinal and checksum with which the segment begins. Nothing if there is no whole base that holds.
class SegmentScanner;
Result<std::optional<SegmentProgress>> AdoptBase(SegmentScanner& scanner, LogIndex* index);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_WALK_H_
