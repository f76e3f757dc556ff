// Group commit: many records, one disk write, acknowledged strictly in order.
//
// The happy path. Any thread appends a record: under the mutex it is placed in the open block (block_stream.h).
// Whenever the disk can take another block and the batching policy does not ask for patience, the waiting block is
// finished (padding, chain, checksums) and submitted; up to `depth` are on their way at a time, and whatever arrives
// meanwhile becomes the next one. A completion means that the block is durable; when all blocks before it are as well,
// the ticket of its last record is published. A ticket is the record's ordinal: everything with a ticket up to the
// published one is durable.
//
// Who moves things on. With a thread of its own (`kThread`) the engine does: it submits one block, waits for the disk,
// publishes, and so on. Driven (`kCaller`), the caller does: Drive() after appending, and again when the queue's event
// descriptor says that something completed. That spares two changes of threads for each block, which cost as much as
// half a write; the engine's thread then only minds the clock. Tests drive without any thread (`kNobody`).
//
// Order. Each block says what was durable when it was submitted, and blocks may complete in any order; but the first
// block of a segment is submitted only when all blocks before it are durable, and recovery relies on that.
//
// The idle seal. After the last acknowledgement nothing would bear witness to the block just written, so when nothing
// arrives for a moment one block with a seal record is added; and again as the last act of closing.
//
// Bounds. Records that wait or are in flight are bounded by max_pending_bytes; beyond, append refuses with OVERLOADED
// and nothing was taken.
//
// Failure modes. After the first write or fsync error nothing is known about what the disk holds, so nothing is
// acknowledged any more: waiting blocks are dropped, each later append is refused with the same status, nothing is
// written again, and the listener is told once (R30). Closing writes out what was appended unless the journal failed,
// and waits for what is in flight either way, for the disk still reads that memory.
//
// A full disk. As long as there is no room for the next segment, batches are refused with NO_SPACE once only a reserve
// is left of this one (block_stream.h), and everything goes on when there is. What was taken before that was known may
// already stand behind the end of the segment: it waits, unacknowledged, and is given up only by closing.
#ifndef SCRIPTORIUM_GROUP_COMMIT_H_
#define SCRIPTORIUM_GROUP_COMMIT_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "batching.h"
#include "block_stream.h"
#include "block_window.h"
#include "segment_store.h"
#include "stats.h"
#include "write_queue.h"

namespace scriptorium {

struct DamagedRange;

// Told by whoever moves the journal on; must not block and must not call back into the journal.
class JournalListener {
 public:
  virtual ~JournalListener() = default;
  // Every record with a ticket up to this one is durable.
  virtual void OnDurable(uint64_t ticket) = 0;
  // Nothing more will become durable. Called at most once.
  virtual void OnFailure(const Status& status) = 0;
  // A driven journal can go on after it had to stop: call Drive(). From any thread.
  virtual void OnDriveable() {}
  // A batch was found damaged; once for each. From any thread.
  virtual void OnDamage(const DamagedRange&) {}
  // There is no room for another segment any more, or there is again. From any thread.
  virtual void OnSpace() {}
};

enum class DrivenBy : uint8_t { kThread, kCaller, kNobody };

class GroupCommit {
 public:
  struct Options {
    size_t max_block_bytes;
    size_t max_pending_bytes;
    DrivenBy driven_by;
    uint32_t depth;  // Blocks in flight; 1 with kThread.
    std::shared_ptr<const BatchingPolicy> batching;
    size_t window_bytes;  // Of recent blocks kept in memory.
  };
  // Where the stream goes on.
  struct Start {
    BlockStream::Start stream;
    uint32_t previous_crc;
    bool sealed;
  };
  using Appended = BlockStream::Appended;

  GroupCommit(const Options& options, const Start& start, SegmentStore& segments, std::unique_ptr<WriteQueue> queue,
              BaseSource base, JournalListener& listener, Counters& counters);
  ~GroupCommit();

