// The real operating system (Linux).
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "file.h"
#include "little_endian.h"

namespace scriptorium {
namespace {

std::string Place(const std::string& path, uint64_t offset) { return path + " at offset " + std::to_string(offset); }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint8_t* to, size_t bytes, uint64_t offset) override {
    for (;;) {
      const ssize_t done = pread(descriptor_.number(), to, bytes, static_cast<off_t>(offset));
      if (done >= 0) return static_cast<size_t>(done);
      if (errno != EINTR) return FromErrno(errno, "read", Place(path_, offset));
    }
  }

  Result<size_t> WriteAt(const uint8_t* from, size_t bytes, uint64_t offset) override {
    for (;;) {
      const ssize_t done = pwrite(descriptor_.number(), from, bytes, static_cast<off_t>(offset));
      if (done >= 0) return static_cast<size_t>(done);
      if (errno != EINTR) return FromErrno(errno, "write", Place(path_, offset));
    }
  }

  // No retry, EINTR included: after a failed fsync nothing is known about what the disk holds (R30).
  Status DataSync() override {
    if (fdatasync(descriptor_.number()) == 0) return Status();
    return FromErrno(errno, "fdatasync", path_);
  }

  Status Sync() override {
    if (fsync(descriptor_.number()) == 0) return Status();
    return FromErrno(errno, "fsync", path_);
  }

  Status Allocate(uint64_t bytes) override {
    for (;;) {
      const int error = posix_fallocate(descriptor_.number(), 0, static_cast<off_t>(bytes));
      if (error == 0) return Status();
      if (error != EINTR) return FromErrno(error, "allocate", path_);
    }
  }

  Result<uint64_t> Size() override {
    struct stat info {};
    if (fstat(descriptor_.number(), &info) != 0) return FromErrno(errno, "stat", path_);
    return static_cast<uint64_t>(info.st_size);
  }

  const std::string& path() const override { return path_; }
  int descriptor() const override { return descriptor_.number(); }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class PosixLock final : public DirectoryLock {
 public:
  explicit PosixLock(int descriptor) : descriptor_(descriptor) {}

 private:
  Descriptor descriptor_;  // Closing it is what releases the lock.
};

std::string FileSystemName(long type) {
  switch (static_cast<uint32_t>(type)) {
    case 0xEF53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683E:
      return "btrfs";
    case 0x01021994:
      return "tmpfs";
    case 0x858458F6:
      return "ramfs";
    case 0x794C7630:
      return "overlay";
    case 0x65735546:
      return "fuse";
    case 0x6969:
      return "nfs";
    case 0x2FC12FC1:
      return "zfs";
    case 0xF2F52010:
      return "f2fs";
    default: {
      char text[16];
      snprintf(text, sizeof text, "0x%x", static_cast<uint32_t>(type));
      return text;
    }
  }
}

// statx(2) with STATX_DIOALIGN, by number, because the C library's header may be older than the kernel. Returns the
// larger of the memory and offset alignments; 0 if direct I/O is not possible; nothing if the kernel does not say.
std::optional<uint32_t> DirectAlignment(int descriptor) {
  constexpr unsigned kDirectAlignmentMask = 0x2000;
  std::array<uint8_t, 256> answer{};
  if (syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, kDirectAlignmentMask, answer.data()) != 0) return std::nullopt;
  if ((Load<uint32_t>(answer.data()) & kDirectAlignmentMask) == 0) return std::nullopt;
  const auto memory = Load<uint32_t>(answer.data() + 0x98);
  const auto offset = Load<uint32_t>(answer.data() + 0x9c);
  return offset == 0 ? 0 : std::max(memory, offset);
}

