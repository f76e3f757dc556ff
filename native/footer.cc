#include "footer.h"

#include <algorithm>

#include "little_endian.h"
#include "varint.h"

namespace scriptorium {
namespace {

// An entry of a batch at most: tag, group, term, first index, count, offset, bytes.
constexpr size_t kMaxBatchEntryBytes = 1 + 3 * 8 + 3 * 5;
// Of a footer record: how many base records come first.
constexpr size_t kMaxPrefixBytes = kMaxVarintBytes;
constexpr size_t kMaxChunkBytes = kMaxFooterBlockBytes - kMaxAlignment - kMaxPrefixBytes;
// The kind of a batch stands above its type in the tag.
constexpr int kKindShift = 4;

bool HoldsBatch(RecordType type) { return type == RecordType::kBatch || type == RecordType::kMovedBatch; }

Status Rotten(const char* what) { return Status(Code::kRotten, std::string("a footer ") + what); }

}  // namespace

void FooterBuilder::Note(RecordType type, uint64_t group, std::span<const uint8_t> payload, uint32_t offset) {
  if (type == RecordType::kBase) {
    ++base_records_;
    return;
  }
  const size_t begin = entries_.size();
  if (HoldsBatch(type)) {
    // What it takes is a valid batch: the caller has checked it.
    const uint8_t* at = payload.data();
    entries_.push_back(static_cast<uint8_t>(static_cast<int>(type) | (at[5] << kKindShift)));
    PutVarint(&entries_, group);
    PutVarint(&entries_, Load<uint64_t>(at + 16));
    PutVarint(&entries_, Load<uint64_t>(at + 24));
    PutVarint(&entries_, Load<uint32_t>(at + 40));
    PutVarint(&entries_, offset - next_offset_);
    PutVarint(&entries_, payload.size());
    next_offset_ = offset + static_cast<uint32_t>(payload.size());
  } else {
    entries_.push_back(static_cast<uint8_t>(type));
    PutVarint(&entries_, group);
    PutVarint(&entries_, payload.size());
    entries_.insert(entries_.end(), payload.begin(), payload.end());
  }
  const size_t chunk = cuts_.empty() ? 0 : cuts_.back();
  if (entries_.size() - chunk > kMaxChunkBytes) cuts_.push_back(begin);
}

void FooterBuilder::Clear() { *this = FooterBuilder(); }

uint64_t FooterBuilder::SpaceWith(size_t records, size_t payload_bytes, uint32_t alignment) const {
  const uint64_t more = records * kMaxBatchEntryBytes + payload_bytes;
  const size_t last_chunk = entries_.size() - (cuts_.empty() ? 0 : cuts_.back());
  const uint64_t blocks = cuts_.size() + 1 + (last_chunk + more > kMaxChunkBytes ? 1 : 0);
  const uint64_t overhead = kBlockHeaderBytes + kRecordHeaderBytes + 8 + kMaxPrefixBytes + alignment - 1;
  return RoundUp(entries_.size() + more + blocks * overhead, alignment);
}

std::vector<std::vector<uint8_t>> FooterBuilder::Payloads() const {
  std::vector<std::vector<uint8_t>> payloads;
  for (size_t cut = 0; cut <= cuts_.size(); ++cut) {
    const size_t begin = cut == 0 ? 0 : cuts_[cut - 1];
    const size_t end = cut == cuts_.size() ? entries_.size() : cuts_[cut];
    std::vector<uint8_t> payload;
    PutVarint(&payload, cut == 0 ? base_records_ : 0);
    payload.insert(payload.end(), entries_.begin() + static_cast<ptrdiff_t>(begin),
                   entries_.begin() + static_cast<ptrdiff_t>(end));
    payloads.push_back(std::move(payload));
  }
  return payloads;
}

Status FooterReader::Read(std::span<const uint8_t> payload, const std::function<Status(const FooterEntry&)>& visit) {
  VarintReader reader(payload);
  const uint64_t base_records = reader.NextUpTo(kMaxInteger);
  base_records_ += base_records;
  next_ordinal_ += base_records;
  while (reader.ok() && reader.left() > 0) {
    const uint8_t tag = reader.Bytes(1)[0];
    FooterEntry entry{
        static_cast<RecordType>(tag & ((1 << kKindShift) - 1)), next_ordinal_++, reader.Next(), {}, 0, {}};
    const auto kind = static_cast<uint8_t>(tag >> kKindShift);
    if (HoldsBatch(entry.type)) {
      BatchHeader& batch = entry.batch;
      batch.kind = kind;
      batch.group = entry.group;
      batch.term = reader.NextUpTo(kMaxInteger);
      batch.first_index = reader.NextUpTo(kMaxInteger);
      batch.count = static_cast<uint32_t>(reader.NextUpTo(UINT32_MAX));
      const uint64_t gap = reader.NextUpTo(end_ - next_offset_);
      const uint64_t bytes = reader.NextUpTo(kMaxBatchBytes);
      if (!reader.ok() || kind > kBatchLastKind || bytes < kBatchHeaderBytes || batch.count == 0 ||
          batch.first_index == 0 || batch.first_index > kMaxInteger - batch.count || batch.group > kMaxInteger) {
        return Rotten("names a batch that cannot be");
      }
      if (bytes > end_ - next_offset_ - gap || next_offset_ + gap < begin_) {
        return Rotten("points outside its segment");
      }
      batch.body_bytes = static_cast<uint32_t>(bytes - kBatchHeaderBytes);
      entry.offset = next_offset_ + static_cast<uint32_t>(gap);
      next_offset_ = entry.offset + static_cast<uint32_t>(bytes);
    } else {
      if (kind != 0) return Rotten("holds an entry of no known kind");
      entry.payload = reader.Bytes(reader.Next());
    }
    if (!reader.ok()) break;
    if (Status status = visit(entry); !status.ok()) return status;
  }
  return reader.done() ? Status() : Rotten("ends in the middle of an entry");
}

}  // namespace scriptorium
