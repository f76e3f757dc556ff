// Reads back what nobody asks for, to find damage while other scribes still have what was lost (S53).
//
// It walks the batches of every group through the journal's own reading, which checks each and notes what does not
// hold; so it can say nothing that a reader would not, and repairs nothing itself. It reads at most so many bytes a
// second, and a fraction of that while blocks are being written. Never holds a lock while the disk works.
#ifndef SCRIPTORIUM_SCRUBBER_H_
#define SCRIPTORIUM_SCRUBBER_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "stats.h"

namespace scriptorium {

class Journal;

class Scrubber {
 public:
  Scrubber(Journal& journal, Counters& counters) : journal_(journal), counters_(counters) {}
  ~Scrubber() { Stop(); }

  // Scrubs on a thread, over and over.
  void Start(uint64_t bytes_per_second);
  // Ends the thread. Idempotent.
  void Stop();
  // Reads the next few batches; how many bytes that took, 0 at the end of a pass. Only without a thread.
  size_t Step();

 private:
  bool FindNext();
  void NextGroup();
  void Run();
  bool Wait(std::chrono::nanoseconds time);

  // Of one read, so that a pause is short.
  static constexpr size_t kStepBytes = 256 << 10;
  // How many turns it gives up, at most, to blocks that are being written.
  static constexpr int kMaxYields = 3;
  static constexpr std::chrono::seconds kBetweenPasses{1};

  Journal& journal_;
  Counters& counters_;
  std::vector<uint64_t> groups_;  // Of this pass.
  size_t group_ = 0;              // In which of them,
  uint64_t index_ = 0;            // and from where on it goes on.
  std::vector<uint8_t> bytes_;

  uint64_t bytes_per_second_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SCRUBBER_H_
