#include "scrubber.h"

#include <algorithm>

#include "journal.h"

namespace scriptorium {

void Scrubber::Start(uint64_t bytes_per_second) {
  bytes_per_second_ = bytes_per_second;
  thread_ = std::thread([this] { Run(); });
}

void Scrubber::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

size_t Scrubber::Step() {
  if (groups_.empty()) groups_ = journal_.Groups();
  while (FindNext()) {
    Result<ReadPlan> plan = journal_.PlanRead(groups_[group_], index_, kStepBytes);
    if (!plan.ok()) {
      // Cut since it was looked up, or not yet durable: the group's turn comes again in the next pass.
      NextGroup();
      continue;
    }
    const ReadPlan& read = plan.value();
    bytes_.resize(read.bytes);
    const uint64_t known = counters_.damaged;
    if (journal_.Read(read, bytes_.data()).ok()) {
      // The bytes hold, so the last of them say where the next batch begins.
      const size_t last = read.pieces.back().bytes;
      index_ = ParseBatchHeader(std::span(bytes_).last(last)).value().last_index() + 1;
    } else if (counters_.damaged == known) {
      // Not the batch's fault, so nothing to be said about it.
      NextGroup();
    }
    counters_.scrubbed_bytes += read.bytes;
    return read.bytes;
  }
  // The pass is over; the next one begins after a pause, and never within the same step.
  ++counters_.scrub_passes;
  groups_.clear();
  group_ = 0;
  return 0;
}

void Scrubber::NextGroup() {
  ++group_;
  index_ = 0;
}

// Moves on to the next batch that can be read, at `index_` or behind it; false at the end of the pass.
bool Scrubber::FindNext() {
  for (; group_ < groups_.size(); NextGroup()) {
    bool found = false;
    journal_.VisitGroup(groups_[group_], [&](const GroupLog& log) {
      index_ = std::max(index_, log.log_start().index + 1);
      if (index_ > log.tail().index) return;
      size_t at = log.Find(index_);
      while (at < log.batches().size() && log.Unreadable(at)) ++at;
      if (at == log.batches().size()) return;
      index_ = std::max(index_, log.batches()[at].first_index);
      found = true;
    });
    if (found) return true;
  }
  return false;
}

void Scrubber::Run() {
  for (;;) {
    const size_t bytes = Step();
    if (bytes == 0) {
      if (!Wait(kBetweenPasses)) return;
      continue;
    }
    const std::chrono::nanoseconds turn(bytes * 1'000'000'000 / bytes_per_second_);
    for (int yields = 0; yields <= kMaxYields; ++yields) {
      const uint64_t blocks = counters_.blocks;
      if (!Wait(turn)) return;
      if (counters_.blocks == blocks) break;
    }
  }
}

// False once it was stopped.
bool Scrubber::Wait(std::chrono::nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopped_; });
}

}  // namespace scriptorium
