#include "block.h"

#include <algorithm>
#include <cassert>

#include "crc32c.h"
#include "little_endian.h"
#include "prior_content.h"
#include "sector_sums.h"

namespace scriptorium {

bool ParseBlockHeader(const uint8_t* bytes, BlockHeader* header) {
  if (Load<uint32_t>(bytes) != kBlockMagic || bytes[4] != kBlockVersion) return false;
  header->header_crc = Load<uint32_t>(bytes + 60);
  if (Crc32c(bytes, 60) != header->header_crc) return false;
  header->sequence = Load<uint64_t>(bytes + 8);
  header->nonce = Load<uint64_t>(bytes + 16);
  header->durable_through = Load<uint64_t>(bytes + 24);
  header->offset = Load<uint32_t>(bytes + 32);
  header->body_bytes = Load<uint32_t>(bytes + 36);
  header->block_bytes = Load<uint32_t>(bytes + 40);
  header->record_count = Load<uint32_t>(bytes + 44);
  header->body_crc = Load<uint32_t>(bytes + 48);
  header->previous_crc = Load<uint32_t>(bytes + 52);
  header->same_sectors = Load<uint32_t>(bytes + 56);
  return header->block_bytes >= kSectorBytes && header->block_bytes <= kMaxBlockBytes &&
         header->block_bytes % kSectorBytes == 0 && header->body_bytes <= header->block_bytes - kBlockHeaderBytes &&
         header->record_count <= header->body_bytes / kRecordHeaderBytes;
}

void EncodeBlockHeader(BlockHeader* header, uint8_t* to) {
  Store<uint32_t>(to, kBlockMagic);
  to[4] = kBlockVersion;
  to[5] = 0;
  Store<uint16_t>(to + 6, 0);
  Store<uint64_t>(to + 8, header->sequence);
  Store<uint64_t>(to + 16, header->nonce);
  Store<uint64_t>(to + 24, header->durable_through);
  Store<uint32_t>(to + 32, header->offset);
  Store<uint32_t>(to + 36, header->body_bytes);
  Store<uint32_t>(to + 40, header->block_bytes);
  Store<uint32_t>(to + 44, header->record_count);
  Store<uint32_t>(to + 48, header->body_crc);
  Store<uint32_t>(to + 52, header->previous_crc);
  Store<uint32_t>(to + 56, header->same_sectors);
  header->header_crc = Crc32c(to, 60);
  Store<uint32_t>(to + 60, header->header_crc);
}

Status WalkRecords(std::span<const uint8_t> block, const BlockHeader& header,
                   const std::function<Status(const Record&)>& visit) {
  const uint64_t end = kBlockHeaderBytes + uint64_t{header.body_bytes};
  if (end > block.size()) return Status(Code::kRotten, "records reach past their block");
  uint64_t at = kBlockHeaderBytes;
  for (uint32_t number = 0; number < header.record_count; ++number) {
    if (end - at < kRecordHeaderBytes) return Status(Code::kRotten, "a record header reaches past its block");
    const uint8_t* bytes = block.data() + at;
    const uint64_t payload_bytes = Load<uint32_t>(bytes + 4);
    if (end - at - kRecordHeaderBytes < RoundUp(payload_bytes, 8)) {
      return Status(Code::kRotten, "a record reaches past its block");
    }
    const auto type = static_cast<RecordType>(bytes[0]);
    switch (type) {
      case RecordType::kBatch:
      case RecordType::kHardState:
      case RecordType::kTruncateSuffix:
      case RecordType::kTruncatePrefix:
      case RecordType::kCommitHint:
      case RecordType::kSeal:
      case RecordType::kFooter:
      case RecordType::kRelease:
      case RecordType::kBase:
      case RecordType::kMovedBatch:
        break;
      default:
        return Status(Code::kNewerFormat, "record type " + std::to_string(bytes[0]) + " is not known to this build");
    }
    if (bytes[1] != 0 || Load<uint16_t>(bytes + 2) != 0) {
      return Status(Code::kNewerFormat, "record flags are not known to this build");
    }
    Record record{type, Load<uint64_t>(bytes + 8), Load<uint64_t>(bytes + 16),
                  block.subspan(at + kRecordHeaderBytes, payload_bytes),
                  static_cast<uint32_t>(at + kRecordHeaderBytes)};
    if (Status status = visit(record); !status.ok()) return status;
    at += RecordBytes(payload_bytes);
  }
  if (at != end) return Status(Code::kRotten, "records do not fill their block");
  return Status();
}

void BlockBuffer::Begin(Position position, uint64_t sequence, size_t limit, size_t alignment) {
  assert(limit <= bytes_.size());
  position_ = position;
  sequence_ = sequence;
  last_ordinal_ = 0;
  used_ = kBlockHeaderBytes;
  summed_ = kSectorBytes;
  limit_ = limit;
  alignment_ = alignment;
  record_count_ = 0;
}

uint32_t BlockBuffer::Append(RecordType type, uint64_t group, uint64_t ordinal, std::span<const uint8_t> payload) {
  uint8_t* to = bytes_.data() + used_;
  to[0] = static_cast<uint8_t>(type);
  to[1] = 0;
  Store<uint16_t>(to + 2, 0);
  Store<uint32_t>(to + 4, static_cast<uint32_t>(payload.size()));
  Store<uint64_t>(to + 8, group);
  Store<uint64_t>(to + 16, ordinal);
  const auto offset = static_cast<uint32_t>(used_ + kRecordHeaderBytes);
  used_ = offset;
  for (size_t at = 0; at < payload.size(); at += kCopyBytes) {
    const size_t count = std::min(kCopyBytes, payload.size() - at);
    std::memcpy(bytes_.data() + used_, payload.data() + at, count);
    used_ += count;
    if (used_ >= summed_ + kCopyBytes) SumSectors(used_);
  }
  std::memset(bytes_.data() + used_, 0, RoundUp(payload.size(), 8) - payload.size());
  used_ = offset + RoundUp(payload.size(), 8);
  last_ordinal_ = ordinal;
  ++record_count_;
  return offset;
}

BlockHeader BlockBuffer::Finish(uint64_t nonce, uint64_t durable_through, uint32_t previous_crc,
                                const PriorContent& prior, SectorSums* sums) {
  BlockHeader header;
  header.sequence = sequence_;
  header.nonce = nonce;
  header.durable_through = durable_through;
  header.offset = position_.offset;
  header.body_bytes = static_cast<uint32_t>(body_bytes());
  header.block_bytes = block_bytes();
  header.record_count = record_count_;
  header.previous_crc = previous_crc;

  uint8_t* to = bytes_.data();
  std::memset(to + used_, 0, header.block_bytes - used_);
  SumSectors(header.block_bytes);
  const std::span<uint32_t> crcs = std::span(crcs_).first(header.block_bytes / kSectorBytes);
  header.body_crc = BodyCrc(header.body_bytes);
  // The first sector holds the header, which was never there before.
  const auto rest_offset = header.offset + static_cast<uint32_t>(kSectorBytes);
  header.same_sectors = prior.in_table()
                            ? prior.CountUnwritten(crcs.subspan(1), rest_offset)
                            : prior.CountUnwritten({to + kSectorBytes, header.block_bytes - kSectorBytes}, rest_offset);
  EncodeBlockHeader(&header, to);
  if (sums != nullptr) {
    Crc32cSectors(to, 1, crcs.data());
    sums->Note(crcs, header.offset);
  }
  return header;
}

// Those that end by `end`; not the first, whose header is not written yet.
void BlockBuffer::SumSectors(size_t end) {
  if (end < summed_ + kSectorBytes) return;
  const size_t sectors = (end - summed_) / kSectorBytes;
  if (crcs_.empty()) crcs_.resize(bytes_.size() / kSectorBytes);
  Crc32cSectors(bytes_.data() + summed_, sectors, &crcs_[summed_ / kSectorBytes]);
  summed_ += sectors * kSectorBytes;
}

// Put together from the sums of its sectors, so that the bytes are read once.
uint32_t BlockBuffer::BodyCrc(size_t body_bytes) const {
  const uint8_t* body = bytes_.data() + kBlockHeaderBytes;
  const size_t in_first = std::min<size_t>(body_bytes, kSectorBytes - kBlockHeaderBytes);
  const size_t whole_sectors = (body_bytes - in_first) / kSectorBytes;
  uint32_t crc = Crc32c(body, in_first);
  for (size_t at = 1; at <= whole_sectors; ++at) crc = Crc32cAppendSector(crc, crcs_[at]);
  const size_t done = in_first + whole_sectors * kSectorBytes;
  return Crc32c(body + done, body_bytes - done, crc);
}

}  // namespace scriptorium
