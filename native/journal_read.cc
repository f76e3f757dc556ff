// Reading batches back: few large aligned reads, every batch checked before its bytes leave the engine.
#include <algorithm>

#include "crc32c.h"
#include "journal.h"

namespace scriptorium {
namespace {

// Neighbours closer than this are read in one go; what lies between them costs less than another request.
constexpr uint32_t kJoinGapBytes = 64 << 10;
constexpr uint32_t kMaxSpanBytes = 4 << 20;

Status CheckStored(std::span<const uint8_t> bytes, const ReadPlan& plan, const ReadPlan::Piece& piece,
                   const std::string& path) {
  Result<BatchHeader> batch = ParseBatch(bytes);
  if (!batch.ok()) return Status::At(Code::kRotten, path, piece.offset, batch.status().message());
  if (batch.value().group != plan.group || batch.value().first_index != piece.first_index) {
    return Status::At(Code::kRotten, path, piece.offset, "another batch stands where this one was stored");
  }
  return Status();
}

}  // namespace

// No check: these are the very bytes that went to the disk, and their checksum was verified when they came.
bool Journal::ReadRecent(const ReadPlan& plan, uint8_t* to) const {
  for (const ReadPlan::Piece& piece : plan.pieces) {
    if (!commit_->window().Copy({piece.segment, piece.offset}, piece.bytes, to)) return false;
    to += piece.bytes;
  }
  return true;
}

Status Journal::Read(const ReadPlan& plan, uint8_t* to) {
  ReadPlan current = plan;
  for (;;) {
    const Status status = ReadPlaces(current, to);
    // What was read from a segment that was let go meanwhile says nothing: it may be another life's. A batch that is
    // still part of the log has another place by now.
    const bool stale = std::any_of(current.pieces.begin(), current.pieces.end(),
                                   [&](const ReadPlan::Piece& piece) { return segments_->Released(piece.segment); });
    if (!stale) return status;
    if (Status moved = PlanAgain(&current); !moved.ok()) return moved;
  }
}

// Finds the same batches again at their present places.
Status Journal::PlanAgain(ReadPlan* plan) const {
  std::lock_guard lock(mutex_);
  const GroupLog& log = index_.Find(plan->group);
  for (ReadPlan::Piece& piece : plan->pieces) {
    const uint64_t inside = std::max(piece.first_index, log.log_start().index + 1);
    const BatchEntry* entry = inside > log.tail().index ? nullptr : &log.batches()[log.Find(inside)];
    if (entry == nullptr || entry->first_index != piece.first_index || entry->bytes != piece.bytes || entry->hole()) {
      return Status(Code::kRangeGone, "index " + std::to_string(piece.first_index) + " is gone");
    }
    piece.segment = entry->segment;
    piece.offset = entry->offset;
  }
  return Status();
}

Status Journal::ReadPlaces(const ReadPlan& plan, uint8_t* to) {
  const uint32_t alignment = std::max<uint32_t>(volume_.alignment, 4096);
  AlignedBuffer buffer;
  for (size_t at = 0; at < plan.pieces.size();) {
    const ReadPlan::Piece& first = plan.pieces[at];
    const auto begin = static_cast<uint32_t>(RoundDown(first.offset, alignment));
    uint32_t end = first.offset + first.bytes;
    size_t last = at + 1;
    for (; last < plan.pieces.size(); ++last) {
      const ReadPlan::Piece& next = plan.pieces[last];
      const bool near = next.segment == first.segment && next.offset >= end && next.offset - end <= kJoinGapBytes;
      if (!near || next.offset + next.bytes - begin > kMaxSpanBytes) break;
      end = next.offset + next.bytes;
    }
    const size_t bytes = RoundUp(end - begin, alignment);
    if (buffer.size() < bytes) buffer = AlignedBuffer(bytes, kMaxAlignment);
    Result<std::shared_ptr<File>> file = segments_->OpenForReading(first.segment);
    if (!file.ok()) return file.status();
    const bool read = ReadFully(*file.value(), buffer.data(), bytes, begin).ok();
    for (; at < last; ++at) {
      const ReadPlan::Piece& piece = plan.pieces[at];
      const std::span<const uint8_t> stored(buffer.data() + (piece.offset - begin), piece.bytes);
      if (read && CheckStored(stored, plan, piece, file.value()->path()).ok()) {
        std::memcpy(to, stored.data(), stored.size());
      } else if (Status status = ReadAlone(plan, piece, to); !status.ok()) {
        return status;
      }
      to += stored.size();
    }
  }
  return Status();
}

// The second look at a batch that did not hold, or that was read together with something that the disk does not give.
// One bad read proves nothing (S14), two that agree are damage.
Status Journal::ReadAlone(const ReadPlan& plan, const ReadPlan::Piece& piece, uint8_t* to) {
  const uint32_t alignment = std::max<uint32_t>(volume_.alignment, 4096);
  const uint64_t begin = RoundDown(piece.offset, alignment);
  const size_t bytes = RoundUp(piece.offset + piece.bytes - begin, alignment);
  AlignedBuffer buffer(bytes, kMaxAlignment);
  Result<std::shared_ptr<File>> file = segments_->OpenForReading(piece.segment);
  if (!file.ok()) return file.status();
  if (Status status = ReadFully(*file.value(), buffer.data(), bytes, begin); !status.ok()) {
    NoteDamage(plan, piece, std::nullopt);
    return Status::At(Code::kRotten, file.value()->path(), piece.offset,
                      "the disk does not read it: " + status.message());
  }
  const std::span<const uint8_t> stored(buffer.data() + (piece.offset - begin), piece.bytes);
  const Status status = CheckStored(stored, plan, piece, file.value()->path());
  if (status.ok()) {
    std::memcpy(to, stored.data(), stored.size());
    return status;
  }
  std::optional<uint32_t> body_crc;
  Result<BatchHeader> header = ParseBatchHeader(stored);
  if (header.ok() && header.value().bytes() == piece.bytes && header.value().group == plan.group &&
      header.value().first_index == piece.first_index) {
    body_crc = header.value().body_crc;
  }
  NoteDamage(plan, piece, body_crc);
  return status;
}

void Journal::NoteDamage(const ReadPlan& plan, const ReadPlan::Piece& piece, std::optional<uint32_t> body_crc) {
  DamagedRange range{plan.group, piece.first_index, 0, {piece.segment, piece.offset}};
  {
    std::lock_guard lock(mutex_);
    Result<GroupLog*> log = index_.Make(plan.group);
    if (!log.ok() || !log.value()->MarkDamaged(piece.first_index, range.at, body_crc)) return;
    const uint64_t inside = std::max(piece.first_index, log.value()->log_start().index + 1);
    range.to = log.value()->LastIndexOf(log.value()->Find(inside));
  }
  ++counters_.damaged;
  listener_.OnDamage(range);
}

}  // namespace scriptorium
