#include "segment_scanner.h"

#include <algorithm>

#include "crc32c.h"

namespace scriptorium {

Result<Found> SegmentScanner::BlockAt(uint32_t offset) {
  Found found;
  if (offset >= header_.blocks_end()) return found;
  found.kind = Found::Kind::kNothing;
  Result<bool> is_header = HeaderAt(offset, &found.header);
  if (!is_header.ok()) return is_header.status();
  if (!is_header.value()) return found;
  Result<std::span<const uint8_t>> block = View(offset, found.header.block_bytes);
  if (!block.ok()) return block.status();
  found.block = block.value();
  const bool holds = Crc32c(found.block.data() + kBlockHeaderBytes, found.header.body_bytes) == found.header.body_crc;
  found.kind = holds ? Found::Kind::kBlock : Found::Kind::kDamagedBody;
  return found;
}

Result<bool> SegmentScanner::HeaderAt(uint32_t offset, BlockHeader* header) {
  Result<std::span<const uint8_t>> bytes = View(offset, kSectorBytes);
  if (!bytes.ok()) return bytes.status();
  if (!ParseBlockHeader(bytes.value().data(), header)) return false;
  // A copy of a block elsewhere, or of an earlier life of the file, is not a block.
  return header->nonce == header_.nonce && header->offset == offset && header->block_bytes % header_.alignment == 0 &&
         header->block_bytes <= header_.blocks_end() - offset;
}

Result<std::span<const uint8_t>> SegmentScanner::View(uint32_t offset, uint32_t bytes) {
  const uint64_t end = uint64_t{offset} + bytes;
  if (end > header_.segment_bytes || bytes > kMaxBlockBytes) {
    return Status::At(Code::kRotten, file_.path(), offset, "a length reaches past the end of the segment");
  }
  if (offset < window_offset_ || end > window_offset_ + window_bytes_) {
    const uint64_t begin = RoundDown(offset, alignment_);
    const uint64_t wanted = std::max<uint64_t>(RoundUp(end - begin, alignment_), window_.size());
    if (wanted > window_.size()) window_ = AlignedBuffer(wanted, kMaxAlignment);
    window_bytes_ = 0;
    const size_t count = std::min<uint64_t>(wanted, header_.segment_bytes - begin);
    if (Status status = ReadFully(file_, window_.data(), count, begin); !status.ok()) return status;
    window_offset_ = begin;
    window_bytes_ = count;
  }
  return std::span<const uint8_t>(window_.data() + (offset - window_offset_), bytes);
}

}  // namespace scriptorium
