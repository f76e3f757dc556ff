// How many bytes of batches that are still part of a log each segment holds. Segments below the first that holds any
// are dead weight, and one that holds very little keeps all that follow it from being freed. Kept up to date with every
// change of the index, so that asking costs nothing.
#ifndef SCRIPTORIUM_SEGMENT_USE_H_
#define SCRIPTORIUM_SEGMENT_USE_H_

#include <cstdint>
#include <map>

namespace scriptorium {

class SegmentUse {
 public:
  // Segment 0 stands for a hole, which takes no space.
  void Keep(uint32_t segment, uint32_t bytes) {
    if (segment != 0) live_bytes_[segment] += bytes;
  }
  void Forget(uint32_t segment, uint32_t bytes) {
    const auto found = live_bytes_.find(segment);
    if (found != live_bytes_.end() && (found->second -= bytes) == 0) live_bytes_.erase(found);
  }
  // By segment; those that hold nothing are left out. No batch is empty, so nothing and zero bytes are the same.
  const std::map<uint32_t, uint64_t>& live_bytes() const { return live_bytes_; }

 private:
  std::map<uint32_t, uint64_t> live_bytes_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_USE_H_
