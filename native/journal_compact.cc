// Stragglers: a quiet group's batch in an old segment keeps that segment and everything after it. When what it holds
// back is worth far more than it, such batches are read, checked, and appended again as moved batches.
//
// The index goes on pointing to the old place until the new one is durable; only then is the old segment dead and may
// be let go. A crash in between leaves either place, both with the same bytes. A batch that is cut off meanwhile is
// simply not there to be moved any more. What does not hold when it is read is never moved.
#include <algorithm>

#include "journal.h"

namespace scriptorium {
namespace {

// Moved at a time, so that appends never wait long behind moves.
constexpr size_t kMaxMovedBytes = 1 << 20;
// Moving is worth while if it frees at least so many times as much.
constexpr uint64_t kWorthWhile = 4;

}  // namespace

// One step; false if there was nothing to do. Whoever works behind the writer calls this, and nobody else.
bool Journal::Compact() {
  std::vector<Straggler> stragglers;
  {
    std::lock_guard lock(mutex_);
    if (SettleMoves()) return true;
    if (!moves_.empty()) return false;
    stragglers = FindStragglers();
  }
  bool moved = false;
  for (const Straggler& straggler : stragglers) {
    std::vector<uint8_t> bytes(straggler.piece.bytes);
    if (!ReadPlaces({straggler.group, bytes.size(), {straggler.piece}}, bytes.data()).ok()) {
      stuck_ = straggler.piece.segment;
      break;
    }
    if (!Move(straggler, bytes)) break;
    moved = true;
  }
  return moved;
}

// Points the index to batches whose new place is durable.
bool Journal::SettleMoves() {
  bool settled = false;
  const Position durable = commit_->durable_end();
  for (; !moves_.empty() && moves_.front().to < durable; moves_.pop_front()) {
    const MovedBatch& move = moves_.front();
    if (StandsAt(move.batch.group, move.batch.first_index, move.from)) {
      index_.Make(move.batch.group).value()->ApplyMove(move.batch, move.to);
    }
    settled = true;
  }
  if (settled) ReleaseDead();
  return settled;
}

// The next batches to move, if the oldest segment that holds any is followed by dead ones and holds little.
std::vector<Journal::Straggler> Journal::FindStragglers() const {
  std::vector<Straggler> stragglers;
  const auto& live = index_.use().live_bytes();
  if (live.empty() || based_.empty()) return stragglers;
  const uint32_t oldest = live.begin()->first;
  const uint64_t next = live.size() > 1 ? std::next(live.begin())->first : *based_.rbegin();
  if (oldest == stuck_ || next <= uint64_t{oldest} + 1 || commit_->durable_end() < Position{oldest + 1, 0}) {
    return stragglers;
  }
  if (live.begin()->second * kWorthWhile > (next - oldest - 1) * segment_bytes_) return stragglers;
  size_t bytes = 0;
  for (const auto& [group, log] : index_.groups()) {
    for (const BatchEntry& entry : log.batches()) {
      if (entry.segment != oldest) continue;
      bytes += entry.bytes;
      if (!stragglers.empty() && bytes > kMaxMovedBytes) return stragglers;
      stragglers.push_back({group, {entry.segment, entry.offset, entry.bytes, entry.first_index}});
    }
  }
  return stragglers;
}

// Appends a batch that was read from its old place, unless it is gone by now. False if it was not taken.
bool Journal::Move(const Straggler& straggler, std::span<const uint8_t> bytes) {
  Result<BatchHeader> batch = ParseBatchHeader(bytes);
  if (!batch.ok()) return false;
  std::lock_guard lock(mutex_);
  const Position from{straggler.piece.segment, straggler.piece.offset};
  if (!StandsAt(straggler.group, straggler.piece.first_index, from)) return true;
  if (!index_.Find(straggler.group).CheckMove(batch.value()).ok()) return false;
  Result<GroupCommit::Appended> appended = commit_->Append(RecordType::kMovedBatch, straggler.group, bytes);
  if (!appended.ok()) return false;
  based_.insert(appended.value().payload.segment);
  moves_.push_back({batch.value(), from, appended.value().payload});
  return true;
}

bool Journal::StandsAt(uint64_t group, uint64_t first_index, Position place) const {
  const GroupLog& log = index_.Find(group);
  const uint64_t inside = std::max(first_index, log.log_start().index + 1);
  if (inside > log.tail().index) return false;
  const BatchEntry& entry = log.batches()[log.Find(inside)];
  return entry.first_index == first_index && Position{entry.segment, entry.offset} == place;
}

}  // namespace scriptorium
