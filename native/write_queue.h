// Writes on their way to a disk: the part of the seam to the operating system (file.h) that group commit uses. A write
// is durable when its completion says OK, and not before, whichever way the queue takes it there. Completions come in
// any order. Memory and file of a write must stay until it completed.
#ifndef SCRIPTORIUM_WRITE_QUEUE_H_
#define SCRIPTORIUM_WRITE_QUEUE_H_

#include <cstdint>
#include <vector>

#include "status.h"

namespace scriptorium {

class File;

// How a block is made durable. Which is fastest differs by disk and kernel; the order here is that of preference.
enum class WriteMode : uint8_t {
  kRing,      // io_uring, each write durable by itself (RWF_DSYNC), several in flight
  kDataSync,  // pwritev2 with RWF_DSYNC: one call
  kSync,      // pwrite, then fdatasync: works everywhere
};

constexpr const char* WriteModeName(WriteMode mode) {
  switch (mode) {
    case WriteMode::kRing:
      return "io_uring";
    case WriteMode::kDataSync:
      return "dsync";
    case WriteMode::kSync:
      return "fdatasync";
  }
  return "fdatasync";
}

struct Completion {
  uint64_t tag;
  Status status;
};

class WriteQueue {
 public:
  virtual ~WriteQueue() = default;
  // Starts a write; at most `depth` may be on their way. Queues that know only blocking calls do all of it here.
  // `alignment` is that of the file's offsets and lengths.
  virtual void Submit(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment,
                      uint64_t tag) = 0;
  // Adds what completed since the last time; waits for one if told to and any is on its way.
  virtual void Reap(bool wait, std::vector<Completion>* completions) = 0;
  // Readable when something completed, for a caller with an event loop; -1 if the queue blocks in Submit.
  virtual int event_descriptor() const { return -1; }
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_WRITE_QUEUE_H_
