// Journals on the real disk: a directory that goes away by itself, and a caller that moves a journal on like an event
// loop, until it has what it waits for.
#ifndef SCRIPTORIUM_TEST_SCRATCH_H_
#define SCRIPTORIUM_TEST_SCRATCH_H_

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "check.h"
#include "fixture.h"

namespace scriptorium::test {

// A directory on the disk of the checkout, gone afterwards.
class Scratch {
 public:
  Scratch() {
    if (mkdtemp(path_) == nullptr) Fail(__FILE__, __LINE__, "cannot make a directory");
  }
  ~Scratch() {
    Result<std::vector<std::string>> names = PosixFileSystem().List(path_);
    if (!names.ok()) return;
    for (const std::string& name : names.value()) (void)PosixFileSystem().Remove(JoinPath(path_, name));
    rmdir(path_);
  }
  std::string path() const { return path_; }

 private:
  char path_[64] = "build/native-test/driven-XXXXXX";
};

inline OpenOptions Options(const Scratch& scratch, WriteMode mode, DrivenBy driven_by) {
  OpenOptions options;
  options.directory = scratch.path();
  options.write_mode = mode;
  options.driven_by = driven_by;
  return options;
}

inline void FormatScratch(const Scratch& scratch) {
  FormatOptions options = TinyFormat();
  options.directory = scratch.path();
  options.segment_bytes = 1 << 20;
  CHECK_OK(Journal::Format(PosixFileSystem(), options));
}

class Durable final : public JournalListener {
 public:
  void OnDurable(uint64_t ticket) override { durable = ticket; }
  void OnFailure(const Status& status) override {
    if (status.code() != may_fail) Fail(__FILE__, __LINE__, status.message());
    ++failures;
  }
  void OnSpace() override { ++spaces; }
  std::atomic<uint64_t> durable{0};
  std::atomic<int> spaces{0};
  std::atomic<int> failures{0};
  Code may_fail = Code::kOk;
};

// Moves the journal on as an event loop would, until it is `done`.
template <typename Done>
void DriveUntil(Journal& journal, Done done) {
  while (!done()) {
    pollfd ready{journal.event_descriptor(), POLLIN, 0};
    if (journal.event_descriptor() >= 0) {
      // What other threads append shows in no descriptor, so look again now and then.
      if (poll(&ready, 1, 1) > 0) {
        uint64_t signals;
        CHECK(read(journal.event_descriptor(), &signals, sizeof signals) == sizeof signals);
      }
      journal.Drive(false);
    } else {
      std::this_thread::yield();
    }
  }
}

inline void DriveUntil(Journal& journal, const Durable& durable, uint64_t ticket) {
  DriveUntil(journal, [&] { return durable.durable >= ticket; });
}

inline bool RingIsHere() {
  if (RingWriteQueue(1).ok()) return true;
  std::printf("# io_uring is not to be had here\n");
  return false;
}

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_SCRATCH_H_
