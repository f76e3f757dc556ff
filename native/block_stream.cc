#include "block_stream.h"

#include <algorithm>

namespace scriptorium {
namespace {

size_t BlockBytesFor(size_t payload_bytes) { return kBlockHeaderBytes + RecordBytes(payload_bytes); }

}  // namespace

BlockStream::BlockStream(size_t max_block_bytes, const Start& start, SegmentStore& segments)
    : max_block_bytes_(max_block_bytes), segments_(segments), next_ordinal_(start.next_ordinal) {
  OpenBlock(start.position, start.next_sequence, 0);
}

Status BlockStream::Admit(size_t payload_bytes) const {
  if (open_->Fits(payload_bytes)) return Status();
  const Geometry fresh = segments_.GeometryOf(uint64_t{open_->position().segment} + 1);
  if (BlockBytesFor(payload_bytes) > fresh.end - fresh.begin) {
    return Status(Code::kTooLarge, "a record of " + std::to_string(payload_bytes) + " bytes does not fit a segment");
  }
  return Status();
}

BlockStream::Appended BlockStream::Append(RecordType type, uint64_t group, std::span<const uint8_t> payload) {
  MakeRoom(payload.size());
  Appended appended;
  appended.ticket = next_ordinal_++;
  const uint32_t offset = open_->Append(type, group, appended.ticket, payload);
  appended.payload = {open_->position().segment, open_->position().offset + offset};
  waiting_bytes_ += RecordBytes(payload.size());
  return appended;
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

// Opens an empty block at `position`, or at the start of the next segment if a record of this length does not fit
// there.
void BlockStream::OpenBlock(Position position, uint64_t sequence, size_t payload_bytes) {
  Geometry geometry = segments_.GeometryOf(position.segment);
  position.offset = std::max(position.offset, geometry.begin);
  if (geometry.end - position.offset < RoundUp(BlockBytesFor(payload_bytes), geometry.alignment)) {
    geometry = segments_.GeometryOf(uint64_t{position.segment} + 1);
    position = {position.segment + 1, geometry.begin};
  }
  const size_t wanted = std::max(max_block_bytes_, RoundUp(BlockBytesFor(payload_bytes), kMaxAlignment));
  if (wanted == max_block_bytes_ && !spare_.empty()) {
    open_ = std::move(spare_.back());
    spare_.pop_back();
  } else {
    open_ = std::make_unique<BlockBuffer>(wanted, kMaxAlignment);
  }
  open_->Begin(position, sequence, std::min<size_t>(wanted, geometry.end - position.offset), geometry.alignment);
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

}  // namespace scriptorium
