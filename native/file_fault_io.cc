// Transfers of the disk in memory: files, and the queue whose writes are durable one by one.
#include <algorithm>
#include <cerrno>

#include "file_fault.h"

namespace scriptorium {

class FaultFile final : public File {
 public:
  using Disk = FaultFileSystem;
  FaultFile(FaultFileSystem& disk, FaultFileSystem::NodePointer node, std::string path, bool direct)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), direct_(direct) {}

  Result<size_t> ReadAt(uint8_t* to, size_t bytes, uint64_t offset) override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next("read", path_);
    if (Disk::Prevents(fault) || fault == Fault::kCrashAfter) return Disk::Failed(fault, "read", path_);
    if (!Aligned(to, bytes, offset)) return FromErrno(EINVAL, "read", path_);
    size_t count = offset >= node_->size ? 0 : std::min<uint64_t>(bytes, node_->size - offset);
    if (fault == Fault::kShort) count = RoundDown(count / 2, 4096);
    if (fault == Fault::kBitRot && count > 0) Disk::FlipBit(*node_, RandomBit(offset, count));
    if (fault == Fault::kStale) {
      std::memset(to, 0, count);
      const uint64_t size = node_->previous.size();
      if (offset < size) node_->previous.Read(to, std::min<uint64_t>(count, size - offset), offset);
      return count;
    }
    Disk::Read(*node_, to, count, fault == Fault::kMisdirected ? Elsewhere(offset, count) : offset);
    return count;
  }

  Result<size_t> WriteAt(const uint8_t* from, size_t bytes, uint64_t offset) override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next("write", path_);
    if (fault == Fault::kError || fault == Fault::kNoSpace || fault == Fault::kCrashBefore) {
      return Disk::Failed(fault, "write", path_);
    }
    if (!Aligned(from, bytes, offset)) return FromErrno(EINVAL, "write", path_);
    if (fault == Fault::kLost) return bytes;
    const size_t count = fault == Fault::kShort ? RoundDown(bytes / 2, 4096) : bytes;
    const uint64_t at = fault == Fault::kMisdirected ? Elsewhere(offset, count) : offset;
    Disk::Write(*node_, from, count, at);
    if (at != offset) Disk::MakeDurable(*node_, at, count);
    if (fault == Fault::kBitRot && count > 0) Disk::FlipBit(*node_, RandomBit(offset, count));
    if (fault == Fault::kCrash || fault == Fault::kCrashAfter) return Disk::Failed(fault, "write", path_);
    return count;
  }

  Status DataSync() override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next("fdatasync", path_);
    if (Disk::Prevents(fault)) return Disk::Failed(fault, "fdatasync", path_);
    Disk::MakeDurable(*node_);
    return Disk::Done(fault, "fdatasync", path_);
  }

  Status Sync() override { return DataSync(); }

  // Of one write that completes: that much survives, and nothing else because of it.
  Status MakeDurable(uint64_t offset, size_t bytes) {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next("durable write", path_);
    if (Disk::Prevents(fault)) return Disk::Failed(fault, "durable write", path_);
    Disk::MakeDurable(*node_, offset, bytes);
    return Disk::Done(fault, "durable write", path_);
  }

  Status Allocate(uint64_t bytes) override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next("allocate", path_);
    if (Disk::Prevents(fault) || fault == Fault::kNoSpace) return Disk::Failed(fault, "allocate", path_);
    if (disk_.full_) return Disk::Failed(Fault::kNoSpace, "allocate", path_);
    node_->size = std::max(node_->size, bytes);
    return Disk::Done(fault, "allocate", path_);
  }

  Result<uint64_t> Size() override {
    std::lock_guard lock(disk_.mutex_);
    return node_->size;
  }

  const std::string& path() const override { return path_; }

 private:
  bool Aligned(const uint8_t* memory, size_t bytes, uint64_t offset) const {
    const uint64_t alignment = disk_.alignment_;
    return !direct_ ||
           (reinterpret_cast<uintptr_t>(memory) % alignment == 0 && bytes % alignment == 0 && offset % alignment == 0);
  }

  // Where a transfer goes that loses its way: a page further, or a page before, inside the file.
  uint64_t Elsewhere(uint64_t offset, size_t bytes) const {
    const uint64_t page = std::max<uint64_t>(disk_.alignment_, 4096);
    if (offset + bytes + page <= node_->size) return offset + page;
    return offset >= page ? offset - page : offset;
  }
  uint64_t RandomBit(uint64_t offset, size_t bytes) { return 8 * offset + NextRandom(&disk_.random_) % (8 * bytes); }

  FaultFileSystem& disk_;
  FaultFileSystem::NodePointer node_;
  std::string path_;
  bool direct_;
};

// Takes writes like io_uring does: all at once, completed in any order.
class FaultQueue final : public WriteQueue {
 public:
  explicit FaultQueue(FaultFileSystem& disk) : disk_(disk) {}

  void Submit(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment, uint64_t tag) override {
    Status status = WriteFully(file, from, bytes, offset, alignment);
    in_flight_.push_back({&static_cast<FaultFile&>(file), bytes, offset, tag, std::move(status)});
  }

  void Reap(bool wait, std::vector<Completion>* completions) override {
    // Who does not wait finds something completed now and then.
    if (in_flight_.empty() || (!wait && disk_.RandomNumber() % 4 != 0)) return;
    const auto chosen = in_flight_.begin() + static_cast<ptrdiff_t>(disk_.RandomNumber() % in_flight_.size());
    Write write = std::move(*chosen);
    in_flight_.erase(chosen);
    if (write.status.ok()) write.status = write.file->MakeDurable(write.offset, write.bytes);
    completions->push_back({write.tag, std::move(write.status)});
  }

 private:
  struct Write {
    FaultFile* file;
    size_t bytes;
    uint64_t offset;
    uint64_t tag;
    Status status;
  };
  FaultFileSystem& disk_;
  std::vector<Write> in_flight_;
};

Status FaultFileSystem::MakeDurable(File& file, uint64_t offset, size_t bytes) {
  return static_cast<FaultFile&>(file).MakeDurable(offset, bytes);
}

std::unique_ptr<File> FaultFileSystem::NewFile(NodePointer node, const std::string& path, bool direct) {
  return std::make_unique<FaultFile>(*this, std::move(node), path, direct);
}

Result<std::unique_ptr<WriteQueue>> FaultFileSystem::OpenQueue(WriteMode mode, uint32_t) {
  if (make_queue_) return make_queue_();
  if (mode == WriteMode::kSync) return BlockingWriteQueue(mode);
  return std::unique_ptr<WriteQueue>(std::make_unique<FaultQueue>(*this));
}

}  // namespace scriptorium
