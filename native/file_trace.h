// A file system that records what is done to another one: every operation that a power cut can undo, and every one that
// puts what was done beyond a power cut. From such a trace the disks that a crash could leave are built
// (native/test/crash_images.h). Records what succeeded only, so the file system under it should be a healthy one; made
// for one thread.
#ifndef SCRIPTORIUM_FILE_TRACE_H_
#define SCRIPTORIUM_FILE_TRACE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "file.h"

namespace scriptorium {

struct TracedOperation {
  enum class Kind {
    kCreate,         // `path` names the new, empty file `file`
    kWrite,          // `bytes` at `offset` of `file`; may be longer than the file was
    kAllocate,       // `file` is at least `offset` bytes long
    kSync,           // everything done to the content of `file` survives
    kWriteDurable,   // the write of operation number `write` survives
    kRename,         // `path` is now called `to`
    kRemove,         // `path` is gone
    kSyncDirectory,  // everything done to the names in directory `path` survives
  };
  Kind kind;
  size_t file = 0;
  uint64_t offset = 0;
  std::vector<uint8_t> bytes = {};
  size_t write = 0;
  std::string path = {};
  std::string to = {};
};

struct Trace {
  std::vector<TracedOperation> operations;
  // By number of file: the path under which it was there before the first operation; empty if it was made later.
  std::vector<std::string> files;
};

class TraceFileSystem final : public FileSystem {
 public:
  explicit TraceFileSystem(FileSystem& inner) : inner_(inner) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode, bool direct) override;
  Result<std::vector<std::string>> List(const std::string& directory) override { return inner_.List(directory); }
  // Directories count as durable at once: none is made while anything is at stake.
  Status MakeDirectory(const std::string& directory) override { return inner_.MakeDirectory(directory); }
  Status SyncDirectory(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) override;
  Result<Volume> Describe(const std::string& directory) override { return inner_.Describe(directory); }
  Result<std::unique_ptr<WriteQueue>> OpenQueue(WriteMode mode, uint32_t depth) override;
  uint64_t RandomNumber() override { return inner_.RandomNumber(); }
  uint64_t NowMillis() override { return inner_.NowMillis(); }

  const Trace& trace() const { return trace_; }

 private:
  friend class TraceFile;
  friend class TraceQueue;

  // The number of the file that is called `path` now.
  size_t FileAt(const std::string& path);
  size_t Record(TracedOperation operation);

  FileSystem& inner_;
  Trace trace_;
  std::map<std::string, size_t> names_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_FILE_TRACE_H_
