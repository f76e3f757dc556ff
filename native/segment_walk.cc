#include "segment_walk.h"

#include "segment_scanner.h"

namespace scriptorium {

Status SegmentWalk::Take(const Record& record, Position block, LogIndex* index) {
  next_ordinal_ = record.ordinal + 1;
  if (header_.self_contained() && base_ != Base::kWhole) {
    if (Status status = TakeBase(record, index); !status.ok()) return status;
  } else if (record.type == RecordType::kFooter && header_.self_contained()) {
    if (footer_.empty()) footer_offset_ = block.offset;
    footer_.emplace_back(record.payload.begin(), record.payload.end());
    return Status();
  } else if (record.type == RecordType::kFooter || record.type == RecordType::kBase || !footer_.empty()) {
    return Status(Code::kRotten, "a record stands out of place");
  } else if (Status status = index->Replay(record, block); !status.ok()) {
    return status;
  }
  if (record.type == RecordType::kRelease) {
    if (record.payload.size() != kReleaseBytes) return Status(Code::kRotten, "a release has the wrong length");
    released_ = std::max(released_, Load<uint64_t>(record.payload.data()));
  }
  progress_.footer.Note(record.type, record.group, record.payload, block.offset + record.offset);
  return Status();
}

Status SegmentWalk::TakeBase(const Record& record, LogIndex* index) {
  if (record.type != RecordType::kBase) return Status(Code::kRotten, "a record stands before the end of the base");
  if (base_ == Base::kNone) {
    Result<BaseHead> head = DecodeBaseHead(record.payload);
    if (!head.ok()) return head.status();
    if (head.value().groups != index->CountBases()) {
      return Status(Code::kRotten, "the base has not as many groups as the records before it came to");
    }
    base_groups_left_ = head.value().groups;
    base_ = Base::kPart;
  } else {
    Result<GroupBase> base = DecodeGroupBase(record.payload);
    if (!base.ok()) return base.status();
    if (Status status = index->ReplayBase(record.group, base.value(), false); !status.ok()) return status;
    --base_groups_left_;
  }
  if (base_groups_left_ == 0) base_ = Base::kWhole;
  return Status();
}

void SegmentWalk::EndBlock(const BlockHeader& header) { last_ = header; }

std::optional<Trailer> SegmentWalk::Finished() const {
  if (footer_.empty() || footer_ != progress_.footer.Payloads()) return std::nullopt;
  Trailer trailer;
  trailer.number = header_.number;
  trailer.nonce = header_.nonce;
  trailer.first_sequence = progress_.first_sequence;
  trailer.last_sequence = last_.sequence;
  trailer.first_ordinal = progress_.first_ordinal;
  trailer.next_ordinal = next_ordinal_;
  trailer.previous_crc = progress_.previous_crc;
  trailer.last_crc = last_.header_crc;
  trailer.footer_offset = footer_offset_;
  trailer.footer_end = last_.offset + last_.block_bytes;
  return trailer;
}

Result<std::optional<SegmentProgress>> AdoptBase(SegmentScanner& scanner, LogIndex* index) {
  const std::optional<SegmentProgress> none;
  if (!scanner.header().self_contained()) return none;
  SegmentProgress start;
  BlockHeader last;
  uint64_t left = 1;  // Base records still to come, the head among them.
  bool head = true;
  uint64_t next_ordinal = 0;
  for (uint32_t offset = scanner.header().blocks_begin(); left > 0;) {
    Result<Found> found = scanner.BlockAt(offset);
    if (!found.ok()) return found.status();
    if (found.value().kind != Found::Kind::kBlock) return none;
    const BlockHeader& header = found.value().header;
    if (last.block_bytes == 0) {
      start.first_sequence = header.sequence;
      start.previous_crc = header.previous_crc;
    } else if (header.sequence != last.sequence + 1 || header.previous_crc != last.header_crc) {
      return none;
    }
    const Status walked = WalkRecords(found.value().block, header, [&](const Record& record) {
      if (left == 0) return Status();
      if (next_ordinal == 0) start.first_ordinal = next_ordinal = record.ordinal;
      if (record.type != RecordType::kBase || record.ordinal != next_ordinal++) {
        return Status(Code::kRotten, "not a base record");
      }
      --left;
      if (!head) {
        Result<GroupBase> base = DecodeGroupBase(record.payload);
        return base.ok() ? index->ReplayBase(record.group, base.value(), true) : base.status();
      }
      head = false;
      Result<BaseHead> read = DecodeBaseHead(record.payload);
      if (!read.ok()) return read.status();
      if (read.value().groups > kMaxGroups) return Status(Code::kRotten, "more groups than there can be");
      left = read.value().groups;
      return Status();
    });
    if (!walked.ok()) return none;
    last = header;
    offset += header.block_bytes;
  }
  return std::optional<SegmentProgress>(start);
}

}  // namespace scriptorium
