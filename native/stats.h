// Counters of one open journal. Written by whoever moves the journal on, read by anyone; each is exact, together they
// are a sketch.
#ifndef SCRIPTORIUM_STATS_H_
#define SCRIPTORIUM_STATS_H_

#include <atomic>
#include <cstdint>

namespace scriptorium {

struct Counters {
  std::atomic<uint64_t> blocks{0};
  std::atomic<uint64_t> block_bytes{0};
  std::atomic<uint64_t> records{0};
  std::atomic<uint64_t> syncs{0};
  std::atomic<uint64_t> damaged{0};              // Batches found damaged, by opening, reading or scrubbing.
  std::atomic<uint64_t> repaired{0};             // Batches put in their place.
  std::atomic<uint64_t> scrubbed_bytes{0};       // Read back only to see whether they hold.
  std::atomic<uint64_t> scrub_passes{0};         // Times that everything was.
  std::atomic<uint64_t> last_durable_micros{0};  // From submission until it was durable.
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_STATS_H_
