#include "group_commit.h"

#include <algorithm>

namespace scriptorium {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t MicrosSince(Clock::time_point start) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
}

}  // namespace

GroupCommit::GroupCommit(const Options& options, const Start& start, SegmentStore& segments,
                         std::unique_ptr<WriteQueue> queue, BaseSource base, JournalListener& listener,
                         Counters& counters)
    : options_(options),
      segments_(segments),
      listener_(listener),
      counters_(counters),
      stream_(options.max_block_bytes, start.stream, segments, std::move(base)),
      sealed_(start.sealed),
      queue_(std::move(queue)),
      durable_sequence_(start.stream.next_sequence - 1),
      previous_crc_(start.previous_crc),
      segment_previous_crc_(start.stream.segment.previous_crc),
      window_(options.window_bytes),
      durable_end_(start.stream.position.Packed()) {
  segments_.OnSpace([this] { listener_.OnSpace(); });
  segments_.OnPrepared([this] { OnPrepared(); });
  if (options_.driven_by == DrivenBy::kThread) thread_ = std::thread([this] { RunWriter(); });
  if (options_.driven_by == DrivenBy::kCaller) thread_ = std::thread([this] { RunTimer(); });
}

GroupCommit::~GroupCommit() { (void)Close(); }

// Appending
// ------------------------------------------------------------------------------------------------------------

Result<GroupCommit::Appended> GroupCommit::Append(RecordType type, uint64_t group, std::span<const uint8_t> payload) {
  Appended appended;
  bool wake;
  {
    const std::lock_guard lock(mutex_);
    const size_t record_bytes = RecordBytes(payload.size());
    const bool promised = type == RecordType::kBatch && record_bytes <= promised_bytes_;
    if (Status status = Admit(type, payload.size(), promised); !status.ok()) return status;
    if (promised) promised_bytes_ -= record_bytes;
    appended = stream_.Append(type, group, payload);
    pending_bytes_ += appended.bytes;
    if (type == RecordType::kRelease) releases_.emplace_back(appended.ticket, Load<uint64_t>(payload.data()));
    if (type == RecordType::kMovedBatch) last_move_ = appended.ticket;
    // The thread of a driven journal only needs to know that there is something to seal again.
    wake = thread_waits_ && (sealed_ || options_.driven_by == DrivenBy::kThread);
    if (wake) thread_waits_ = false;
    sealed_ = false;
  }
  if (wake) work_.notify_one();
  // Nobody who drives knows of this one.
  if (type == RecordType::kMovedBatch && options_.driven_by == DrivenBy::kCaller) listener_.OnDriveable();
  return appended;
}

Status GroupCommit::Admit(RecordType type, size_t payload_bytes, bool promised) {
  if (Status status = AdmitPending(RecordBytes(payload_bytes)); !status.ok()) return status;
  return stream_.Admit(type, payload_bytes, promised);
}

Status GroupCommit::AdmitPending(size_t record_bytes) const {
  if (!failure_.ok()) return failure_;
  if (closing_) return Status(Code::kClosed, "the journal was closed");
  if (pending_bytes_ + record_bytes > options_.max_pending_bytes) {
    return Status(Code::kOverloaded, "more than maxPendingBytes wait for the disk");
  }
  return Status();
}

Status GroupCommit::AdmitAll(size_t batches, size_t record_bytes) {
  const std::lock_guard lock(mutex_);
  promised_bytes_ = 0;
  Status status = AdmitPending(record_bytes);
  if (status.ok()) status = stream_.AdmitBatches(batches, record_bytes);
  if (status.ok()) promised_bytes_ = record_bytes;
  return status;
}

Status GroupCommit::AdmitSmall() {
  const std::lock_guard lock(mutex_);
  Status status = AdmitPending(0);
  return status.ok() ? stream_.AdmitSmall() : status;
}

bool GroupCommit::NearEnd() const {
  const std::lock_guard lock(mutex_);
  return stream_.NearEnd();
}

// Bears witness to the last block. Not worth a new segment, least of all on a full disk.
void GroupCommit::AppendSeal() {
  sealed_ = true;
  if (!stream_.begun() || !segments_.Exists(stream_.open_segment())) return;
  seal_sequence_ = stream_.open_sequence();
  pending_bytes_ += stream_.Append(RecordType::kSeal, 0, {}).bytes;
}

void GroupCommit::BeginSegment() {
  const std::lock_guard lock(mutex_);
  pending_bytes_ += stream_.BeginSegment();
}

// Moving on
// ------------------------------------------------------------------------------------------------------------

bool GroupCommit::Drive(bool wait) {
  const std::lock_guard lock(disk_mutex_);
  bool moved = SubmitWaiting();
  // A completion frees a place for the next block; with a blocking queue the submission has already completed.
  while (Collect(wait && !moved)) {
    moved = true;
    SubmitWaiting();
  }
  return moved;
}

