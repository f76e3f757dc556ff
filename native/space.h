// Room on the disk for another segment: whether there is any, as far as is known, and when to look again.
//
// Trying is the only way to know, so this remembers what the last try came to. A try that met a full disk is repeated
// after a pause that doubles up to a bound, and at once when something was freed. While there is no room, batches leave
// the end of the last segment to what a full journal still has to write: terms and votes, cuts, releases and seals.
//
// Not safe for threads by itself; the segment store guards it.
#ifndef SCRIPTORIUM_SPACE_H_
#define SCRIPTORIUM_SPACE_H_

#include <chrono>
#include <cstdint>

#include "status.h"

namespace scriptorium {

class Space {
 public:
  using Clock = std::chrono::steady_clock;

  // A segment was made, or could not be. True if that is news: there is no room any more, or there is again. A failure
  // of another kind says nothing about room.
  bool Tried(const Status& made, Clock::time_point now);
  // Something was given back to the disk, or can be used again.
  void Freed();

  // NO_SPACE with the cause as long as there is none.
  const Status& lack() const { return lack_; }
  bool lacking() const { return !lack_.ok(); }
  // When to try again while there is none.
  Clock::time_point next_try() const { return next_try_; }

  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5000};

 private:
  Status lack_;
  Clock::duration pause_ = kFirstPause;
  Clock::time_point next_try_;
};

// Bytes at the end of a segment that takes blocks in `capacity` bytes, which batches leave free while there is no room
// for another one: for some hundred blocks of the smallest kind, each with a seal behind it or not.
uint64_t ReservedBytes(uint64_t capacity, uint32_t alignment);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SPACE_H_
