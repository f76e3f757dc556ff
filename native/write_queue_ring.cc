// A write queue over io_uring, by system calls alone: no library is needed, and where the kernel or a container forbids
// the ring, making it fails and another mode is taken.
//
// Each write carries RWF_DSYNC, so its completion means durable. A short write goes on where it ended while that is
// aligned; "try again" is obeyed a bounded number of times; every other result is the write's end. The completion ring
// holds twice what may be in flight and so cannot overflow; should the kernel say that it did, everything in flight has
// failed, for nothing is known about it any more.
#include <linux/io_uring.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "file.h"

namespace scriptorium {
namespace {

constexpr int kDsyncFlag = 0x2;  // RWF_DSYNC
constexpr int kMaxRetries = 64;

class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (bytes_ != nullptr) munmap(bytes_, size_);
  }
  bool Map(int descriptor, size_t size, uint64_t offset) {
    void* at =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, static_cast<off_t>(offset));
    if (at == MAP_FAILED) return false;
    bytes_ = static_cast<uint8_t*>(at);
    size_ = size;
    return true;
  }
  template <typename T>
  T* At(size_t offset) const {
    return reinterpret_cast<T*>(bytes_ + offset);
  }

 private:
  uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
};

class Ring final : public WriteQueue {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() override {
    if (ring_ >= 0) close(ring_);
    if (event_ >= 0) close(event_);
  }

