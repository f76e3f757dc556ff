// Write queues over blocking calls: what Submit starts has ended when it returns.
#include <sys/uio.h>

#include <cerrno>

#include "file.h"

namespace scriptorium {
namespace {

constexpr int kDsyncFlag = 0x2;  // RWF_DSYNC, by number: the C library's header may be older than the kernel.

class Blocking final : public WriteQueue {
 public:
  explicit Blocking(WriteMode mode) : mode_(mode) {}

  void Submit(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment, uint64_t tag) override {
    completions_.push_back({tag, mode_ == WriteMode::kDataSync ? WriteDurably(file, from, bytes, offset, alignment)
                                                               : WriteThenSync(file, from, bytes, offset, alignment)});
  }

  void Reap(bool, std::vector<Completion>* completions) override {
    for (Completion& completion : completions_) completions->push_back(std::move(completion));
    completions_.clear();
  }

 private:
  static Status WriteThenSync(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment) {
    if (Status status = WriteFully(file, from, bytes, offset, alignment); !status.ok()) return status;
    return file.DataSync();
  }

  // No retry after an error: the call includes the sync, and after a failed one nothing is known (R30).
  static Status WriteDurably(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment) {
    for (size_t done = 0; done < bytes;) {
      iovec part{const_cast<uint8_t*>(from + done), bytes - done};
      const ssize_t written = pwritev2(file.descriptor(), &part, 1, static_cast<off_t>(offset + done), kDsyncFlag);
      if (written < 0) {
        return FromErrno(errno, "durable write", file.path() + " at offset " + std::to_string(offset + done));
      }
      if (written == 0 || static_cast<size_t>(written) % alignment != 0) {
        return ShortWrite(file, offset + done, static_cast<size_t>(written), bytes - done);
      }
      done += static_cast<size_t>(written);
    }
    return Status();
  }

  WriteMode mode_;
  std::vector<Completion> completions_;
};

}  // namespace

std::unique_ptr<WriteQueue> BlockingWriteQueue(WriteMode mode) { return std::make_unique<Blocking>(mode); }

}  // namespace scriptorium
