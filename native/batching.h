// When a block leaves for the disk: the one decision of group commit that is worth tuning. A policy is asked whenever
// the disk could take another block; it only ever delays, and never a block that is full.
#ifndef SCRIPTORIUM_BATCHING_H_
#define SCRIPTORIUM_BATCHING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace scriptorium {

class BatchingPolicy {
 public:
  using Micros = std::chrono::microseconds;
  virtual ~BatchingPolicy() = default;
  // How much longer the waiting bytes should wait for company; zero or less: not at all. `age` is how long the disk
  // could have had them. Must not block; called under a lock.
  virtual Micros Delay(size_t waiting_bytes, Micros age) const = 0;
};

// What arrived while the disk was busy becomes the next block; nobody waits on purpose. The default.
class ImmediateBatching final : public BatchingPolicy {
 public:
  Micros Delay(size_t, Micros) const override { return Micros(0); }
};

// Waits up to `linger`, or until `enough_bytes` wait: fewer and larger blocks, for disks that charge by the write.
class LingerBatching final : public BatchingPolicy {
 public:
  LingerBatching(Micros linger, size_t enough_bytes) : linger_(linger), enough_bytes_(enough_bytes) {}
  Micros Delay(size_t waiting_bytes, Micros age) const override {
    return waiting_bytes >= enough_bytes_ ? Micros(0) : linger_ - age;
  }

 private:
  Micros linger_;
  size_t enough_bytes_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BATCHING_H_
