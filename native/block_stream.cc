#include "block_stream.h"

#include <algorithm>

#include "batch.h"
#include "space.h"

namespace scriptorium {
namespace {

size_t BlockBytesFor(size_t payload_bytes) { return kBlockHeaderBytes + RecordBytes(payload_bytes); }

bool HoldsBatch(RecordType type) { return type == RecordType::kBatch || type == RecordType::kMovedBatch; }

// Room for what ends a segment into which so many records more are placed, payloads of those that are no batches taking
// so many bytes: the footer that lists them, and the sums behind it.
uint64_t RoomToFinish(const FooterBuilder& footer, size_t records, size_t payload_bytes, const Geometry& geometry) {
  return footer.SpaceWith(records, payload_bytes, geometry.alignment) +
         SectorSumsBytes(geometry.end, geometry.alignment);
}

uint64_t SealBytes(const Geometry& geometry) { return RoundUp(BlockBytesFor(0), geometry.alignment); }

// Room that stays free behind a record of this length: for the end of the segment, and before it for one seal.
uint64_t Reserve(const FooterBuilder& footer, RecordType type, size_t payload_bytes, const Geometry& geometry) {
  // No seal follows a seal, so it never needs another segment.
  if (type == RecordType::kSeal) return RoomToFinish(footer, 1, 0, geometry);
  return RoomToFinish(footer, 2, HoldsBatch(type) ? 0 : payload_bytes, geometry) + SealBytes(geometry);
}

}  // namespace

BlockStream::BlockStream(size_t max_block_bytes, const Start& start, SegmentStore& segments, BaseSource base)
    : max_block_bytes_(max_block_bytes),
      segments_(segments),
      base_(std::move(base)),
      next_ordinal_(start.next_ordinal),
      segment_(start.segment) {
  OpenBlock(start.position, start.next_sequence, 0);
  begun_ = open_->position().offset != geometry_.begin;
}

Status BlockStream::Admit(RecordType type, size_t payload_bytes, bool promised) {
  if (Status status = RoomAtHand(); !promised && !status.ok()) return status;
  const int64_t room = begun_ ? RoomBehind(type, payload_bytes) : -1;
  if (room >= (HoldsBatch(type) && !promised ? BatchReserve() : 0)) return Status();
  if (room >= 0) return segments_.RoomFor(Next(), false);
  const Geometry fresh = segments_.GeometryOf(Next());
  uint64_t base_bytes = kBlockHeaderBytes;
  uint64_t blocks = 2;
  for (const BasePayload& base : base_()) base_bytes += RecordBytes(base.bytes.size());
  blocks += base_bytes / (max_block_bytes_ / 2);
  const uint64_t needed = base_bytes + blocks * fresh.alignment +
                          RoundUp(BlockBytesFor(payload_bytes), fresh.alignment) +
                          Reserve(FooterBuilder(), type, payload_bytes, fresh);
  if (needed <= fresh.end - fresh.begin) return promised ? Status() : segments_.RoomFor(Next(), true);
  return Status(Code::kTooLarge, "a record of " + std::to_string(payload_bytes) + " bytes does not fit a segment");
}

Status BlockStream::AdmitBatches(size_t batches, size_t record_bytes) {
  if (Status status = RoomAtHand(); !status.ok()) return status;
  // Two blocks in a row together hold more than a whole one may.
  const size_t blocks = 2 + 2 * record_bytes / max_block_bytes_;
  const uint64_t needed = record_bytes + blocks * (kBlockHeaderBytes + geometry_.alignment) +
                          RoomToFinish(segment_.footer, batches + 1, 0, geometry_) + SealBytes(geometry_);
  const uint64_t from = open_->position().offset + (open_->empty() ? 0 : open_->block_bytes());
  if (begun_ && from + needed + static_cast<uint64_t>(BatchReserve()) <= geometry_.end) return Status();
  return segments_.RoomFor(Next(), true);
}

bool BlockStream::NearEnd() const {
  const size_t large = std::min<size_t>(kMaxBatchBytes, (geometry_.end - geometry_.begin) / 4);
  return begun_ && RoomBehind(RecordType::kBatch, large) < BatchReserve();
}

BlockStream::Appended BlockStream::Append(RecordType type, uint64_t group, std::span<const uint8_t> payload) {
  const size_t before = waiting_bytes_;
  if (begun_ && !FitsSegment(type, payload.size())) FinishSegment();
  BeginSegment();
  Appended appended = Place(type, group, payload);
  appended.bytes = waiting_bytes_ - before;
  return appended;
}

size_t BlockStream::BeginSegment() {
  if (begun_) return 0;
  const size_t before = waiting_bytes_;
  begun_ = true;
  segment_ = {open_->sequence(), next_ordinal_, 0, {}};
  for (const BasePayload& base : base_()) Place(RecordType::kBase, base.group, base.bytes);
  return waiting_bytes_ - before;
}

BlockStream::Appended BlockStream::Place(RecordType type, uint64_t group, std::span<const uint8_t> payload) {
  MakeRoom(payload.size());
  Appended appended;
  appended.ticket = next_ordinal_++;
  const uint32_t offset = open_->Append(type, group, appended.ticket, payload);
  appended.payload = {open_->position().segment, open_->position().offset + offset};
  waiting_bytes_ += RecordBytes(payload.size());
  if (type != RecordType::kFooter) segment_.footer.Note(type, group, payload, appended.payload.offset);
  return appended;
}

// NO_SPACE if not even the segment that blocks are placed in can be made: then what waits for it is enough.
Status BlockStream::RoomAtHand() {
  const uint32_t segment = open_->position().segment;
  at_hand_ = at_hand_ || segments_.Exists(segment);
  return at_hand_ ? Status() : segments_.RoomFor(segment, false);
}

int64_t BlockStream::BatchReserve() const {
  return static_cast<int64_t>(ReservedBytes(geometry_.end - geometry_.begin, geometry_.alignment));
}

// What the segment still has free behind the record and what must follow; negative if it does not take it.
int64_t BlockStream::RoomBehind(RecordType type, size_t payload_bytes) const {
  uint64_t end = open_->position().offset;
  if (open_->Fits(payload_bytes)) {
    end += RoundUp(kBlockHeaderBytes + open_->body_bytes() + RecordBytes(payload_bytes), geometry_.alignment);
  } else {
    end += (open_->empty() ? 0 : open_->block_bytes()) + RoundUp(BlockBytesFor(payload_bytes), geometry_.alignment);
  }
  end += Reserve(segment_.footer, type, payload_bytes, geometry_);
  return static_cast<int64_t>(geometry_.end) - static_cast<int64_t>(end);
}

// Places the footer, in blocks of its own, and moves on to the next segment.
void BlockStream::FinishSegment() {
  if (!open_->empty()) CloseBlock(0);
  const uint32_t segment = open_->position().segment;
  Trailer trailer;
  trailer.number = segment;
  trailer.first_sequence = segment_.first_sequence;
  trailer.first_ordinal = segment_.first_ordinal;
  trailer.footer_offset = open_->position().offset;
  for (const std::vector<uint8_t>& payload : segment_.footer.Payloads()) {
    Place(RecordType::kFooter, 0, payload);
    trailer.last_sequence = open_->sequence();
    trailer.footer_end = open_->position().offset + open_->block_bytes();
    CloseBlock(0);
  }
  trailer.next_ordinal = next_ordinal_;
  trailers_.push_back(trailer);
  segment_.footer.Clear();
  Block unused = std::move(open_);
  OpenBlock({segment + 1, 0}, unused->sequence(), 0);
  Recycle(std::move(unused));
  begun_ = false;
  at_hand_ = false;
}

// Sees to it that the open block takes a record of this length.
void BlockStream::MakeRoom(size_t payload_bytes) {
  if (open_->Fits(payload_bytes)) return;
  if (open_->empty()) {
    Block unused = std::move(open_);
    OpenBlock(unused->position(), unused->sequence(), payload_bytes);
    Recycle(std::move(unused));
  } else {
    CloseBlock(payload_bytes);
  }
}

void BlockStream::CloseBlock(size_t next_payload_bytes) {
  Position next = open_->position();
  next.offset += open_->block_bytes();
  const uint64_t sequence = open_->sequence() + 1;
  closed_.push_back(std::move(open_));
  OpenBlock(next, sequence, next_payload_bytes);
}

void BlockStream::OpenBlock(Position position, uint64_t sequence, size_t payload_bytes) {
  geometry_ = segments_.GeometryOf(position.segment);
  position.offset = std::max(position.offset, geometry_.begin);
  const size_t wanted = std::max(max_block_bytes_, RoundUp(BlockBytesFor(payload_bytes), kMaxAlignment));
  if (wanted == max_block_bytes_ && !spare_.empty()) {
    open_ = std::move(spare_.back());
    spare_.pop_back();
  } else {
    open_ = std::make_unique<BlockBuffer>(wanted == max_block_bytes_ ? slabs_.Cut(wanted) : AloneBlock(wanted));
  }
  open_->Begin(position, sequence, std::min<size_t>(wanted, geometry_.end - position.offset), geometry_.alignment);
}

BlockStream::Block BlockStream::Take() {
  if (closed_.empty()) CloseBlock(0);
  Block block = std::move(closed_.front());
  closed_.pop_front();
  waiting_bytes_ -= block->body_bytes();
  return block;
}

void BlockStream::Recycle(Block block) {
  if (block->capacity() == max_block_bytes_ && spare_.size() < kMaxSpareBlocks) spare_.push_back(std::move(block));
}

void BlockStream::Clear() {
  closed_.clear();
  waiting_bytes_ = 0;
}

std::optional<Trailer> BlockStream::TakeTrailer(uint64_t sequence) {
  if (trailers_.empty() || trailers_.front().last_sequence != sequence) return std::nullopt;
  const Trailer trailer = trailers_.front();
  trailers_.pop_front();
  return trailer;
}

}  // namespace scriptorium
