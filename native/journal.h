// The journal: one directory, one append-only stream of records shared by all logs (groups) of a scribe. This is the
// whole interface of the engine; it knows nothing of Node, and a program may embed it alone as a durable log.
//
// Every call may be made from any thread. Appending calls return at once with a ticket; the record is durable when the
// listener has been told of that ticket or a later one, and not before. Reads give durable bytes only, checksum
// checked.
#ifndef SCRIPTORIUM_JOURNAL_H_
#define SCRIPTORIUM_JOURNAL_H_

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "file.h"
#include "group_commit.h"
#include "identity.h"
#include "log_index.h"
#include "recovery.h"
#include "scrubber.h"
#include "segment_store.h"
#include "stats.h"
#include "write_mode.h"

namespace scriptorium {

struct FormatOptions {
  std::string directory;
  Identity identity;  // created_millis is filled in.
  uint64_t segment_bytes = kDefaultSegmentBytes;
  bool allow_buffered = false;
  std::vector<std::vector<uint8_t>> genesis;  // Batches the log begins with.
  uint64_t hard_state_group = 0;
  std::optional<HardState> hard_state;
};

struct OpenOptions {
  std::string directory;
  ExpectedIdentity expected;
  uint64_t segment_bytes = 0;  // Of segments made from now on; 0 keeps the size of the newest.
  size_t max_block_bytes = 1 << 20;
  size_t max_pending_bytes = 64 << 20;
  bool allow_buffered = false;
  std::optional<WriteMode> write_mode;  // Empty: the best that works.
  uint32_t blocks_in_flight = 4;        // With io_uring, driven by the caller; 1 otherwise.
  std::shared_ptr<const BatchingPolicy> batching = std::make_shared<ImmediateBatching>();
  size_t window_bytes = 8 << 20;        // Of recent blocks kept in memory.
  uint32_t max_spares = 2;              // Segments kept to be used again once nothing in them is needed.
  uint64_t scrub_bytes_per_second = 0;  // Read back in the background to find damage; 0: not at all.
  // kCaller where the write mode has an event descriptor; kThread otherwise.
  DrivenBy driven_by = DrivenBy::kThread;
};

struct ReadPlan {
  struct Piece {
    uint32_t segment;
    uint32_t offset;
    uint32_t bytes;
    uint64_t first_index;
  };
  uint64_t group = 0;
  size_t bytes = 0;
  std::vector<Piece> pieces;
};

struct JournalStats {
  uint64_t blocks, block_bytes, records, syncs, last_durable_micros, segments, segment_bytes;
  uint32_t alignment;
  bool direct_io;
  std::string file_system;
  WriteMode write_mode;
  uint32_t blocks_in_flight;
  uint64_t spare_segments;
  bool no_space;  // For another segment.
  uint64_t damaged, repaired, scrubbed_bytes, scrub_passes;
};

class Journal {
 public:
  // Makes a new journal in an empty or absent directory, durable when it returns. A directory left half made by a crash
  // is refused by Open and may be formatted again; any other content is never formatted over.
  static Status Format(FileSystem& files, const FormatOptions& options);

  // Locks, recovers and opens. `listener` must outlive the journal.
  static Result<std::unique_ptr<Journal>> Open(FileSystem& files, const OpenOptions& options,
                                               JournalListener& listener);
  ~Journal();

  // The batch must be valid and go on from the tail of its group: first index one more, term not lower. NO_SPACE while
  // the disk is full: nothing was taken, and other records are as long as the reserve lasts.
  Result<uint64_t> Append(std::span<const uint8_t> batch);
  // Several batches back to back, complete but for their checksums, which are written here: for whoever makes batches,
  // one call for all groups. All are taken or none, unless the journal fails or a batch does not go on from its group's
  // tail: then those before it are. The ticket of the last.
  Result<uint64_t> SealAndAppend(std::span<uint8_t> batches);
  // Whether so many batches, of so many bytes together, would be taken now; those appended next then are, even if the
  // disk turns out to be full. With none: whether terms, votes and cuts would be.
  Status Admit(size_t batches, size_t bytes);
  Result<uint64_t> SaveHardState(uint64_t group, const HardState& state);
  Result<uint64_t> TruncateSuffix(uint64_t group, uint64_t from_index);
  Result<uint64_t> TruncatePrefix(uint64_t group, IndexTerm start);
  Result<uint64_t> SaveCommitHint(uint64_t group, IndexTerm hint);

  // Puts a batch from elsewhere where one was damaged: the very batch that stood there, else BAD_OPTION. It counts as
  // undamaged at once and can be read when it is durable.
  Result<uint64_t> Repair(std::span<const uint8_t> batch);
  // What is part of a log and cannot be read here.
  std::vector<DamagedRange> Damage() const;

