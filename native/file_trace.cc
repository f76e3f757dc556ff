#include "file_trace.h"

namespace scriptorium {

using Kind = TracedOperation::Kind;

class TraceFile final : public File {
 public:
  TraceFile(TraceFileSystem& recorder, size_t number, std::unique_ptr<File> inner)
      : recorder_(recorder), number_(number), inner_(std::move(inner)) {}

  Result<size_t> ReadAt(uint8_t* to, size_t bytes, uint64_t offset) override {
    return inner_->ReadAt(to, bytes, offset);
  }

  Result<size_t> WriteAt(const uint8_t* from, size_t bytes, uint64_t offset) override {
    Result<size_t> written = inner_->WriteAt(from, bytes, offset);
    if (written.ok() && written.value() > 0) RecordWrite(from, written.value(), offset);
    return written;
  }

  size_t RecordWrite(const uint8_t* from, size_t bytes, uint64_t offset) {
    return recorder_.Record({.kind = Kind::kWrite, .file = number_, .offset = offset, .bytes = {from, from + bytes}});
  }

  Status DataSync() override { return Synced(inner_->DataSync()); }
  Status Sync() override { return Synced(inner_->Sync()); }

  Status Allocate(uint64_t bytes) override {
    Status status = inner_->Allocate(bytes);
    if (status.ok()) recorder_.Record({.kind = Kind::kAllocate, .file = number_, .offset = bytes});
    return status;
  }

  Result<uint64_t> Size() override { return inner_->Size(); }
  const std::string& path() const override { return inner_->path(); }
  File& inner() { return *inner_; }

 private:
  Status Synced(Status status) {
    if (status.ok()) recorder_.Record({.kind = Kind::kSync, .file = number_});
    return status;
  }

  TraceFileSystem& recorder_;
  size_t number_;
  std::unique_ptr<File> inner_;
};

class TraceQueue final : public WriteQueue {
 public:
  TraceQueue(TraceFileSystem& recorder, std::unique_ptr<WriteQueue> inner)
      : recorder_(recorder), inner_(std::move(inner)) {}

  void Submit(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment, uint64_t tag) override {
    auto& traced = static_cast<TraceFile&>(file);
    writes_[tag] = traced.RecordWrite(from, bytes, offset);
    inner_->Submit(traced.inner(), from, bytes, offset, alignment, tag);
  }

  void Reap(bool wait, std::vector<Completion>* completions) override {
    const size_t before = completions->size();
    inner_->Reap(wait, completions);
    for (size_t at = before; at < completions->size(); ++at) {
      const Completion& completion = (*completions)[at];
      if (!completion.status.ok()) continue;
      recorder_.Record({.kind = Kind::kWriteDurable, .write = writes_[completion.tag]});
      writes_.erase(completion.tag);
    }
  }

 private:
  TraceFileSystem& recorder_;
  std::unique_ptr<WriteQueue> inner_;
  std::map<uint64_t, size_t> writes_;  // By tag: the operation that is on its way.
};

Result<std::unique_ptr<File>> TraceFileSystem::Open(const std::string& path, OpenMode mode, bool direct) {
  Result<std::unique_ptr<File>> opened = inner_.Open(path, mode, direct);
  if (!opened.ok()) return opened.status();
  size_t number;
  if (mode == OpenMode::kCreateOrReplace) {
    number = trace_.files.size();
    trace_.files.emplace_back();
    names_[path] = number;
    Record({.kind = Kind::kCreate, .file = number, .path = path});
  } else {
    number = FileAt(path);
  }
  return std::unique_ptr<File>(std::make_unique<TraceFile>(*this, number, std::move(opened.value())));
}

Status TraceFileSystem::SyncDirectory(const std::string& directory) {
  Status status = inner_.SyncDirectory(directory);
  if (status.ok()) Record({.kind = Kind::kSyncDirectory, .path = directory});
  return status;
}

Status TraceFileSystem::Rename(const std::string& from, const std::string& to) {
  const size_t number = FileAt(from);
  Status status = inner_.Rename(from, to);
  if (!status.ok()) return status;
  names_.erase(from);
  names_[to] = number;
  Record({.kind = Kind::kRename, .file = number, .path = from, .to = to});
  return status;
}

Status TraceFileSystem::Remove(const std::string& path) {
  const size_t number = FileAt(path);
  Status status = inner_.Remove(path);
  if (!status.ok()) return status;
  names_.erase(path);
  Record({.kind = Kind::kRemove, .file = number, .path = path});
  return status;
}

// The lock file says nothing that recovery could use, so whether its name survives is not tried.
Result<std::unique_ptr<DirectoryLock>> TraceFileSystem::Lock(const std::string& path) { return inner_.Lock(path); }

Result<std::unique_ptr<WriteQueue>> TraceFileSystem::OpenQueue(WriteMode mode, uint32_t depth) {
  // Writes and syncs of its own are recorded as such.
  if (mode == WriteMode::kSync) return BlockingWriteQueue(mode);
  Result<std::unique_ptr<WriteQueue>> inner = inner_.OpenQueue(mode, depth);
  if (!inner.ok()) return inner.status();
  return std::unique_ptr<WriteQueue>(std::make_unique<TraceQueue>(*this, std::move(inner.value())));
}

size_t TraceFileSystem::FileAt(const std::string& path) {
  const auto found = names_.find(path);
  if (found != names_.end()) return found->second;
  names_[path] = trace_.files.size();
  trace_.files.push_back(path);
  return trace_.files.size() - 1;
}

size_t TraceFileSystem::Record(TracedOperation operation) {
  trace_.operations.push_back(std::move(operation));
  return trace_.operations.size() - 1;
}

}  // namespace scriptorium
