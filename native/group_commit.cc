#include "group_commit.h"

#include <algorithm>
#include <cassert>

namespace scriptorium {
namespace {

uint64_t MicrosSince(std::chrono::steady_clock::time_point start) {
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
}

size_t BlockBytesFor(size_t payload_bytes) { return kBlockHeaderBytes + RecordBytes(payload_bytes); }

}  // namespace

GroupCommit::GroupCommit(const Options& options, const Start& start, SegmentStore& segments, JournalListener& listener,
                         Counters& counters)
    : options_(options),
      segments_(segments),
      listener_(listener),
      counters_(counters),
      next_ordinal_(start.next_ordinal),
      sealed_(start.sealed),
      durable_sequence_(start.next_sequence - 1),
      previous_crc_(start.previous_crc),
      durable_end_(start.position.Packed()) {
  OpenBlock(start.position, start.next_sequence, 0);
  if (options_.own_thread) thread_ = std::thread([this] { Run(); });
}

GroupCommit::~GroupCommit() { (void)Close(); }

Result<GroupCommit::Appended> GroupCommit::Append(RecordType type, uint64_t group, std::span<const uint8_t> payload) {
  Appended appended;
  bool wake;
  {
    std::lock_guard lock(mutex_);
    if (Status status = Admit(payload.size()); !status.ok()) return status;
    MakeRoom(payload.size());
    appended.ticket = next_ordinal_++;
    const uint32_t offset = open_->Append(type, group, appended.ticket, payload);
    appended.payload = {open_->position().segment, open_->position().offset + offset};
    pending_bytes_ += RecordBytes(payload.size());
    sealed_ = false;
    wake = writer_waits_;
    writer_waits_ = false;
  }
  if (wake) work_.notify_one();
  return appended;
}

Status GroupCommit::Admit(size_t payload_bytes) const {
  if (!failure_.ok()) return failure_;
  if (closing_) return Status(Code::kClosed, "the journal was closed");
  if (pending_bytes_ + RecordBytes(payload_bytes) > options_.max_pending_bytes) {
    return Status(Code::kOverloaded, "more than maxPendingBytes wait for the disk");
  }
  if (open_->Fits(payload_bytes)) return Status();
  const Geometry fresh = segments_.GeometryOf(uint64_t{open_->position().segment} + 1);
  if (BlockBytesFor(payload_bytes) > fresh.end - fresh.begin) {
    return Status(Code::kTooLarge, "a record of " + std::to_string(payload_bytes) + " bytes does not fit a segment");
  }
  return Status();
}

// Sees to it that the open block takes a record of this length.
void GroupCommit::MakeRoom(size_t payload_bytes) {
  if (open_->Fits(payload_bytes)) return;
  if (open_->empty()) {
    Block unused = std::move(open_);
    OpenBlock(unused->position(), unused->sequence(), payload_bytes);
    Recycle(std::move(unused));
  } else {
    CloseBlock(payload_bytes);
  }
}

void GroupCommit::CloseBlock(size_t next_payload_bytes) {
  Position next = open_->position();
  next.offset += open_->block_bytes();
  const uint64_t sequence = open_->sequence() + 1;
  closed_blocks_.push_back(std::move(open_));
  OpenBlock(next, sequence, next_payload_bytes);
}

// Opens an empty block at `position`, or at the start of the next segment if a record of this length does not fit
// there.
void GroupCommit::OpenBlock(Position position, uint64_t sequence, size_t payload_bytes) {
  Geometry geometry = segments_.GeometryOf(position.segment);
  position.offset = std::max(position.offset, geometry.begin);
  if (geometry.end - position.offset < RoundUp(BlockBytesFor(payload_bytes), geometry.alignment)) {
    geometry = segments_.GeometryOf(uint64_t{position.segment} + 1);
    position = {position.segment + 1, geometry.begin};
  }
  const size_t wanted = std::max(options_.max_block_bytes, RoundUp(BlockBytesFor(payload_bytes), kMaxAlignment));
  if (wanted == options_.max_block_bytes && !spare_.empty()) {
    open_ = std::move(spare_.back());
    spare_.pop_back();
  } else {
    open_ = std::make_unique<BlockBuffer>(wanted, kMaxAlignment);
  }
  open_->Begin(position, sequence, std::min<size_t>(wanted, geometry.end - position.offset), geometry.alignment);
}

void GroupCommit::Recycle(Block block) {
  if (block->capacity() == options_.max_block_bytes && spare_.size() < kMaxSpareBlocks) {
    spare_.push_back(std::move(block));
  }
}

// Bears witness to the last block. Not worth a new segment, least of all on a full disk.
void GroupCommit::AppendSeal() {
  sealed_ = true;
  if (!segments_.Exists(open_->position().segment)) return;
  open_->Append(RecordType::kSeal, 0, next_ordinal_++, {});
  pending_bytes_ += RecordBytes(0);
  seal_sequence_ = open_->sequence();
}

bool GroupCommit::RunOnce() {
  assert(!options_.own_thread);
  std::unique_lock lock(mutex_);
  if (!failure_.ok() || !HasWork()) return false;
  WriteAndPublish(lock);
  return true;
}

void GroupCommit::Run() {
  std::unique_lock lock(mutex_);
  while (failure_.ok()) {
    if (HasWork()) {
      WriteAndPublish(lock);
    } else if (closing_) {
      if (sealed_) return;
      AppendSeal();
    } else {
      writer_waits_ = true;
      bool idle = false;
      if (sealed_) {
        work_.wait(lock);
      } else {
        idle = work_.wait_for(lock, kSealAfter) == std::cv_status::timeout;
      }
      writer_waits_ = false;
      if (idle && !HasWork() && !sealed_) AppendSeal();
    }
  }
}

// Called and returns with the lock held; lets go of it while the disk works.
void GroupCommit::WriteAndPublish(std::unique_lock<std::mutex>& lock) {
  if (closed_blocks_.empty()) CloseBlock(0);
  Block block = std::move(closed_blocks_.front());
  closed_blocks_.pop_front();
  const bool only_seal = block->sequence() == seal_sequence_ && block->record_count() == 1;
  lock.unlock();
  Status status = Write(*block);
  if (!status.ok()) status = status.As(status.code() == Code::kNoSpace ? Code::kNoSpace : Code::kJournalFailed);
  if (status.ok() && !only_seal) listener_.OnDurable(block->last_ordinal());
  lock.lock();
  pending_bytes_ -= block->body_bytes();
  if (status.ok()) {
    Recycle(std::move(block));
    return;
  }
  // No append may be taken any more by the time the listener hears of it.
  failure_ = status;
  closed_blocks_.clear();
  lock.unlock();
  listener_.OnFailure(status);
  lock.lock();
}

Status GroupCommit::Write(BlockBuffer& block) {
  const Position at = block.position();
  if (segment_.file == nullptr || segment_.header.number != at.segment) {
    Result<SegmentStore::Writable> opened = segments_.OpenForWriting(at.segment);
    if (!opened.ok()) return opened.status();
    segment_ = std::move(opened.value());
  }
  const BlockHeader header = block.Finish(segment_.header.nonce, durable_sequence_, previous_crc_);
  const auto start = std::chrono::steady_clock::now();
  Status status = WriteFully(*segment_.file, block.data(), header.block_bytes, at.offset, segment_.header.alignment);
  if (!status.ok()) return status;
  counters_.last_write_micros = MicrosSince(start);
  const auto written = std::chrono::steady_clock::now();
  status = segment_.file->DataSync();
  if (!status.ok()) return status;
  counters_.last_sync_micros = MicrosSince(written);
  ++counters_.syncs;
  ++counters_.blocks;
  counters_.block_bytes += header.block_bytes;
  counters_.records += header.record_count;
  durable_sequence_ = header.sequence;
  previous_crc_ = header.header_crc;
  durable_end_.store(Position{at.segment, at.offset + header.block_bytes}.Packed(), std::memory_order_release);
  const uint32_t begin = segment_.header.blocks_begin();
  if (at.offset - begin >= (segment_.header.blocks_end() - begin) / 4) segments_.PrepareAhead(uint64_t{at.segment} + 1);
  return Status();
}

Status GroupCommit::Close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (!options_.own_thread) {
    while (RunOnce()) continue;
    std::unique_lock lock(mutex_);
    if (failure_.ok() && !sealed_) {
      AppendSeal();
      if (HasWork()) WriteAndPublish(lock);
    }
  }
  segment_.file.reset();
  return failure();
}

Status GroupCommit::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace scriptorium