  Status SetUp(uint32_t depth) {
    io_uring_params parameters{};
    ring_ = static_cast<int>(syscall(SYS_io_uring_setup, depth, &parameters));
    if (ring_ < 0) return FromErrno(errno, "set up", "io_uring");
    const io_sqring_offsets& submission = parameters.sq_off;
    const io_cqring_offsets& completion = parameters.cq_off;
    if ((parameters.features & IORING_FEAT_SINGLE_MMAP) == 0) return FromErrno(ENOSYS, "set up", "io_uring");
    const size_t ring_bytes = std::max<size_t>(submission.array + parameters.sq_entries * sizeof(uint32_t),
                                               completion.cqes + size_t{parameters.cq_entries} * sizeof(io_uring_cqe));
    if (!rings_.Map(ring_, ring_bytes, IORING_OFF_SQ_RING) ||
        !entries_.Map(ring_, parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES)) {
      return FromErrno(errno, "map", "io_uring");
    }
    submission_tail_ = rings_.At<uint32_t>(submission.tail);
    submission_mask_ = *rings_.At<uint32_t>(submission.ring_mask);
    submission_array_ = rings_.At<uint32_t>(submission.array);
    completion_head_ = rings_.At<uint32_t>(completion.head);
    completion_tail_ = rings_.At<uint32_t>(completion.tail);
    completion_mask_ = *rings_.At<uint32_t>(completion.ring_mask);
    completion_overflow_ = rings_.At<uint32_t>(completion.overflow);
    completions_ = rings_.At<io_uring_cqe>(completion.cqes);
    event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event_ < 0) return FromErrno(errno, "make", "eventfd");
    if (syscall(SYS_io_uring_register, ring_, IORING_REGISTER_EVENTFD, &event_, 1) != 0) {
      return FromErrno(errno, "register an eventfd with", "io_uring");
    }
    slots_.resize(depth);
    return Status();
  }

  void Submit(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment, uint64_t tag) override {
    size_t slot = 0;
    while (slot < slots_.size() && slots_[slot].file != nullptr) ++slot;
    if (slot == slots_.size()) {
      settled_.push_back({tag, Status(Code::kIoError, "more writes in flight than the queue is deep")});
      return;
    }
    slots_[slot] = {&file, from, bytes, offset, alignment, tag, 0};
    ++in_flight_;
    Start(slot);
  }

  void Reap(bool wait, std::vector<Completion>* completions) override {
    Collect(completions);
    for (int attempt = 0; wait && completions->empty() && in_flight_ > 0; ++attempt) {
      const long result = syscall(SYS_io_uring_enter, ring_, 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
      if (result < 0 && errno != EINTR && attempt >= kMaxRetries) {
        FailAll(FromErrno(errno, "wait for", "io_uring"));
      }
      Collect(completions);
    }
  }

  int event_descriptor() const override { return event_; }

 private:
  struct Slot {
    File* file = nullptr;  // Null: free.
    const uint8_t* from = nullptr;
    size_t bytes = 0;
    uint64_t offset = 0;
    size_t alignment = 1;
    uint64_t tag = 0;
    int retries = 0;
  };

  void Start(size_t slot) {
    const Slot& write = slots_[slot];
    const uint32_t tail = *submission_tail_;
    const uint32_t index = tail & submission_mask_;
    io_uring_sqe& entry = entries_.At<io_uring_sqe>(0)[index];
    std::memset(&entry, 0, sizeof entry);
    entry.opcode = IORING_OP_WRITE;
    entry.fd = write.file->descriptor();
    entry.addr = reinterpret_cast<uint64_t>(write.from);
    entry.len = static_cast<uint32_t>(write.bytes);
    entry.off = write.offset;
    entry.rw_flags = kDsyncFlag;
    entry.user_data = slot;
    submission_array_[index] = index;
    __atomic_store_n(submission_tail_, tail + 1, __ATOMIC_RELEASE);
    for (int attempt = 0;; ++attempt) {
      const long result = syscall(SYS_io_uring_enter, ring_, 1, 0, 0, nullptr, 0);
      if (result == 1) return;
      if (result < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY) break;
      if (attempt >= kMaxRetries) break;
    }
    // The entry may still be in the ring: nothing more goes through it.
    FailAll(FromErrno(errno, "submit to", "io_uring"));
  }

  void Collect(std::vector<Completion>* completions) {
    uint32_t head = *completion_head_;
    while (head != __atomic_load_n(completion_tail_, __ATOMIC_ACQUIRE)) {
      const io_uring_cqe completion = completions_[head & completion_mask_];
      __atomic_store_n(completion_head_, ++head, __ATOMIC_RELEASE);
      Settle(completion.user_data, completion.res);
    }
    if (__atomic_load_n(completion_overflow_, __ATOMIC_RELAXED) != 0) {
      FailAll(Status(Code::kIoError, "io_uring lost completions"));
    }
    for (Completion& completion : settled_) completions->push_back(std::move(completion));
    settled_.clear();
  }

  void Settle(uint64_t slot, int32_t result) {
    if (slot >= slots_.size() || slots_[slot].file == nullptr) return;
    Slot& write = slots_[slot];
    if ((result == -EAGAIN || result == -EINTR) && ++write.retries <= kMaxRetries) return Start(slot);
    if (result < 0) {
      return Finish(write, FromErrno(-result, "durable write",
                                     write.file->path() + " at offset " + std::to_string(write.offset)));
    }
    const auto written = static_cast<size_t>(result);
    if (written == write.bytes) return Finish(write, Status());
    if (written == 0 || written > write.bytes || written % write.alignment != 0) {
      return Finish(write, ShortWrite(*write.file, write.offset, written, write.bytes));
    }
    write.from += written;
    write.offset += written;
    write.bytes -= written;
    Start(slot);
  }

  void Finish(Slot& write, Status status) {
    settled_.push_back({write.tag, std::move(status)});
    write.file = nullptr;
    --in_flight_;
  }

  void FailAll(const Status& status) {
    for (Slot& write : slots_) {
      if (write.file != nullptr) Finish(write, status);
    }
  }

  int ring_ = -1;
  int event_ = -1;
  Mapping rings_;
  Mapping entries_;
  uint32_t* submission_tail_ = nullptr;
  uint32_t submission_mask_ = 0;
  uint32_t* submission_array_ = nullptr;
  uint32_t* completion_head_ = nullptr;
  uint32_t* completion_tail_ = nullptr;
  uint32_t completion_mask_ = 0;
  uint32_t* completion_overflow_ = nullptr;
  io_uring_cqe* completions_ = nullptr;
  std::vector<Slot> slots_;
  size_t in_flight_ = 0;
  std::vector<Completion> settled_;
};

}  // namespace

Result<std::unique_ptr<WriteQueue>> RingWriteQueue(uint32_t depth) {
  auto ring = std::make_unique<Ring>();
  if (Status status = ring->SetUp(depth); !status.ok()) return status;
  return std::unique_ptr<WriteQueue>(std::move(ring));
}

}  // namespace scriptorium
