// Writes that complete when the simulator says so, in whatever order it likes: the seam between the engine's group
// commit and virtual time. Each write is durable by itself and not before it completes.
#ifndef SCRIPTORIUM_TEST_SIM_STEPPED_QUEUE_H_
#define SCRIPTORIUM_TEST_SIM_STEPPED_QUEUE_H_

#include <algorithm>
#include <utility>
#include <vector>

#include "../../../native/file_fault.h"

namespace scriptorium::sim {

// A bug to put in, to see that the simulator names it. The first two are of the queue, kEarly is of who calls the engine.
enum class Bug {
  kNone,
  kUnsynced,  // a write that was only written is told to be durable
  kCovers,    // a write that completes is taken to cover those that were handed over after it
  kCuts,      // a recovery that is refused for what rotted is done again with that cut off
  kTears,     // what is damaged at the end of the log when a journal opens is cut off as if it were torn
  kRaw,       // a read gives what stands there, whether it holds or not
  kEarly,     // a repair counts before it is durable
};

class SteppedQueue final : public WriteQueue {
 public:
  explicit SteppedQueue(const Bug& bug) : bug_(bug) {}

  void Submit(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment, uint64_t tag) override {
    Status status = WriteFully(file, from, bytes, offset, alignment);
    in_flight_.push_back({&file, bytes, offset, tag, std::move(status)});
    submitted_.push_back(tag);
  }

  // Who waits has the oldest complete: only opening and closing a journal do.
  void Reap(bool wait, std::vector<Completion>* completions) override {
    if (wait && completed_.empty() && !in_flight_.empty()) Complete(in_flight_.front().tag);
    completions->insert(completions->end(), completed_.begin(), completed_.end());
    completed_.clear();
  }

  // False if no such write is on its way.
  bool Complete(uint64_t tag) {
    const auto found = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const Write& w) { return w.tag == tag; });
    if (found == in_flight_.end()) return bug_ == Bug::kCovers;
    if (found->status.ok() && bug_ != Bug::kUnsynced) {
      found->status = FaultFileSystem::MakeDurable(*found->file, found->offset, found->bytes);
    }
    completed_.push_back({tag, found->status});
    in_flight_.erase(found);
    if (bug_ != Bug::kCovers) return true;
    for (const Write& write : in_flight_) {
      if (write.tag > tag) completed_.push_back({write.tag, Status()});
    }
    std::erase_if(in_flight_, [&](const Write& write) { return write.tag > tag; });
    return true;
  }

  // The writes that were handed over since the last time.
  std::vector<uint64_t> TakeSubmitted() { return std::exchange(submitted_, {}); }

 private:
  struct Write {
    File* file;
    size_t bytes;
    uint64_t offset;
    uint64_t tag;
    Status status;
  };
  const Bug& bug_;  // May be put in later.
  std::vector<Write> in_flight_;
  std::vector<Completion> completed_;
  std::vector<uint64_t> submitted_;
};

}  // namespace scriptorium::sim

#endif  // SCRIPTORIUM_TEST_SIM_STEPPED_QUEUE_H_
