#include "file_fault.h"

#include <algorithm>
#include <cerrno>

namespace scriptorium {
namespace {

std::string ParentOf(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

}  // namespace

uint64_t NextRandom(uint64_t* state) {
  *state += 0x9e3779b97f4a7c15;
  uint64_t mixed = *state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

class FaultFile final : public File {
 public:
  FaultFile(FaultFileSystem& disk, FaultFileSystem::NodePointer node, std::string path, bool direct)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), direct_(direct) {}

  Result<size_t> ReadAt(uint8_t* to, size_t bytes, uint64_t offset) override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next();
    if (fault == Fault::kError || fault == Fault::kCrash) return disk_.Failed(fault, "read", path_);
    if (!Aligned(to, bytes, offset)) return FromErrno(EINVAL, "read", path_);
    size_t count = offset >= node_->size ? 0 : std::min<uint64_t>(bytes, node_->size - offset);
    if (fault == Fault::kShort) count = RoundDown(count / 2, 4096);
    FaultFileSystem::Read(*node_, to, count, offset);
    return count;
  }

  Result<size_t> WriteAt(const uint8_t* from, size_t bytes, uint64_t offset) override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next();
    if (fault == Fault::kError || fault == Fault::kNoSpace) return disk_.Failed(fault, "write", path_);
    if (fault == Fault::kCrash && disk_.operations_ != disk_.planned_operation_)
      return disk_.Failed(fault, "write", path_);
    if (!Aligned(from, bytes, offset)) return FromErrno(EINVAL, "write", path_);
    const size_t count = fault == Fault::kShort ? RoundDown(bytes / 2, 4096) : bytes;
    FaultFileSystem::Write(*node_, from, count, offset);
    if (fault == Fault::kCrash) return disk_.Failed(fault, "write", path_);
    return count;
  }

  Status DataSync() override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next();
    if (fault == Fault::kError || fault == Fault::kCrash) return disk_.Failed(fault, "fdatasync", path_);
    FaultFileSystem::MakeDurable(*node_);
    return Status();
  }

  Status Sync() override { return DataSync(); }

  // Of one write that completes: that much survives, and nothing else because of it.
  Status MakeDurable(uint64_t offset, size_t bytes) {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next();
    if (fault == Fault::kError || fault == Fault::kCrash) return disk_.Failed(fault, "durable write", path_);
    FaultFileSystem::MakeDurable(*node_, offset, bytes);
    return Status();
  }

  Status Allocate(uint64_t bytes) override {
    std::lock_guard lock(disk_.mutex_);
    const Fault fault = disk_.Next();
    if (fault != Fault::kNone && fault != Fault::kShort) return disk_.Failed(fault, "allocate", path_);
    node_->size = std::max(node_->size, bytes);
    return Status();
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

class FaultLock final : public DirectoryLock {
 public:
  FaultLock(FaultFileSystem& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  ~FaultLock() override {
    std::lock_guard lock(disk_.mutex_);
    disk_.locked_.erase(path_);
  }

 private:
  FaultFileSystem& disk_;
  std::string path_;
};

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, OpenMode mode, bool direct) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next();
  if (fault == Fault::kError || fault == Fault::kCrash) return Failed(fault, "open", path);
  auto found = names_.find(path);
  if (mode == OpenMode::kCreateOrReplace) {
    if (fault == Fault::kNoSpace) return Failed(fault, "open", path);
    // Emptying a file is a new node under the old name: a crash shows the old content or the new, never a mixture.
    Change({path, std::make_shared<Node>(), ""});
    found = names_.find(path);
  }
  if (found == names_.end()) return FromErrno(ENOENT, "open", path);
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, found->second, path, direct));
}

Result<std::vector<std::string>> FaultFileSystem::List(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next();
  if (fault == Fault::kError || fault == Fault::kCrash) return Failed(fault, "list", directory);
  if (!directories_.contains(directory)) return Status(Code::kNotFormatted, directory + ": no such directory");
  std::vector<std::string> names;
  for (const auto& [path, node] : names_) {
    if (ParentOf(path) == directory) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

Status FaultFileSystem::MakeDirectory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  if (const Fault fault = Next(); fault != Fault::kNone && fault != Fault::kShort) {
    return Failed(fault, "make directory", directory);
  }
  directories_.insert(directory);
  return Status();
}

Status FaultFileSystem::SyncDirectory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next();
  if (fault == Fault::kError || fault == Fault::kCrash) return Failed(fault, "fsync", directory);
  std::vector<NameChange> others;
  for (NameChange& change : changes_) {
    if (ParentOf(change.path) == directory) {
      Apply(durable_names_, change);
    } else {
      others.push_back(std::move(change));
    }
  }
  changes_ = std::move(others);
  return Status();
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  if (const Fault fault = Next(); fault != Fault::kNone && fault != Fault::kShort) return Failed(fault, "rename", from);
  const auto found = names_.find(from);
  if (found == names_.end()) return FromErrno(ENOENT, "rename", from);
  Change({to, found->second, from});
  return Status();
}

