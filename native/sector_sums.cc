#include "sector_sums.h"

#include "crc32c.h"

namespace scriptorium {

void SectorSums::Note(std::span<const uint32_t> crcs, uint32_t offset) {
  uint8_t* to = table_.data() + PriorTableBytes(offset);
  for (const uint32_t crc : crcs) {
    Store<uint32_t>(to, crc);
    to += sizeof(uint32_t);
  }
}

Status SectorSums::Write(File& file, const SegmentHeader& header, Trailer* trailer) const {
  const uint64_t room = SectorSumsBytes(trailer->footer_end, header.alignment);
  if (trailer->footer_end + room > header.blocks_end()) return Status();
  trailer->has_sums = true;
  trailer->sums_crc = Crc32c(table_.data(), PriorTableBytes(trailer->footer_end));
  return WriteFully(file, table_.data(), room, trailer->footer_end, header.alignment);
}

Result<bool> LoadSectorSums(File& file, const SegmentHeader& header, uint8_t* table) {
  const uint32_t end = header.blocks_end();
  const uint64_t last_bytes = header.segment_bytes - end;
  AlignedBuffer last(last_bytes, kMaxAlignment);
  if (Status status = ReadFully(file, last.data(), last_bytes, end); !status.ok()) return status;
  Trailer trailer;
  if (!DecodeTrailer(last.data() + last_bytes - kSegmentFooterBytes, header, &trailer) || !trailer.has_sums)
    return false;
  const uint64_t sums_bytes = PriorTableBytes(trailer.footer_end);
  const uint64_t behind_bytes = end - trailer.footer_end;
  if (sums_bytes > behind_bytes) return false;
  AlignedBuffer behind(behind_bytes, kMaxAlignment);
  if (Status status = ReadFully(file, behind.data(), behind_bytes, trailer.footer_end); !status.ok()) return status;
  if (Crc32c(behind.data(), sums_bytes) != trailer.sums_crc) return false;
  std::memcpy(table, behind.data(), sums_bytes);
  NotePriorContent({behind.data(), behind_bytes}, trailer.footer_end, table);
  NotePriorContent({last.data(), last_bytes}, end, table);
  return true;
}

}  // namespace scriptorium
