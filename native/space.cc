#include "space.h"

#include <algorithm>

namespace scriptorium {
namespace {

constexpr uint64_t kReservedBlocks = 256;
// Of a segment with large blocks, or a small one, no more than this part.
constexpr uint64_t kLargestShare = 8;

}  // namespace

bool Space::Tried(const Status& made, Clock::time_point now) {
  const bool lacked = lacking();
  if (made.code() == Code::kNoSpace) {
    lack_ = made;
    next_try_ = now + pause_;
    pause_ = std::min<Clock::duration>(2 * pause_, kLongestPause);
  } else if (made.ok()) {
    lack_ = Status();
    pause_ = kFirstPause;
  }
  return lacking() != lacked;
}

void Space::Freed() {
  pause_ = kFirstPause;
  next_try_ = Clock::time_point();
}

uint64_t ReservedBytes(uint64_t capacity, uint32_t alignment) {
  return std::min(kReservedBlocks * alignment, capacity / kLargestShare);
}

}  // namespace scriptorium
