// The footer: what a full segment holds, in the order of the stream, so that opening a directory need not read its
// blocks. A batch becomes a dozen bytes that say where it stands; every other record is small and is repeated byte for
// byte. The builder grows with the segment and always knows how much room its footer will take; the reader takes
// nothing for granted, bounds every length, and only ever points inside the segment.
#ifndef SCRIPTORIUM_FOOTER_H_
#define SCRIPTORIUM_FOOTER_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "batch.h"
#include "block.h"
#include "segment.h"

namespace scriptorium {

// No block of a footer is longer.
inline constexpr size_t kMaxFooterBlockBytes = 1 << 20;

// One thing that a footer tells.
struct FooterEntry {
  RecordType type;
  uint64_t ordinal;
  uint64_t group;
  // Of a batch or a moved batch: its header, as far as the index needs it, and where in the segment it stands.
  BatchHeader batch;
  uint32_t offset;
  // Of every other record.
  std::span<const uint8_t> payload;
};

class FooterBuilder {
 public:
  // Takes note of a record of the segment; `offset` is where in the segment its payload stands.
  void Note(RecordType type, uint64_t group, std::span<const uint8_t> payload, uint32_t offset);
  void Clear();

  // At most what the footer would take on disk if so many records with payloads of so many bytes in all, none of them
  // a batch, were noted as well; a batch counts as 0 bytes.
  uint64_t SpaceWith(size_t records, size_t payload_bytes, uint32_t alignment) const;
  // The payloads of its records, each for a block of its own.
  std::vector<std::vector<uint8_t>> Payloads() const;

 private:
  std::vector<uint8_t> entries_;
  std::vector<size_t> cuts_;  // Where in `entries_` a further block begins.
  uint64_t base_records_ = 0;
  uint32_t next_offset_ = 0;  // Where the payload of the next batch would stand if nothing came in between.
};

// What is known of a segment that is being filled: all that its trailer will need.
struct SegmentProgress {
  uint64_t first_sequence = 0;
  uint64_t first_ordinal = 0;
  uint32_t previous_crc = 0;  // Header checksum of the block before its first.
  FooterBuilder footer;
};

// Walks the entries of a footer, given as the payloads of its records one after the other.
class FooterReader {
 public:
  // Batches may stand in [begin, end) of the segment. The first entry has the ordinal `first_ordinal`.
  FooterReader(uint32_t begin, uint32_t end, uint64_t first_ordinal)
      : begin_(begin), end_(end), next_ordinal_(first_ordinal) {}
  // Calls `visit` for each entry but those of base records, which are only counted.
  Status Read(std::span<const uint8_t> payload, const std::function<Status(const FooterEntry&)>& visit);

  uint64_t next_ordinal() const { return next_ordinal_; }
  uint64_t base_records() const { return base_records_; }

 private:
  uint32_t begin_;
  uint32_t end_;
  uint32_t next_offset_ = 0;
  uint64_t next_ordinal_;
  uint64_t base_records_ = 0;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_FOOTER_H_
