#include "log_index.h"

#include <algorithm>
#include <cassert>

#include "little_endian.h"

namespace scriptorium {
namespace {

std::string Number(uint64_t number) { return std::to_string(number); }

}  // namespace

Status GroupLog::CheckAppend(const BatchHeader& batch) const {
  if (batch.first_index != tail_.index + 1) {
    return Status(Code::kBadOption,
                  "a batch at index " + Number(batch.first_index) + " does not follow the tail " + Number(tail_.index));
  }
  if (batch.term < tail_.term) {
    return Status(Code::kBadOption,
                  "a batch of term " + Number(batch.term) + " does not follow a tail of term " + Number(tail_.term));
  }
  return Status();
}

void GroupLog::ApplyAppend(const BatchHeader& batch, Position at) {
  batches_.push_back({batch.first_index, at.segment, at.offset, static_cast<uint32_t>(batch.bytes())});
  if (term_runs_.empty() || term_runs_.back().term != batch.term) term_runs_.push_back({batch.term, batch.first_index});
  if (batch.kind == kBatchConfiguration) configurations_.push_back(batch.first_index);
  tail_ = {batch.last_index(), batch.term};
}

Status GroupLog::CheckHardState(const HardState& state) const {
  if (state.term > kMaxInteger) return Status(Code::kBadOption, "term beyond 2^53");
  if (state.term < hard_state_.term) {
    return Status(Code::kBadOption,
                  "the term would go back from " + Number(hard_state_.term) + " to " + Number(state.term));
  }
  const bool changes_vote = hard_state_.voted_for != Id128{} && state.voted_for != hard_state_.voted_for;
  if (state.term == hard_state_.term && changes_vote) {
    return Status(Code::kBadOption, "the vote of term " + Number(state.term) + " was given to another incarnation");
  }
  return Status();
}

Status GroupLog::CheckTruncateSuffix(uint64_t from) const {
  if (from <= log_start_.index) {
    return Status(Code::kRangeGone,
                  "cannot cut from index " + Number(from) + ": the log starts after index " + Number(log_start_.index));
  }
  if (from == tail_.index + 1) return Status();
  if (from > tail_.index || batches_[Find(from)].first_index != from) {
    return Status(Code::kBadOption, "cannot cut from index " + Number(from) + ": no batch starts there");
  }
  return Status();
}

void GroupLog::ApplyTruncateSuffix(uint64_t from) {
  while (!batches_.empty() && batches_.back().first_index >= from) batches_.pop_back();
  while (!term_runs_.empty() && term_runs_.back().first_index >= from) term_runs_.pop_back();
  while (!configurations_.empty() && configurations_.back() >= from) configurations_.pop_back();
  tail_ = {from - 1, term_runs_.empty() ? log_start_.term : term_runs_.back().term};
}

Status GroupLog::CheckTruncatePrefix(IndexTerm start) const {
  if (start.index > kMaxInteger || start.term > kMaxInteger)
    return Status(Code::kBadOption, "index or term beyond 2^53");
  if (start.index < log_start_.index) {
    return Status(Code::kRangeGone, "cannot move the start of the log back to index " + Number(start.index) +
                                        ": it starts after index " + Number(log_start_.index));
  }
  const bool known = start.index <= tail_.index;
  if (known && TermAt(start.index) != start.term) {
    return Status(Code::kBadOption, "index " + Number(start.index) + " has term " + Number(TermAt(start.index)) +
                                        ", not " + Number(start.term));
  }
  if (!known && start.term < tail_.term) {
    return Status(Code::kBadOption,
                  "a start of term " + Number(start.term) + " lies beyond a tail of term " + Number(tail_.term));
  }
  return Status();
}

void GroupLog::ApplyTruncatePrefix(IndexTerm start) {
  log_start_ = start;
  if (start.index >= tail_.index) {
    batches_.clear();
    term_runs_.clear();
    configurations_.clear();
    tail_ = start;
    return;
  }
  const size_t first = Find(start.index + 1);
  const uint64_t first_index = batches_[first].first_index;
  batches_.erase(batches_.begin(), batches_.begin() + static_cast<ptrdiff_t>(first));
  while (term_runs_.size() > 1 && term_runs_[1].first_index <= start.index + 1) term_runs_.pop_front();
  term_runs_.front().first_index = std::max(term_runs_.front().first_index, start.index + 1);
  while (!configurations_.empty() && configurations_.front() < first_index) configurations_.pop_front();
}

size_t GroupLog::Find(uint64_t index) const {
  assert(index > log_start_.index && index <= tail_.index);
  const auto after =
      std::upper_bound(batches_.begin(), batches_.end(), index,
                       [](uint64_t wanted, const BatchEntry& entry) { return wanted < entry.first_index; });
  return static_cast<size_t>(after - batches_.begin()) - 1;
}

uint64_t GroupLog::TermAt(uint64_t index) const {
  if (index == log_start_.index) return log_start_.term;
  const auto after = std::upper_bound(term_runs_.begin(), term_runs_.end(), index,
                                      [](uint64_t wanted, const TermRun& run) { return wanted < run.first_index; });
  return std::prev(after)->term;
}

const GroupLog& LogIndex::Find(uint64_t group) const {
  static const GroupLog& empty = *new GroupLog();  // Never destroyed: threads may outlive static destruction.
  const auto found = groups_.find(group);
  return found == groups_.end() ? empty : found->second;
}

Result<GroupLog*> LogIndex::Make(uint64_t group) {
  const auto found = groups_.find(group);
  if (found != groups_.end()) return &found->second;
  if (group > kMaxInteger) return Status(Code::kBadOption, "group beyond 2^53");
  if (groups_.size() >= kMaxGroups) return Status(Code::kBadOption, "more than 1048576 groups in one directory");
  return &groups_[group];
}

Status LogIndex::Replay(const Record& record, Position block) {
  if (record.type == RecordType::kSeal) return Status();
  Result<GroupLog*> made = Make(record.group);
  if (!made.ok()) return made.status();
  GroupLog& log = *made.value();
  const uint8_t* bytes = record.payload.data();
  const size_t size = record.payload.size();
  const Status wrong_size(Code::kRotten, "a record has the wrong length for its type");
  switch (record.type) {
    case RecordType::kBatch: {
      Result<BatchHeader> batch = ParseBatchHeader(record.payload);
      if (!batch.ok()) return batch.status();
      if (batch.value().bytes() != size || batch.value().group != record.group) return wrong_size;
      if (Status status = log.CheckAppend(batch.value()); !status.ok()) return status;
      log.ApplyAppend(batch.value(), {block.segment, block.offset + record.offset});
      return Status();
    }
    case RecordType::kHardState: {
      if (size != kHardStateBytes) return wrong_size;
      HardState state{Load<uint64_t>(bytes), {}};
      std::memcpy(state.voted_for.data(), bytes + 8, state.voted_for.size());
      if (Status status = log.CheckHardState(state); !status.ok()) return status;
      log.ApplyHardState(state);
      return Status();
    }
    case RecordType::kTruncateSuffix: {
      if (size != kTruncateSuffixBytes) return wrong_size;
      const auto from = Load<uint64_t>(bytes);
      if (Status status = log.CheckTruncateSuffix(from); !status.ok()) return status;
      log.ApplyTruncateSuffix(from);
      return Status();
    }
    case RecordType::kTruncatePrefix: {
      if (size != kTruncatePrefixBytes) return wrong_size;
      const IndexTerm start{Load<uint64_t>(bytes), Load<uint64_t>(bytes + 8)};
      if (Status status = log.CheckTruncatePrefix(start); !status.ok()) return status;
      log.ApplyTruncatePrefix(start);
      return Status();
    }
    case RecordType::kCommitHint: {
      if (size != kCommitHintBytes) return wrong_size;
      log.ApplyCommitHint({Load<uint64_t>(bytes), Load<uint64_t>(bytes + 8)});
      return Status();
    }
    case RecordType::kSeal:
      break;
  }
  return Status();
}

std::array<uint8_t, kHardStateBytes> EncodeHardState(const HardState& state) {
  std::array<uint8_t, kHardStateBytes> bytes{};
  Store<uint64_t>(bytes.data(), state.term);
  std::memcpy(bytes.data() + 8, state.voted_for.data(), state.voted_for.size());
  return bytes;
}

std::array<uint8_t, kTruncateSuffixBytes> EncodeTruncateSuffix(uint64_t from) {
  std::array<uint8_t, kTruncateSuffixBytes> bytes{};
  Store<uint64_t>(bytes.data(), from);
  return bytes;
}

std::array<uint8_t, kTruncatePrefixBytes> EncodeIndexTerm(IndexTerm value) {
  std::array<uint8_t, kTruncatePrefixBytes> bytes{};
  Store<uint64_t>(bytes.data(), value.index);
  Store<uint64_t>(bytes.data() + 8, value.term);
  return bytes;
}

}  // namespace scriptorium
