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
  const Fault fault = Next("open", path);
  if (Prevents(fault)) return Failed(fault, "open", path);
  auto found = names_.find(path);
  if (mode == OpenMode::kCreateOrReplace) {
    if (fault == Fault::kNoSpace) return Failed(fault, "open", path);
    // Emptying a file is a new node under the old name: a crash shows the old content or the new, never a mixture.
    Change({path, std::make_shared<Node>(), ""});
    found = names_.find(path);
  }
  if (found == names_.end()) return FromErrno(ENOENT, "open", path);
  if (Status status = Done(fault, "open", path); !status.ok()) return status;
  return NewFile(found->second, path, direct);
}

Result<std::vector<std::string>> FaultFileSystem::List(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next("list", directory);
  if (Prevents(fault) || fault == Fault::kCrashAfter) return Failed(fault, "list", directory);
  if (!directories_.contains(directory)) return Status(Code::kNotFormatted, directory + ": no such directory");
  std::vector<std::string> names;
  for (const auto& [path, node] : names_) {
    if (ParentOf(path) == directory) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

Status FaultFileSystem::MakeDirectory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next("make directory", directory);
  if (Prevents(fault) || fault == Fault::kNoSpace) return Failed(fault, "make directory", directory);
  directories_.insert(directory);
  return Done(fault, "make directory", directory);
}

Status FaultFileSystem::SyncDirectory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next("fsync", directory);
  if (Prevents(fault)) return Failed(fault, "fsync", directory);
  std::vector<NameChange> others;
  for (NameChange& change : changes_) {
    if (ParentOf(change.path) == directory) {
      Apply(durable_names_, change);
    } else {
      others.push_back(std::move(change));
    }
  }
  changes_ = std::move(others);
  return Done(fault, "fsync", directory);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next("rename", from);
  if (Prevents(fault) || fault == Fault::kNoSpace) return Failed(fault, "rename", from);
  const auto found = names_.find(from);
  if (found == names_.end()) return FromErrno(ENOENT, "rename", from);
  Change({to, found->second, from});
  return Done(fault, "rename", from);
}

Status FaultFileSystem::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next("remove", path);
  if (Prevents(fault)) return Failed(fault, "remove", path);
  if (!names_.contains(path)) return FromErrno(ENOENT, "remove", path);
  Change({path, nullptr, ""});
  return Done(fault, "remove", path);
}

Result<std::unique_ptr<DirectoryLock>> FaultFileSystem::Lock(const std::string& path) {
  std::lock_guard lock(mutex_);
  const Fault fault = Next("lock", path);
  if (Prevents(fault)) return Failed(fault, "lock", path);
  if (locked_.contains(path)) return Status(Code::kLocked, path + ": the directory is open in process 1");
  if (!names_.contains(path)) Change({path, std::make_shared<Node>(), ""});
  if (Status status = Done(fault, "lock", path); !status.ok()) return status;
  locked_.insert(path);
  return std::unique_ptr<DirectoryLock>(std::make_unique<FaultLock>(*this, path));
}

Result<Volume> FaultFileSystem::Describe(const std::string&) {
  std::lock_guard lock(mutex_);
  return Volume{"fault", true, alignment_};
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

void FaultFileSystem::SetFull(bool full) {
  std::lock_guard lock(mutex_);
  full_ = full;
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

std::string FaultFileSystem::SiteOf(uint64_t operation) const {
  std::lock_guard lock(mutex_);
  const auto& [what, path] = sites_.at(operation - 1);
  std::string kind = path.substr(path.find_last_of('/') + 1);
  for (const char* prefix : {"segment-", "spare-"}) {
    if (kind.starts_with(prefix)) kind = prefix;
  }
  return std::string(what) + ' ' + kind;
}

Fault FaultFileSystem::Next(const char* operation, const std::string& path) {
  ++operations_;
  sites_.emplace_back(operation, path);
  if (crashed_) return Fault::kCrashBefore;
  if (operations_ != planned_operation_) return Fault::kNone;
  crashed_ =
      planned_fault_ == Fault::kCrash || planned_fault_ == Fault::kCrashBefore || planned_fault_ == Fault::kCrashAfter;
  return planned_fault_;
}

Status FaultFileSystem::Failed(Fault fault, const std::string& operation, const std::string& path) {
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
    Read(node, sector.data(), kSectorBytes, number * kSectorBytes);
    if (node.previous.size() < (number + 1) * kSectorBytes) node.previous.Resize((number + 1) * kSectorBytes);
    node.previous.Write(sector.data(), kSectorBytes, number * kSectorBytes);
    std::memcpy(sector.data() + at % kSectorBytes, from + (at - offset), end - at);
    node.unsynced[number] = sector;
    at = end;
  }
}

void FaultFileSystem::FlipBit(Node& node, uint64_t bit) {
  uint8_t byte;
  Read(node, &byte, 1, bit / 8);
  byte ^= static_cast<uint8_t>(1 << bit % 8);
  Write(node, &byte, 1, bit / 8);
  MakeDurable(node, bit / 8, 1);
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
