// Group commit: many records, one disk write, acknowledged strictly in order.
//
// The happy path. Any thread appends a record: under the mutex its bytes are copied, once, into the open block, which
// is the very memory that will be handed to the disk, and its place on disk is known before the call returns. The
// writer thread takes the open block whenever it is free, so whatever arrived while the previous block was on its way
// becomes the next one; a lone record leaves at once, a flood fills blocks, and nobody ever waits on purpose. The
// writer finishes the block (padding, chain, checksums), writes it, has the disk make it durable, and only then
// publishes the ticket of its last record. A ticket is the record's ordinal: everything with a ticket up to the
// published one is durable.
//
// Places are handed out in advance. A block is closed when the writer takes it or when the next record does not fit;
// its length is then fixed, so the next block's place is known. When a record does not fit the rest of the segment, the
// open block moves to the beginning of the next one, which the writer obtains when it gets there. It writes blocks one
// after the other, so the first block of a segment is submitted after all blocks before it are durable; recovery relies
// on that. Nothing else assumes a single block in flight: a block says what was durable when it was submitted.
//
// The idle seal. After the last acknowledgement nothing would bear witness to the block just written, so when nothing
// arrives for a moment the writer adds one block with a seal record; and again as the last act of closing.
//
// Bounds. Records that wait are bounded by max_pending_bytes; beyond, append refuses with OVERLOADED and nothing was
// taken. A block is at most max_block_bytes long, except to hold one record that is longer.
//
// Failure modes. After the first write or fsync error nothing is known about what the disk holds, so nothing is
// acknowledged any more: waiting blocks are dropped, each later append is refused with the same status, the descriptor
// is not written again, and the listener is told once (R30). No space for the next segment ends the journal in the same
// way under its own code. Closing writes out what was appended unless the journal failed.
#ifndef SCRIPTORIUM_GROUP_COMMIT_H_
#define SCRIPTORIUM_GROUP_COMMIT_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "block.h"
#include "segment_store.h"
#include "stats.h"

namespace scriptorium {

// Told by the writer thread; must not block and must not call back into the journal.
class JournalListener {
 public:
  virtual ~JournalListener() = default;
  // Every record with a ticket up to this one is durable.
  virtual void OnDurable(uint64_t ticket) = 0;
  // Nothing more will become durable. Called at most once.
  virtual void OnFailure(const Status& status) = 0;
};

class GroupCommit {
 public:
  struct Options {
    size_t max_block_bytes;
    size_t max_pending_bytes;
    bool own_thread;  // Without it the caller moves things on with RunOnce().
  };
  // Where the stream goes on.
  struct Start {
    Position position;
    uint64_t next_sequence;
    uint64_t next_ordinal;
    uint32_t previous_crc;
    bool sealed;
  };
  struct Appended {
    uint64_t ticket;
    Position payload;  // Where the record's payload will stand.
  };

  GroupCommit(const Options& options, const Start& start, SegmentStore& segments, JournalListener& listener,
              Counters& counters);
  ~GroupCommit();

  Result<Appended> Append(RecordType type, uint64_t group, std::span<const uint8_t> payload);
  // Writes one block if any record waits; false if there was nothing to do. Only without a thread of its own.
  bool RunOnce();
  // Writes out what waits, seals, and ends the thread. The failure, if the journal failed. Idempotent.
  Status Close();

  // Everything placed before this is durable.
  Position durable_end() const { return Position::Unpack(durable_end_.load(std::memory_order_acquire)); }
  Status failure() const;

 private:
  using Block = std::unique_ptr<BlockBuffer>;

  bool HasWork() const { return !closed_blocks_.empty() || !open_->empty(); }
  Status Admit(size_t payload_bytes) const;
  void MakeRoom(size_t payload_bytes);
  void CloseBlock(size_t next_payload_bytes);
  void OpenBlock(Position position, uint64_t sequence, size_t payload_bytes);
  void Recycle(Block block);
  void AppendSeal();
  void Run();
  void WriteAndPublish(std::unique_lock<std::mutex>& lock);
  Status Write(BlockBuffer& block);

  static constexpr size_t kMaxSpareBlocks = 4;
  static constexpr std::chrono::milliseconds kSealAfter{5};

  const Options options_;
  SegmentStore& segments_;
  JournalListener& listener_;
  Counters& counters_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  Block open_;
  std::deque<Block> closed_blocks_;  // Full, waiting for the writer, in order.
  std::vector<Block> spare_;
  size_t pending_bytes_ = 0;
  uint64_t next_ordinal_;
  bool writer_waits_ = false;
  bool closing_ = false;
  bool sealed_;
  uint64_t seal_sequence_ = 0;
  Status failure_;

  // The writer's own.
  SegmentStore::Writable segment_;
  uint64_t durable_sequence_;
  uint32_t previous_crc_;

  std::atomic<uint64_t> durable_end_;
  std::thread thread_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_GROUP_COMMIT_H_
