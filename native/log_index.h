// Where every batch of every group is, in memory: what the journal's records add up to. The same code runs when a
// record is about to be appended and when recovery meets it again, so that what was accepted once is accepted for ever.
//
// Each change is two calls: Check… says whether a record may follow what is there and changes nothing; Apply… makes the
// change, after the record was taken. Between them nothing else may happen to the same group.
#ifndef SCRIPTORIUM_LOG_INDEX_H_
#define SCRIPTORIUM_LOG_INDEX_H_

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "batch.h"
#include "block.h"
#include "identity.h"

namespace scriptorium {

inline constexpr size_t kMaxGroups = 1 << 20;

struct IndexTerm {
  uint64_t index = 0;
  uint64_t term = 0;
};

struct HardState {
  uint64_t term = 0;
  Id128 voted_for{};  // All zeros: no vote in this term.
};

struct TermRun {
  uint64_t term;
  uint64_t first_index;
};

// One stored batch. Its term is in the term runs and its count follows from its successor.
struct BatchEntry {
  uint64_t first_index;
  uint32_t segment;
  uint32_t offset;  // Of the batch's first byte in the segment file.
  uint32_t bytes;
};

class GroupLog {
 public:
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

 private:
  IndexTerm log_start_;
  IndexTerm tail_;
  IndexTerm commit_hint_;
  HardState hard_state_;
  std::deque<BatchEntry> batches_;
  std::deque<TermRun> term_runs_;
  std::deque<uint64_t> configurations_;
};

class LogIndex {
 public:
  // The group, or an empty one that is not stored.
  const GroupLog& Find(uint64_t group) const;
  // The group, made if it is new; refuses beyond kMaxGroups.
  Result<GroupLog*> Make(uint64_t group);
  // Checks and applies a record met on disk. `block` is where the record's block starts.
  Status Replay(const Record& record, Position block);
  const std::map<uint64_t, GroupLog>& groups() const { return groups_; }

 private:
  std::map<uint64_t, GroupLog> groups_;
};

// Payloads of the small records.
std::array<uint8_t, kHardStateBytes> EncodeHardState(const HardState& state);
std::array<uint8_t, kTruncateSuffixBytes> EncodeTruncateSuffix(uint64_t from);
// Of a prefix drop and of a commit hint.
std::array<uint8_t, kTruncatePrefixBytes> EncodeIndexTerm(IndexTerm value);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_LOG_INDEX_H_
