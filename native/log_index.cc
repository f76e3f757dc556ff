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
  Keep(batches_.back());
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
  const bool starts_batch = from <= tail_.index && batches_[Find(from)].first_index == from;
  // Where batches start inside a hole is not known.
  if (from > tail_.index || (!starts_batch && !batches_[Find(from)].hole())) {
    return Status(Code::kBadOption, "cannot cut from index " + Number(from) + ": no batch starts there");
  }
  return Status();
}

void GroupLog::ApplyTruncateSuffix(uint64_t from) {
  damaged_.erase(damaged_.lower_bound(from), damaged_.end());
  while (!batches_.empty() && batches_.back().first_index >= from) {
    Forget(batches_.back());
    batches_.pop_back();
  }
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
    for (const BatchEntry& entry : batches_) Forget(entry);
    batches_.clear();
    damaged_.clear();
    term_runs_.clear();
    configurations_.clear();
    tail_ = start;
    return;
  }
  const size_t first = Find(start.index + 1);
  for (size_t at = 0; at < first; ++at) {
    Forget(batches_.front());
    batches_.pop_front();
  }
  damaged_.erase(damaged_.begin(), damaged_.lower_bound(batches_.front().first_index));
  while (term_runs_.size() > 1 && term_runs_[1].first_index <= start.index + 1) term_runs_.pop_front();
  term_runs_.front().first_index = std::max(term_runs_.front().first_index, start.index + 1);
  // By index, not by batch: what is left must not depend on whether batches or a hole stood here.
  if (batches_.front().hole()) batches_.front().first_index = start.index + 1;
  while (!configurations_.empty() && configurations_.front() <= start.index) configurations_.pop_front();
}

Status GroupLog::CheckMove(const BatchHeader& batch) const {
  const Status differs(Code::kBadOption,
                       "a moved batch at index " + Number(batch.first_index) + " is not what the log holds there");
  const uint64_t first = std::max(batch.first_index, log_start_.index + 1);
  if (batch.last_index() < first || batch.last_index() > tail_.index || TermAt(first) != batch.term ||
      TermAt(batch.last_index()) != batch.term) {
    return differs;
  }
  const bool configuration = std::binary_search(configurations_.begin(), configurations_.end(), batch.first_index);
  if (batch.first_index == first && configuration != (batch.kind == kBatchConfiguration)) return differs;
  const size_t at = Find(first);
  const BatchEntry& entry = batches_[at];
  if (batch.last_index() > LastIndexOf(at)) return differs;
  if (entry.hole()) return entry.first_index <= first ? Status() : differs;
  const bool same =
      entry.first_index == batch.first_index && entry.bytes == batch.bytes() && LastIndexOf(at) == batch.last_index();
  return same ? Status() : differs;
}

void GroupLog::ApplyMove(const BatchHeader& batch, Position at) {
  const size_t found = Find(std::max(batch.first_index, log_start_.index + 1));
  BatchEntry& entry = batches_[found];
  const BatchEntry moved{batch.first_index, at.segment, at.offset, static_cast<uint32_t>(batch.bytes())};
  Keep(moved);
  Forget(entry);
  damaged_.erase(batch.first_index);
  if (!entry.hole()) {
    entry = moved;
    return;
  }
  const BatchEntry before = entry;
  const uint64_t last = LastIndexOf(found);
  entry = moved;
  auto next = batches_.begin() + static_cast<ptrdiff_t>(found) + 1;
  if (batch.last_index() < last) next = batches_.insert(next, {batch.last_index() + 1, 0, 0, 0});
  if (before.first_index < batch.first_index) {
    batches_.insert(batches_.begin() + static_cast<ptrdiff_t>(found), before);
  }
}

bool GroupLog::MarkDamaged(uint64_t first_index, Position at, std::optional<uint32_t> body_crc) {
  const uint64_t inside = std::max(first_index, log_start_.index + 1);
  if (inside > tail_.index) return false;
  const BatchEntry& entry = batches_[Find(inside)];
  if (entry.first_index != first_index || entry.segment != at.segment || entry.offset != at.offset) return false;
  return damaged_.emplace(first_index, body_crc).second;
}

Status GroupLog::CheckRepair(const BatchHeader& batch) const {
  if (Status status = CheckMove(batch); !status.ok()) return status;
  const size_t at = Find(std::max(batch.first_index, log_start_.index + 1));
  if (!Unreadable(at)) return Status(Code::kBadOption, "index " + Number(batch.first_index) + " is not damaged");
  const auto known = damaged_.find(batch.first_index);
  if (known != damaged_.end() && known->second && *known->second != batch.body_crc) {
    return Status(Code::kBadOption, "another batch than this one stood at index " + Number(batch.first_index));
  }
  return Status();
}

void GroupLog::VisitDamage(const std::function<void(size_t at)>& visit) const {
  for (size_t at = 0; at < batches_.size(); ++at) {
    if (Unreadable(at)) visit(at);
  }
}