Status FaultFileSystem::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (const Fault fault = Next(); fault == Fault::kError || fault == Fault::kCrash)
    return Failed(fault, "remove", path);
  if (!names_.contains(path)) return FromErrno(ENOENT, "remove", path);
  Change({path, nullptr, ""});
  return Status();
}

Result<std::unique_ptr<DirectoryLock>> FaultFileSystem::Lock(const std::string& path) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next();
  if (fault == Fault::kError || fault == Fault::kCrash) return Failed(fault, "lock", path);
  if (!locked_.insert(path).second) return Status(Code::kLocked, path + ": the directory is open in process 1");
  if (!names_.contains(path)) Change({path, std::make_shared<Node>(), ""});
  return std::unique_ptr<DirectoryLock>(std::make_unique<FaultLock>(*this, path));
}

Result<Volume> FaultFileSystem::Describe(const std::string&) {
  std::lock_guard lock(mutex_);
  return Volume{"fault", true, alignment_};
}

Result<std::unique_ptr<WriteQueue>> FaultFileSystem::OpenQueue(WriteMode mode, uint32_t) {
  if (mode == WriteMode::kSync) return BlockingWriteQueue(mode);
  return std::unique_ptr<WriteQueue>(std::make_unique<FaultQueue>(*this));
}

uint64_t FaultFileSystem::RandomNumber() {
  std::lock_guard lock(mutex_);
  return NextRandom(&random_);
}

void FaultFileSystem::Plan(uint64_t operation, Fault fault) {
  std::lock_guard lock(mutex_);
  planned_operation_ = operation;
  planned_fault_ = fault;
}

uint64_t FaultFileSystem::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

bool FaultFileSystem::crashed() const {
  std::lock_guard lock(mutex_);
  return crashed_;
}

std::unique_ptr<FaultFileSystem> FaultFileSystem::AfterCrash(Survival survival, uint64_t seed) const {
  std::lock_guard lock(mutex_);
  uint64_t random = seed;
  const auto survives = [&] {
    return survival == Survival::kEverything || (survival == Survival::kRandom && (NextRandom(&random) & 1) != 0);
  };
  auto after = std::make_unique<FaultFileSystem>(random_ ^ seed, alignment_);
  after->directories_ = directories_;
  // Directories are journals of their own: of the unsynced changes a prefix survives.
  Names names = durable_names_;
  for (const NameChange& change : changes_) {
    if (!survives()) break;
    Apply(names, change);
  }
  for (const auto& [path, node] : names) {
    auto copy = std::make_shared<Node>();
    copy->durable = node->durable;
    if (node->size > copy->durable.size() && survives()) copy->durable.Resize(node->size);
    for (const auto& [number, sector] : node->unsynced) {
      const uint64_t offset = number * kSectorBytes;
      if (offset >= copy->durable.size() || !survives()) continue;
      copy->durable.Write(sector.data(), std::min(kSectorBytes, copy->durable.size() - offset), offset);
    }
    copy->size = copy->durable.size();
    after->names_[path] = copy;
  }
  after->durable_names_ = after->names_;
  return after;
}

std::vector<uint8_t> FaultFileSystem::Content(const std::string& path) const {
  std::lock_guard lock(mutex_);
  const Node& node = *names_.at(path);
  std::vector<uint8_t> bytes(node.size);
  Read(node, bytes.data(), bytes.size(), 0);
  return bytes;
}

void FaultFileSystem::SetContent(const std::string& path, std::vector<uint8_t> bytes) {
  std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  node->size = bytes.size();
  node->durable.Resize(bytes.size());
  node->durable.Write(bytes.data(), bytes.size(), 0);
  names_[path] = durable_names_[path] = node;
  directories_.insert(ParentOf(path));
}