  Result<Appended> Append(RecordType type, uint64_t group, std::span<const uint8_t> payload);
  // Whether so many batches, whose records take so many bytes, may be appended now. If so, batches of that length are
  // promised their places until the next call: none of them is refused for want of space, whatever happens meanwhile.
  Status AdmitAll(size_t batches, size_t record_bytes);
  // Whether a few small records, of those that may use the reserve, may be appended now.
  Status AdmitSmall();
  bool NearEnd() const;
  // Begins the segment at hand with its base, so that it bears witness to what was recovered before it.
  void BeginSegment();
  // Submits what may be submitted, collects what completed and publishes it; with `wait`, waits for one completion if
  // any block is in flight. False if there was nothing to do. Not with a thread of its own.
  bool Drive(bool wait);
  // Writes out what waits, seals, and ends the thread. The failure, if the journal failed. Idempotent.
  Status Close();

  // Everything placed before this is durable.
  Position durable_end() const { return Position::Unpack(durable_end_.load(std::memory_order_acquire)); }
  Status failure() const;
  int event_descriptor() const { return queue_->event_descriptor(); }
  const BlockWindow& window() const { return window_; }

 private:
  struct InFlight {
    BlockStream::Block block;
    BlockHeader header;
    bool only_seal;
    bool done;
    std::chrono::steady_clock::time_point submitted;
  };

  Status Admit(RecordType type, size_t payload_bytes, bool promised);
  Status AdmitPending(size_t record_bytes) const;
  void AppendSeal();
  void RunWriter();
  void RunTimer();
  bool IdleFor(std::unique_lock<std::mutex>& lock);

  bool SubmitWaiting();
  bool TakeNext(InFlight* next);
  bool EnterSegment(uint32_t segment);
  void Submit(InFlight next);
  bool Collect(bool wait);
  void Publish();
  void FinishSegment(const BlockHeader& last);
  void Count(const InFlight& block);
  void Fail(const Status& status);
  void OnPrepared();

  static constexpr std::chrono::milliseconds kSealAfter{5};

  const Options options_;
  SegmentStore& segments_;
  JournalListener& listener_;
  Counters& counters_;

  // The append side.
  mutable std::mutex mutex_;
  std::condition_variable work_;
  BlockStream stream_;
  size_t pending_bytes_ = 0;
  size_t promised_bytes_ = 0;       // Of records of batches that were admitted and are not appended yet.
  bool waits_for_segment_ = false;  // The front block's, which is not to be had yet.
  bool thread_waits_ = false;
  std::atomic<bool> closing_{false};
  bool sealed_;
  uint64_t seal_sequence_ = 0;
  // Release records that are not durable yet: ordinal, and the lowest segment still needed once it is.
  std::deque<std::pair<uint64_t, uint64_t>> releases_;
  uint64_t last_move_ = 0;  // Ordinal of the last moved batch that is not durable yet.
  Status failure_;
  // Since when the disk could have had what waits; only while the policy asks for patience.
  std::optional<std::chrono::steady_clock::time_point> lingering_since_;
  std::chrono::steady_clock::time_point linger_until_;

  // The write side. Taken before mutex_ where both are.
  std::mutex disk_mutex_;
  std::deque<InFlight> in_flight_;  // In the order of the stream; outlives the queue, which reads its memory.
  std::unique_ptr<WriteQueue> queue_;
  std::vector<Completion> completions_;
  SegmentStore::Writable segment_;
  std::unique_ptr<SectorSums> sums_;  // Of the segment at hand, unless it was begun before the journal was opened.
  uint64_t durable_sequence_;
  uint32_t previous_crc_;
  uint32_t segment_previous_crc_;  // `previous_crc_` as it was when the segment at hand began.
  bool failed_ = false;
  std::atomic<size_t> in_flight_count_{0};

  BlockWindow window_;
  std::atomic<uint64_t> durable_end_;
  std::thread thread_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_GROUP_COMMIT_H_
