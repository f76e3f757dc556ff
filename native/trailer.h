// The trailer: the last 4096 bytes of a full segment, written once its footer is durable. It says where the footer
// stands and which stretch of the stream the segment holds, so that opening need not walk the blocks in between. It is
// only a shortcut: without it, or with one that does not hold, the segment is scanned.
#ifndef SCRIPTORIUM_TRAILER_H_
#define SCRIPTORIUM_TRAILER_H_

#include <cstdint>

#include "segment.h"

namespace scriptorium {

struct Trailer {
  uint64_t number = 0;
  uint64_t nonce = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;  // Of the last block of the footer.
  uint64_t first_ordinal = 0;
  uint64_t next_ordinal = 0;   // Behind the footer.
  uint32_t previous_crc = 0;   // Header checksum of the block before the segment's first.
  uint32_t last_crc = 0;       // Header checksum of the last block of the footer.
  uint32_t footer_offset = 0;  // Of the first block of the footer,
  uint32_t footer_end = 0;     // and behind the last.
  bool has_sums = false;       // Then a checksum of each sector before the end of the footer stands behind it:
  uint32_t sums_crc = 0;       //   the checksum of these (sector_sums.h).
};

// Encodes into the kSegmentFooterBytes at `to`.
void EncodeTrailer(const Trailer& trailer, uint8_t* to);
// False for everything but a trailer of this very life of the segment whose footer lies among its blocks.
bool DecodeTrailer(const uint8_t* at, const SegmentHeader& header, Trailer* trailer);

// Writes the trailer and makes it, and what was written before it, durable. Only where the device can write it without
// touching a block.
bool CanWriteTrailer(const SegmentHeader& header, uint32_t alignment);
Status WriteTrailer(File& file, const SegmentHeader& header, const Trailer& trailer);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_TRAILER_H_
