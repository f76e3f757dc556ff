// The seam to the operating system. The engine reaches disks, locks, entropy and the wall clock only through these
// interfaces, so that the same engine runs on the real thing (file_posix.cc) and on a disk that fails (file_fault.h).
// Implementations translate errors to a Status that names the path; they never retry an fsync and never hide a short
// transfer. Offsets, lengths and memory of direct files must be aligned as `Volume::alignment` says.
#ifndef SCRIPTORIUM_FILE_H_
#define SCRIPTORIUM_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status.h"
#include "write_queue.h"

namespace scriptorium {

class File {
 public:
  virtual ~File() = default;
  // Reads up to `bytes`; fewer only at the end of the file.
  virtual Result<size_t> ReadAt(uint8_t* to, size_t bytes, uint64_t offset) = 0;
  // Writes up to `bytes` and returns how many were taken; may be fewer.
  virtual Result<size_t> WriteAt(const uint8_t* from, size_t bytes, uint64_t offset) = 0;
  // Makes written bytes, and what is needed to read them back, survive a power cut.
  virtual Status DataSync() = 0;
  // The same for all metadata of the file.
  virtual Status Sync() = 0;
  // Reserves space for [0, bytes) and makes the file that long.
  virtual Status Allocate(uint64_t bytes) = 0;
  virtual Result<uint64_t> Size() = 0;
  virtual const std::string& path() const = 0;
  // The kernel's number for it; -1 where there is no kernel.
  virtual int descriptor() const { return -1; }
};

enum class OpenMode {
  kRead,             // must exist
  kReadWrite,        // must exist
  kCreateOrReplace,  // read and write; made, or emptied if it exists
};

struct Volume {
  std::string file_system;    // "ext4", "xfs", "tmpfs", …
  bool direct = false;        // whether O_DIRECT works there
  uint32_t alignment = 4096;  // of offsets, lengths and memory; at least 4096
};

// Held for the life of the object; released by the kernel when the process dies.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Refuses anything that is not a regular file, without following a link and without blocking on a FIFO.
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode, bool direct) = 0;
  // Names in a directory, in no order, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  // Makes one directory; fine if it is there already.
  virtual Status MakeDirectory(const std::string& directory) = 0;
  // Makes the names in a directory survive a power cut.
  virtual Status SyncDirectory(const std::string& directory) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  // Takes the lock file of a directory, or says LOCKED naming the process that has it.
  virtual Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) = 0;
  virtual Result<Volume> Describe(const std::string& directory) = 0;
  // A queue for `depth` writes at a time; an error if this mode is not to be had here.
  virtual Result<std::unique_ptr<WriteQueue>> OpenQueue(WriteMode mode, uint32_t depth) = 0;
  virtual uint64_t RandomNumber() = 0;
  virtual uint64_t NowMillis() = 0;
};

// Queues over the real thing; `OpenQueue` of the real file system chooses among them.
std::unique_ptr<WriteQueue> BlockingWriteQueue(WriteMode mode);
Result<std::unique_ptr<WriteQueue>> RingWriteQueue(uint32_t depth);

// The real one; one per process.
FileSystem& PosixFileSystem();

// Writes all of it, going on after a short write as long as progress stays aligned; anything else is an error (S29).
Status WriteFully(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment);
// What a write that cannot go on came to.
Status ShortWrite(const File& file, uint64_t offset, size_t written, size_t wanted);
// Reads exactly `bytes`; a file that ends before that is an error.
Status ReadFully(File& file, uint8_t* to, size_t bytes, uint64_t offset);
// What an errno of `operation` on `path` means, as a one-line status.
Status FromErrno(int error, const std::string& operation, const std::string& path);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_FILE_H_
