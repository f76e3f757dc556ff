// Giving back what is no longer needed: segments that hold no live batch, from the oldest on.
//
// A release record says which segment is the lowest still needed, always one that begins with a base. It follows in the
// stream whatever made the segments before it dead, so when it is durable, so is that; only then are files touched.
#include "journal.h"

namespace scriptorium {

// Called with the mutex held, whenever a segment may have lost its last live batch or a new one was begun.
void Journal::ReleaseDead() {
  if (based_.empty()) return;
  const auto& live = index_.use().live_bytes();
  const uint64_t lowest = live.empty() ? *based_.rbegin() : live.begin()->first;
  const auto after = based_.upper_bound(lowest);
  if (after == based_.begin()) return;
  const uint64_t needed = *std::prev(after);
  if (needed <= released_ || !segments_->AnyBelow(needed)) return;
  std::array<uint8_t, kReleaseBytes> payload{};
  Store<uint64_t>(payload.data(), needed);
  // If it is not taken now, the next change asks again.
  Result<GroupCommit::Appended> appended = commit_->Append(RecordType::kRelease, 0, payload);
  if (!appended.ok()) return;
  released_ = needed;
  based_.erase(based_.begin(), based_.find(needed));
  based_.insert(appended.value().payload.segment);
}

bool Journal::Drive(bool wait) {
  bool moved = commit_->Drive(wait);
  if (driven_by_ != DrivenBy::kNobody) return moved;
  while (segments_->RunOnce() || Compact()) moved = true;
  return moved;
}

}  // namespace scriptorium