// True if anything was submitted.
bool GroupCommit::SubmitWaiting() {
  bool submitted = false;
  InFlight next;
  while (!failed_ && in_flight_.size() < options_.depth && TakeNext(&next)) {
    Submit(std::move(next));
    submitted = true;
  }
  return submitted;
}

// The next block, if one may leave now.
bool GroupCommit::TakeNext(InFlight* next) {
  uint32_t segment;
  {
    const std::lock_guard lock(mutex_);
    if (!failure_.ok() || stream_.empty()) return false;
    segment = stream_.front_segment();
  }
  // Nobody but this side takes blocks, so the front stays what it is.
  if (!EnterSegment(segment)) return false;
  const std::lock_guard lock(mutex_);
  if (!stream_.has_full_block() && !closing_) {
    const Clock::time_point now = Clock::now();
    if (!lingering_since_) lingering_since_ = now;
    const auto age = std::chrono::duration_cast<BatchingPolicy::Micros>(now - *lingering_since_);
    const BatchingPolicy::Micros delay = options_.batching->Delay(stream_.waiting_bytes(), age);
    if (delay > BatchingPolicy::Micros(0)) {
      linger_until_ = now + delay;
      if (thread_waits_) work_.notify_one();
      return false;
    }
  }
  lingering_since_.reset();
  next->block = stream_.Take();
  next->only_seal = next->block->sequence() == seal_sequence_ && next->block->record_count() == 1;
  next->done = false;
  return true;
}

// Opens the segment for writing when it is its turn. False while blocks of the one before are in flight, while a driven
// journal's next segment is still being made, and after a failure.
bool GroupCommit::EnterSegment(uint32_t segment) {
  if (segment_.file != nullptr && segment_.header.number == segment) return true;
  if (!in_flight_.empty()) return false;
  {
    const std::lock_guard lock(mutex_);
    waits_for_segment_ = true;
  }
  if (options_.driven_by == DrivenBy::kCaller && !closing_ && !segments_.Prepared(segment)) return false;
  Result<SegmentStore::Writable> opened = segments_.OpenForWriting(segment);
  if (!opened.ok()) {
    // With a full disk what waits goes on waiting, unless it is now or never.
    if (opened.status().code() != Code::kNoSpace || closing_) Fail(opened.status());
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    waits_for_segment_ = false;
  }
  segment_ = std::move(opened.value());
  return true;
}

void GroupCommit::Submit(InFlight next) {
  BlockBuffer& block = *next.block;
  if (block.position().offset == segment_.header.blocks_begin()) {
    segment_previous_crc_ = previous_crc_;
    sums_ = std::make_unique<SectorSums>(segment_.header.segment_bytes);
  }
  next.header = block.Finish(segment_.header.nonce, durable_sequence_, previous_crc_, segment_.prior, sums_.get());
  next.submitted = Clock::now();
  previous_crc_ = next.header.header_crc;
  in_flight_.push_back(std::move(next));
  ++in_flight_count_;
  const BlockHeader& header = in_flight_.back().header;
  queue_->Submit(*segment_.file, block.data(), header.block_bytes, header.offset, segment_.header.alignment,
                 header.sequence);
}

// True if a block completed.
bool GroupCommit::Collect(bool wait) {
  completions_.clear();
  queue_->Reap(wait, &completions_);
  for (const Completion& completion : completions_) {
    if (!completion.status.ok()) Fail(completion.status);
    for (InFlight& block : in_flight_) {
      if (block.header.sequence == completion.tag) block.done = true;
    }
  }
  if (!failed_) Publish();
  return !completions_.empty();
}

// Acknowledges the blocks at the front that are durable, in one go.
void GroupCommit::Publish() {
  uint64_t ticket = 0;
  size_t bytes = 0;
  std::vector<BlockStream::Block> finished;
  uint64_t last_ordinal = 0;
  while (!in_flight_.empty() && in_flight_.front().done) {
    InFlight block = std::move(in_flight_.front());
    in_flight_.pop_front();
    Count(block);
    durable_sequence_ = block.header.sequence;
    last_ordinal = block.block->last_ordinal();
    if (!block.only_seal) ticket = last_ordinal;
    FinishSegment(block.header);
    bytes += block.block->body_bytes();
    const Position end{block.block->position().segment, block.header.offset + block.header.block_bytes};
    if (BlockStream::Block unused = window_.Keep(std::move(block.block))) finished.push_back(std::move(unused));
    durable_end_.store(end.Packed(), std::memory_order_release);
  }
  if (bytes == 0) return;
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_ -= bytes;
    for (BlockStream::Block& block : finished) stream_.Recycle(std::move(block));
    for (; !releases_.empty() && releases_.front().first <= last_ordinal; releases_.pop_front()) {
      segments_.Release(releases_.front().second);
    }
    if (last_move_ != 0 && last_move_ <= last_ordinal) {
      last_move_ = 0;
      segments_.Wake();
    }
  }
  in_flight_count_ = in_flight_.size();
  if (ticket != 0) listener_.OnDurable(ticket);
}