GroupBase GroupLog::Base() const {
  return {log_start_,
          tail_,
          commit_hint_,
          hard_state_,
          {term_runs_.begin(), term_runs_.end()},
          {configurations_.begin(), configurations_.end()}};
}

void GroupLog::Adopt(const GroupBase& base) {
  log_start_ = base.log_start;
  tail_ = base.tail;
  commit_hint_ = base.commit_hint;
  hard_state_ = base.hard_state;
  term_runs_.assign(base.term_runs.begin(), base.term_runs.end());
  configurations_.assign(base.configurations.begin(), base.configurations.end());
  if (tail_.index > log_start_.index) batches_.push_back({log_start_.index + 1, 0, 0, 0});
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
  const auto found = places_.find(group);
  return found == places_.end() ? empty : *found->second;
}

Result<GroupLog*> LogIndex::Make(uint64_t group) {
  const auto found = places_.find(group);
  if (found != places_.end()) return found->second;
  if (group > kMaxInteger) return Status(Code::kBadOption, "group beyond 2^53");
  if (groups_.size() >= kMaxGroups) return Status(Code::kBadOption, "more than 65536 groups in one directory");
  GroupLog* made = &groups_.emplace(group, GroupLog(use_.get())).first->second;
  places_.emplace(group, made);
  return made;
}

Status LogIndex::Replay(const Record& record, Position block) {
  if (record.type != RecordType::kBatch && record.type != RecordType::kMovedBatch) {
    return ReplaySmall(record.type, record.group, record.payload);
  }
  Result<BatchHeader> batch = ParseBatchHeader(record.payload);
  if (!batch.ok()) return batch.status();
  if (batch.value().bytes() != record.payload.size() || batch.value().group != record.group) {
    return Status(Code::kRotten, "a record has the wrong length for its type");
  }
  return ReplayBatch(batch.value(), record.type == RecordType::kMovedBatch,
                     {block.segment, block.offset + record.offset});
}

Status LogIndex::Replay(const FooterEntry& entry, uint32_t segment) {
  if (entry.type != RecordType::kBatch && entry.type != RecordType::kMovedBatch) {
    return ReplaySmall(entry.type, entry.group, entry.payload);
  }
  return ReplayBatch(entry.batch, entry.type == RecordType::kMovedBatch, {segment, entry.offset});
}

Status LogIndex::ReplayBatch(const BatchHeader& batch, bool moved, Position at) {
  Result<GroupLog*> log = Make(batch.group);
  if (!log.ok()) return log.status();
  if (Status status = moved ? log.value()->CheckMove(batch) : log.value()->CheckAppend(batch); !status.ok()) {
    return status;
  }
  if (moved) {
    log.value()->ApplyMove(batch, at);
  } else {
    log.value()->ApplyAppend(batch, at);
  }
  return Status();
}

Status LogIndex::ReplayBase(uint64_t group, const GroupBase& base, bool adopt) {
  Result<GroupLog*> log = Make(group);
  if (!log.ok()) return log.status();
  if (adopt ? log.value()->blank() : log.value()->Base() == base) {
    if (adopt) log.value()->Adopt(base);
    return Status();
  }
  return Status(Code::kRotten, "the base of group " + Number(group) + " is not what the records before it come to");
}

std::vector<DamagedRange> LogIndex::Damage() const {
  std::vector<DamagedRange> damage;
  for (const auto& [group, log] : groups_) {
    log.VisitDamage([&, number = group, &held = log](size_t at) {
      const BatchEntry& entry = held.batches()[at];
      damage.push_back({number, entry.first_index, held.LastIndexOf(at), {entry.segment, entry.offset}});
    });
  }
  return damage;
}

size_t LogIndex::CountBases() const {
  return static_cast<size_t>(
      std::count_if(groups_.begin(), groups_.end(), [](const auto& group) { return !group.second.blank(); }));
}

std::vector<BasePayload> LogIndex::EncodeBases() const {
  std::vector<BasePayload> payloads{{0, EncodeBaseHead({CountBases()})}};
  for (const auto& [group, log] : groups_) {
    if (!log.blank()) payloads.push_back({group, EncodeGroupBase(log.Base())});
  }
  return payloads;
}

Status LogIndex::ReplaySmall(RecordType type, uint64_t group, std::span<const uint8_t> payload) {
  const uint8_t* bytes = payload.data();
  const size_t size = payload.size();
  const Status wrong_size(Code::kRotten, "a record has the wrong length for its type");
  // What concerns no group is recovery's business.
  if (type == RecordType::kSeal || type == RecordType::kFooter || type == RecordType::kRelease) return Status();
  Result<GroupLog*> made = Make(group);
  if (!made.ok()) return made.status();
  GroupLog& log = *made.value();
  switch (type) {
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
    default:
      return Status(Code::kRotten, "a record of type " + Number(static_cast<uint64_t>(type)) + " stands out of place");
  }
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
