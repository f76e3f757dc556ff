// Checksums of what is being written into a segment, sector by sector. They fall off while a block is summed for its
// header; kept behind the footer, they are the table of prior content of the segment's next life, which therefore need
// not be read before it is used again (spare.h). Only a shortcut: a segment without them, or whose sums do not hold, is
// read.
#ifndef SCRIPTORIUM_SECTOR_SUMS_H_
#define SCRIPTORIUM_SECTOR_SUMS_H_

#include <cstdint>
#include <span>

#include "aligned_buffer.h"
#include "segment.h"
#include "trailer.h"

namespace scriptorium {

// Room for the sums behind a footer that ends no later than `blocks_end`.
constexpr uint64_t SectorSumsBytes(uint64_t blocks_end, uint32_t alignment) {
  return RoundUp(PriorTableBytes(blocks_end), alignment);
}

class SectorSums {
 public:
  explicit SectorSums(uint64_t segment_bytes) : table_(PriorTableBytes(segment_bytes), kMaxAlignment) {}

  // The sectors at `offset` of the segment are handed to the disk.
  void Note(std::span<const uint32_t> crcs, uint32_t offset);
  // Writes what was noted behind the footer that the trailer tells of, and has the trailer tell of it; not yet durable.
  // Does nothing where there is no room, in a segment that was begun before there were sums.
  Status Write(File& file, const SegmentHeader& header, Trailer* trailer) const;

 private:
  AlignedBuffer table_;  // As on disk: little-endian, from the first sector of the segment.
};

// Fills the table of prior content of the next life of a full segment from its sums, and from the few sectors behind
// its footer, which are read. False if the segment has none that hold.
Result<bool> LoadSectorSums(File& file, const SegmentHeader& header, uint8_t* table);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SECTOR_SUMS_H_