// If the block is the last one of its segment's footer, the segment gets its trailer.
void GroupCommit::FinishSegment(const BlockHeader& last) {
  std::optional<Trailer> trailer;
  {
    const std::lock_guard lock(mutex_);
    trailer = stream_.TakeTrailer(last.sequence);
  }
  if (!trailer) return;
  trailer->nonce = last.nonce;
  trailer->previous_crc = segment_previous_crc_;
  trailer->last_crc = last.header_crc;
  segments_.Finish(*trailer, std::move(sums_));
}

void GroupCommit::Count(const InFlight& block) {
  counters_.last_durable_micros = MicrosSince(block.submitted);
  ++counters_.syncs;
  ++counters_.blocks;
  counters_.block_bytes += block.header.block_bytes;
  counters_.records += block.header.record_count;
  const uint32_t begin = segment_.header.blocks_begin();
  if (block.header.offset - begin >= (segment_.header.blocks_end() - begin) / 4) {
    segments_.PrepareAhead(uint64_t{segment_.header.number} + 1);
  }
}

void GroupCommit::Fail(const Status& cause) {
  if (failed_) return;
  failed_ = true;
  // Nobody needs to look at a disk that is merely full; of a write that found no room nothing is known.
  const bool full = cause.code() == Code::kNoSpace && in_flight_.empty();
  const Status status = cause.As(full ? Code::kNoSpace : Code::kJournalFailed);
  {
    // No append may be taken any more by the time the listener hears of it.
    const std::lock_guard lock(mutex_);
    failure_ = status;
    stream_.Clear();
  }
  work_.notify_one();
  listener_.OnFailure(status);
}

// Threads
// --------------------------------------------------------------------------------------------------------------

void GroupCommit::RunWriter() {
  for (;;) {
    if (Drive(true)) continue;
    std::unique_lock lock(mutex_);
    if (!failure_.ok()) return;
    if (!stream_.empty()) {
      // The policy asked for patience, unless something arrived since Drive looked.
      if (lingering_since_) {
        thread_waits_ = true;
        work_.wait_until(lock, linger_until_);
        thread_waits_ = false;
      }
      work_.wait(lock, [&] { return !waits_for_segment_ || closing_; });
    } else if (closing_) {
      if (sealed_) return;
      AppendSeal();
    } else if (IdleFor(lock) && stream_.empty() && !sealed_ && !closing_) {
      AppendSeal();
    }
  }
}

// Of a driven journal: submits what lingered long enough, and seals.
void GroupCommit::RunTimer() {
  std::unique_lock lock(mutex_);
  while (!closing_ && failure_.ok()) {
    bool due = false;
    if (lingering_since_) {
      thread_waits_ = true;
      due = work_.wait_until(lock, linger_until_) == std::cv_status::timeout && lingering_since_.has_value();
      thread_waits_ = false;
    } else {
      const uint64_t ordinal = stream_.next_ordinal();
      due = IdleFor(lock) && stream_.next_ordinal() == ordinal && stream_.empty() && in_flight_count_ == 0 && !sealed_;
      if (due) AppendSeal();
    }
    if (!due || closing_) continue;
    lock.unlock();
    Drive(false);
    lock.lock();
  }
}

// A segment can be entered that could not before.
void GroupCommit::OnPrepared() {
  if (options_.driven_by == DrivenBy::kCaller) return listener_.OnDriveable();
  {
    const std::lock_guard lock(mutex_);
    waits_for_segment_ = false;
  }
  work_.notify_one();
}

// Waits for work; true if none came for a moment after the last.
bool GroupCommit::IdleFor(std::unique_lock<std::mutex>& lock) {
  thread_waits_ = true;
  bool idle = false;
  if (sealed_) {
    work_.wait(lock);
  } else {
    idle = work_.wait_for(lock, kSealAfter) == std::cv_status::timeout;
  }
  thread_waits_ = false;
  return idle;
}

Status GroupCommit::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (options_.driven_by != DrivenBy::kThread) {
    while (Drive(true)) continue;
    {
      const std::lock_guard lock(mutex_);
      if (failure_.ok() && !sealed_) AppendSeal();
    }
    while (Drive(true)) continue;
  }
  const std::lock_guard lock(disk_mutex_);
  while (!in_flight_.empty() && std::any_of(in_flight_.begin(), in_flight_.end(), [](const InFlight& b) {
    return !b.done;
  }) && Collect(true)) {
    continue;
  }
  segment_.file.reset();
  return failure();
}

Status GroupCommit::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace scriptorium