DiskImage FaultFileSystem::Image() const {
  std::lock_guard lock(mutex_);
  DiskImage image;
  image.directories = directories_;
  for (const auto& [path, node] : names_) {
    PagedBytes content = node->durable;
    content.Resize(node->size);
    for (const auto& [number, sector] : node->unsynced) {
      const uint64_t offset = number * kSectorBytes;
      content.Write(sector.data(), std::min(kSectorBytes, node->size - offset), offset);
    }
    image.files[path] = std::move(content);
  }
  return image;
}

std::unique_ptr<FaultFileSystem> FaultFileSystem::FromImage(const DiskImage& image, uint64_t seed) {
  auto disk = std::make_unique<FaultFileSystem>(seed);
  disk->directories_ = image.directories;
  for (const auto& [path, content] : image.files) {
    auto node = std::make_shared<Node>();
    node->durable = content;
    node->size = content.size();
    disk->names_[path] = disk->durable_names_[path] = std::move(node);
  }
  return disk;
}

void FaultFileSystem::Erase(const std::string& path) {
  std::lock_guard lock(mutex_);
  names_.erase(path);
  durable_names_.erase(path);
}

std::vector<std::string> FaultFileSystem::Paths() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, node] : names_) paths.push_back(path);
  return paths;
}

Fault FaultFileSystem::Next() {
  ++operations_;
  if (crashed_) return Fault::kCrash;
  if (operations_ != planned_operation_) return Fault::kNone;
  crashed_ = planned_fault_ == Fault::kCrash;
  return planned_fault_;
}

Status FaultFileSystem::Failed(Fault fault, const std::string& operation, const std::string& path) const {
  return FromErrno(fault == Fault::kNoSpace ? ENOSPC : EIO, operation, path);
}

void FaultFileSystem::Apply(Names& names, const NameChange& change) {
  if (!change.renamed_from.empty()) names.erase(change.renamed_from);
  if (change.node == nullptr) {
    names.erase(change.path);
  } else {
    names[change.path] = change.node;
  }
}

void FaultFileSystem::Change(NameChange change) {
  Apply(names_, change);
  changes_.push_back(std::move(change));
}

void FaultFileSystem::Read(const Node& node, uint8_t* to, size_t bytes, uint64_t offset) {
  if (bytes == 0) return;
  const size_t stored = offset < node.durable.size() ? std::min<uint64_t>(bytes, node.durable.size() - offset) : 0;
  node.durable.Read(to, stored, offset);
  std::memset(to + stored, 0, bytes - stored);
  const auto first = node.unsynced.lower_bound(offset / kSectorBytes);
  for (auto at = first; at != node.unsynced.end() && at->first * kSectorBytes < offset + bytes; ++at) {
    const uint64_t begin = std::max(offset, at->first * kSectorBytes);
    const uint64_t end = std::min(offset + bytes, (at->first + 1) * kSectorBytes);
    std::memcpy(to + (begin - offset), at->second.data() + begin % kSectorBytes, end - begin);
  }
}

void FaultFileSystem::Write(Node& node, const uint8_t* from, size_t bytes, uint64_t offset) {
  node.size = std::max(node.size, offset + bytes);
  for (uint64_t at = offset; at < offset + bytes;) {
    const uint64_t number = at / kSectorBytes;
    const uint64_t end = std::min(offset + bytes, (number + 1) * kSectorBytes);
    Sector sector;
    if (end - at < kSectorBytes) Read(node, sector.data(), kSectorBytes, number * kSectorBytes);
    std::memcpy(sector.data() + at % kSectorBytes, from + (at - offset), end - at);
    node.unsynced[number] = sector;
    at = end;
  }
}

void FaultFileSystem::MakeDurable(Node& node) { MakeDurable(node, 0, node.size); }

// A write is nothing without the length that makes it readable.
void FaultFileSystem::MakeDurable(Node& node, uint64_t offset, size_t bytes) {
  node.durable.Resize(node.size);
  const auto first = node.unsynced.lower_bound(offset / kSectorBytes);
  const auto last = node.unsynced.lower_bound((offset + bytes + kSectorBytes - 1) / kSectorBytes);
  for (auto at = first; at != last; ++at) {
    const uint64_t begin = at->first * kSectorBytes;
    node.durable.Write(at->second.data(), std::min<uint64_t>(kSectorBytes, node.size - begin), begin);
  }
  node.unsynced.erase(first, last);
}

}  // namespace scriptorium