  // Reading is two steps, so that the caller can bring memory of exactly the right size and do the second elsewhere.
  // The plan covers whole batches from the one that contains `from_index`: at least one, then as many as fit max_bytes.
  Result<ReadPlan> PlanRead(uint64_t group, uint64_t from_index, size_t max_bytes) const;
  // Fills `to` (plan.bytes long) from memory alone; false if not all of it is there.
  bool ReadRecent(const ReadPlan& plan, uint8_t* to) const;
  // Fills `to` (plan.bytes long). ROTTEN names the place of a batch that did not hold twice in a row, which is damage
  // from then on; then `to` is not to be used.
  Status Read(const ReadPlan& plan, uint8_t* to);

  // Reads the next few batches back as the scrubber does, see Scrubber::Step. Only without a scrubber.
  size_t ScrubStep() { return scrubber_.Step(); }

  // Calls `visit` with the state of the group while nothing changes it.
  template <typename Visit>
  void VisitGroup(uint64_t group, Visit visit) const {
    std::lock_guard lock(mutex_);
    visit(index_.Find(group));
  }
  std::vector<uint64_t> Groups() const;

  // Of a journal that is driven by its caller: submits what waits and collects what completed, see GroupCommit::Drive.
  bool Drive(bool wait);
  // Readable when driving would find something; -1 for a journal that drives itself.
  int event_descriptor() const { return driven_by_ == DrivenBy::kCaller ? commit_->event_descriptor() : -1; }
  // Writes out what was appended and lets go of the directory. The failure, if the journal failed. Idempotent.
  Status Close();

  const Identity& identity() const { return identity_; }
  const RecoveryReport& report() const { return report_; }
  // NO_SPACE with the cause while there is no room for another segment.
  Status space() const { return segments_->space(); }
  JournalStats stats() const;

 private:
  Journal(FileSystem& files, const OpenOptions& options, Identity identity, Volume volume,
          std::unique_ptr<DirectoryLock> lock, Recovered recovered, ChosenQueue queue, JournalListener& listener);

  Status Begin(const std::string& directory, uint32_t segment);
  // Of what was recovered.
  bool NothingToWitness() const { return report_.sealed || report_.blocks == 0; }
  Result<uint64_t> AppendParsed(const BatchHeader& header, std::span<const uint8_t> batch);
  template <typename Check, typename Apply>
  Result<uint64_t> Take(RecordType type, uint64_t group, std::span<const uint8_t> payload, Check check, Apply apply);

  // A batch that was appended again, and is not durable there yet.
  struct MovedBatch {
    BatchHeader batch;
    Position from;
    Position to;
  };
  struct Straggler {
    uint64_t group;
    ReadPlan::Piece piece;
  };

  void ReleaseDead();
  bool Compact();
  bool SettleMoves();
  std::vector<Straggler> FindStragglers() const;
  bool Move(const Straggler& straggler, std::span<const uint8_t> bytes);
  bool StandsAt(uint64_t group, uint64_t first_index, Position place) const;
  Status ReadPlaces(const ReadPlan& plan, uint8_t* to);
  Status ReadAlone(const ReadPlan& plan, const ReadPlan::Piece& piece, uint8_t* to);
  void NoteDamage(const ReadPlan& plan, const ReadPlan::Piece& piece, std::optional<uint32_t> body_crc);
  Status PlanAgain(ReadPlan* plan) const;

  Identity identity_;
  Volume volume_;
  WriteMode write_mode_;
  uint32_t blocks_in_flight_;
  DrivenBy driven_by_;
  uint64_t segment_bytes_;
  std::unique_ptr<DirectoryLock> lock_;
  RecoveryReport report_;
  JournalListener& listener_;
  mutable std::mutex mutex_;  // Guards index_, and that records enter the stream in the order in which they enter it.
  LogIndex index_;
  std::set<uint64_t> based_;  // Segments that begin with a base, so that those before may go.
  uint64_t released_;         // A record says that segments below are not needed.
  std::deque<MovedBatch> moves_;
  std::atomic<uint32_t> stuck_{0};  // A segment whose batches could not be read to be moved.
  Counters counters_;
  std::unique_ptr<SegmentStore> segments_;
  std::unique_ptr<GroupCommit> commit_;
  Scrubber scrubber_{*this, counters_};
};

inline constexpr char kIdentityName[] = "IDENTITY";
inline constexpr char kFormattingName[] = "FORMATTING";
inline constexpr char kLockName[] = "LOCK";

// The volume of a directory whose lock file exists; NO_DIRECT_IO unless direct I/O works or buffering is allowed.
Result<Volume> ChooseVolume(FileSystem& files, const std::string& directory, bool allow_buffered);
// Finds and reads the identity of a formatted directory.
Result<Identity> LoadIdentity(FileSystem& files, const std::string& directory);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_JOURNAL_H_