class PosixFileSystemImplementation final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode, bool direct) override {
    int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (direct ? O_DIRECT : 0);
    flags |= mode == OpenMode::kRead ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::kCreateOrReplace) flags |= O_CREAT | O_TRUNC;
    const int descriptor = open(path.c_str(), flags, 0640);
    if (descriptor < 0) {
      if (errno == ELOOP) return Status(Code::kRotten, path + ": is a symbolic link, not a file of the journal");
      const int error = errno;
      // What opening something else gives depends on the flags; what it is decides.
      struct stat info {};
      if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) return NotAFile(path);
      return FromErrno(error, "open", path);
    }
    auto file = std::make_unique<PosixFile>(descriptor, path);
    struct stat info {};
    if (fstat(descriptor, &info) != 0) return FromErrno(errno, "stat", path);
    if (!S_ISREG(info.st_mode)) return NotAFile(path);
    return std::unique_ptr<File>(std::move(file));
  }

  Result<std::vector<std::string>> List(const std::string& directory) override {
    std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
    if (stream == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR) {
        return Status(Code::kNotFormatted,
                      directory + ": " + (errno == ENOENT ? "no such directory" : "not a directory"));
      }
      return FromErrno(errno, "list", directory);
    }
    std::vector<std::string> names;
    errno = 0;
    for (const dirent* entry; (entry = readdir(stream.get())) != nullptr; errno = 0) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    if (errno != 0) return FromErrno(errno, "list", directory);
    return names;
  }

  Status MakeDirectory(const std::string& directory) override {
    if (mkdir(directory.c_str(), 0750) == 0 || errno == EEXIST) return Status();
    return FromErrno(errno, "make directory", directory);
  }

  Status SyncDirectory(const std::string& directory) override {
    const Descriptor descriptor(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.number() < 0) return FromErrno(errno, "open", directory);
    if (fsync(descriptor.number()) != 0) return FromErrno(errno, "fsync", directory);
    return Status();
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) == 0) return Status();
    return FromErrno(errno, "rename to " + to, from);
  }

  Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0) return Status();
    return FromErrno(errno, "remove", path);
  }

  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) override {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (descriptor < 0) return FromErrno(errno, "open", path);
    auto lock = std::make_unique<PosixLock>(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return FromErrno(errno, "lock", path);
      char owner[32] = {};
      const ssize_t bytes = pread(descriptor, owner, sizeof owner - 1, 0);
      const std::string digits(owner, bytes < 0 ? 0 : strspn(owner, "0123456789"));
      return Status(Code::kLocked,
                    path + ": the directory is open in " + (digits.empty() ? "another process" : "process " + digits));
    }
    // Only for the message above; the kernel's lock is what counts, so a failure to write it changes nothing.
    const std::string owner = std::to_string(getpid()) + "\n";
    if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, owner.data(), owner.size(), 0) < 0) errno = 0;
    return std::unique_ptr<DirectoryLock>(std::move(lock));
  }

  Result<Volume> Describe(const std::string& directory) override {
    Volume volume;
    struct statfs info {};
    if (statfs(directory.c_str(), &info) != 0) return FromErrno(errno, "describe", directory);
    volume.file_system = FileSystemName(info.f_type);
    // Memory file systems accept the flag on recent kernels, but there is no device to be direct to.
    if (volume.file_system == "tmpfs" || volume.file_system == "ramfs") return volume;
    const std::string probe = directory + "/LOCK";
    const Descriptor descriptor(open(probe.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (descriptor.number() < 0) {
      if (errno == EINVAL) return volume;
      return FromErrno(errno, "open", probe);
    }
    const std::optional<uint32_t> alignment = DirectAlignment(descriptor.number());
    volume.direct = alignment != 0;
    volume.alignment = std::max<uint32_t>(volume.alignment, alignment.value_or(0));
    return volume;
  }

  Result<std::unique_ptr<WriteQueue>> OpenQueue(WriteMode mode, uint32_t depth) override {
    if (mode == WriteMode::kRing) return RingWriteQueue(depth);
    return BlockingWriteQueue(mode);
  }

  uint64_t RandomNumber() override {
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number) std::abort();  // Cannot fail for eight bytes.
    return number;
  }

  uint64_t NowMillis() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  }

 private:
  static Status NotAFile(const std::string& path) {
    return Status(Code::kRotten, path + ": not a regular file, so not one of the journal");
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFileSystemImplementation instance;
  return instance;
}

}  // namespace scriptorium
