#include "footer_walk.h"

namespace scriptorium {

Result<bool> ReadTrailer(SegmentScanner& scanner, Trailer* trailer) {
  const SegmentHeader& header = scanner.header();
  if (!header.self_contained()) return false;
  const auto offset = static_cast<uint32_t>(header.segment_bytes - kSegmentFooterBytes);
  Result<std::span<const uint8_t>> bytes = scanner.View(offset, kSegmentFooterBytes);
  if (!bytes.ok()) return bytes.status();
  return DecodeTrailer(bytes.value().data(), header, trailer);
}

Result<bool> WalkFooter(SegmentScanner& scanner, const Trailer& trailer,
                        const std::function<Status(const FooterEntry&)>& visit) {
  FooterReader reader(scanner.header().blocks_begin(), trailer.footer_offset, trailer.first_ordinal);
  BlockHeader last;
  uint64_t records = 0;
  Status visited;
  for (uint32_t offset = trailer.footer_offset; offset < trailer.footer_end;) {
    Result<Found> found = scanner.BlockAt(offset);
    if (!found.ok()) return found.status();
    const BlockHeader& header = found.value().header;
    if (found.value().kind != Found::Kind::kBlock) return false;
    const bool follows = header.sequence == last.sequence + 1 && header.previous_crc == last.header_crc;
    if (records > 0 && !follows) return false;
    const Status walked = WalkRecords(found.value().block, header, [&](const Record& record) {
      if (record.type != RecordType::kFooter) return Status(Code::kRotten, "a footer block holds something else");
      ++records;
      return reader.Read(record.payload, [&](const FooterEntry& entry) {
        visited = visit(entry);
        return visited;
      });
    });
    if (!visited.ok()) return visited;
    if (!walked.ok()) return false;
    last = header;
    offset += header.block_bytes;
    if (offset > trailer.footer_end) return false;
  }
  return last.sequence == trailer.last_sequence && last.header_crc == trailer.last_crc && reader.base_records() > 0 &&
         reader.next_ordinal() + records == trailer.next_ordinal;
}

}  // namespace scriptorium
