// Where every batch of every group is, in memory: what the journal's records add up to. The same code runs when a
// record is about to be appended and when recovery meets it again, so that what was accepted once is accepted for ever.
//
// A part of a log whose bytes are in no segment that was seen is a hole: it has a place in the order and none on disk.
// What stood before a segment's base is one until a moved batch, or the dropping of a prefix, fills or takes it away.
//
// A batch may also be known to be damaged: it keeps its place, and nobody reads it, until a moved batch stands for it.
//
// Each change is two calls: Check… says whether a record may follow what is there and changes nothing; Apply… makes the
// change, after the record was taken. Between them nothing else may happen to the same group.
#ifndef SCRIPTORIUM_LOG_INDEX_H_
#define SCRIPTORIUM_LOG_INDEX_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base_record.h"
#include "batch.h"
#include "block.h"
#include "footer.h"
#include "segment_use.h"

namespace scriptorium {

// All of them begin every segment anew, so there is an end to how many there can be.
inline constexpr size_t kMaxGroups = 1 << 16;

// One stored batch. Its term is in the term runs and its count follows from its successor.
struct BatchEntry {
  uint64_t first_index;
  uint32_t segment;  // 0: a hole.
  uint32_t offset;   // Of the batch's first byte in the segment file.
  uint32_t bytes;

  bool hole() const { return segment == 0; }
};

// A range of a log that is part of it and cannot be read here.
struct DamagedRange {
  uint64_t group;
  uint64_t from;
  uint64_t to;
  Position at;  // Of the batch; segment 0: no segment has it.
};

class GroupLog {
 public:
  // `use`, when given, must outlive the log.
  explicit GroupLog(SegmentUse* use = nullptr) : use_(use) {}

  Status CheckAppend(const BatchHeader& batch) const;
  void ApplyAppend(const BatchHeader& batch, Position at);
  // A term never goes back and a vote never changes within a term (R1).
  Status CheckHardState(const HardState& state) const;
  void ApplyHardState(const HardState& state) { hard_state_ = state; }
  // Cuts [from, ∞); `from` must be the first index of a batch, or the index after the tail.
  Status CheckTruncateSuffix(uint64_t from) const;
  void ApplyTruncateSuffix(uint64_t from);
  // Drops [.., index]; `(index, term)` stays as the virtual tail. Beyond the tail it empties the log (R24). Inside a
  // batch, the batch stays readable but the log starts after `index`.
  Status CheckTruncatePrefix(IndexTerm start) const;
  void ApplyTruncatePrefix(IndexTerm start);

  // Whether a batch is, as a whole, what one entry or a part of a hole stands for: same place in the log, same term,
  // and of an entry the same length.
  Status CheckMove(const BatchHeader& batch) const;
  // Its bytes are at `at` from now on.
  void ApplyMove(const BatchHeader& batch, Position at);

  // The batch that stands at `at` does not hold. Its own header, if that still holds and is this batch's, says what its
  // body was. False if another batch stands there by now, or if this was known.
  bool MarkDamaged(uint64_t first_index, Position at, std::optional<uint32_t> body_crc);
  // Whether `batches()[at]` cannot be read: it is damaged, or a hole.
  bool Unreadable(size_t at) const {
    return batches_[at].hole() || damaged_.find(batches_[at].first_index) != damaged_.end();
  }
  // Whether the batch is what stood where nothing can be read now. One that can be read is never replaced.
  Status CheckRepair(const BatchHeader& batch) const;
  void VisitDamage(const std::function<void(size_t at)>& visit) const;

  // Whether there is anything to know of the group.
  bool blank() const { return Base() == GroupBase(); }
  GroupBase Base() const;
  // Takes on the state of a base; what it holds of a log is a hole. Only of a group that is blank.
  void Adopt(const GroupBase& base);

  // How far a leader said the group had committed; a claim, taken as it is (R17 has the reader match it).
  void ApplyCommitHint(IndexTerm hint) { commit_hint_ = hint; }

  // Position in `batches()` of the batch that contains `index`, which must be in (log_start, tail].
  size_t Find(uint64_t index) const;
  uint64_t TermAt(uint64_t index) const;

  const IndexTerm& log_start() const { return log_start_; }
  const IndexTerm& tail() const { return tail_; }
  const IndexTerm& commit_hint() const { return commit_hint_; }
  const HardState& hard_state() const { return hard_state_; }
  const std::deque<BatchEntry>& batches() const { return batches_; }
  const std::deque<TermRun>& term_runs() const { return term_runs_; }
  const std::deque<uint64_t>& configurations() const { return configurations_; }
  // The last index of `batches()[at]`.
  uint64_t LastIndexOf(size_t at) const {
    return at + 1 < batches_.size() ? batches_[at + 1].first_index - 1 : tail_.index;
  }

 private:
  void Forget(const BatchEntry& entry) {
    if (use_ != nullptr) use_->Forget(entry.segment, entry.bytes);
  }
  void Keep(const BatchEntry& entry) {
    if (use_ != nullptr) use_->Keep(entry.segment, entry.bytes);
  }

  SegmentUse* use_;
  IndexTerm log_start_;
  IndexTerm tail_;
  IndexTerm commit_hint_;
  HardState hard_state_;
  std::deque<BatchEntry> batches_;
  std::deque<TermRun> term_runs_;
  std::deque<uint64_t> configurations_;
  // By first index: the checksum of the body, where it is known. Never of a hole.
  std::map<uint64_t, std::optional<uint32_t>> damaged_;
};

class LogIndex {
 public:
  // The group, or an empty one that is not stored.
  const GroupLog& Find(uint64_t group) const;
  // The group, made if it is new; refuses beyond kMaxGroups.
  Result<GroupLog*> Make(uint64_t group);
  // Checks and applies a record met on disk. `block` is where the record's block starts.
  Status Replay(const Record& record, Position block);
  // The same of what a footer tells of a record of segment `segment`.
  Status Replay(const FooterEntry& entry, uint32_t segment);
  // Takes a group from the base of the first segment; of a later one, the group must stand as the base says.
  Status ReplayBase(uint64_t group, const GroupBase& base, bool adopt);
  // How many groups a base written now holds.
  size_t CountBases() const;
  // The base records of a segment that begins now, the head first.
  std::vector<BasePayload> EncodeBases() const;
  const std::map<uint64_t, GroupLog>& groups() const { return groups_; }
  // In order of group and index.
  std::vector<DamagedRange> Damage() const;
  const SegmentUse& use() const { return *use_; }

 private:
  Status ReplayBatch(const BatchHeader& batch, bool moved, Position at);
  Status ReplaySmall(RecordType type, uint64_t group, std::span<const uint8_t> payload);

  std::unique_ptr<SegmentUse> use_ = std::make_unique<SegmentUse>();  // Stays where it is when the index is moved.
  std::map<uint64_t, GroupLog> groups_;
  // The same by a shorter way, which every append of one of many logs goes; no group ever leaves.
  std::unordered_map<uint64_t, GroupLog*> places_;
};

// Payloads of the small records.
std::array<uint8_t, kHardStateBytes> EncodeHardState(const HardState& state);
std::array<uint8_t, kTruncateSuffixBytes> EncodeTruncateSuffix(uint64_t from);
// Of a prefix drop and of a commit hint.
std::array<uint8_t, kTruncatePrefixBytes> EncodeIndexTerm(IndexTerm value);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_LOG_INDEX_H_
