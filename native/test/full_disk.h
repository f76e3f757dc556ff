// A disk that can be full: whatever asks for space for a new file is refused then; what was there can be read and
// written. Everything else is done by the file system behind it.
#ifndef SCRIPTORIUM_TEST_FULL_DISK_H_
#define SCRIPTORIUM_TEST_FULL_DISK_H_

#include <atomic>
#include <cerrno>

#include "../file.h"

namespace scriptorium::test {

class FullDisk final : public FileSystem {
 public:
  explicit FullDisk(FileSystem& disk) : disk_(disk) {}
  void SetFull(bool full) { full_ = full; }
  // Full from the time on that space is asked for as often as that, counted from 1.
  void FillAt(int asked) { fill_at_ = asked; }
  // How often space was asked for.
  int asked() const { return asked_; }

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode, bool direct) override {
    Result<std::unique_ptr<File>> opened = disk_.Open(path, mode, direct);
    if (!opened.ok() || mode != OpenMode::kCreateOrReplace) return opened;
    return std::unique_ptr<File>(std::make_unique<NewFile>(*this, std::move(opened.value())));
  }
  Result<std::vector<std::string>> List(const std::string& directory) override { return disk_.List(directory); }
  Status MakeDirectory(const std::string& directory) override { return disk_.MakeDirectory(directory); }
  Status SyncDirectory(const std::string& directory) override { return disk_.SyncDirectory(directory); }
  Status Rename(const std::string& from, const std::string& to) override { return disk_.Rename(from, to); }
  Status Remove(const std::string& path) override { return disk_.Remove(path); }
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) override { return disk_.Lock(path); }
  Result<Volume> Describe(const std::string& directory) override { return disk_.Describe(directory); }
  Result<std::unique_ptr<WriteQueue>> OpenQueue(WriteMode mode, uint32_t depth) override {
    return disk_.OpenQueue(mode, depth);
  }
  uint64_t RandomNumber() override { return disk_.RandomNumber(); }
  uint64_t NowMillis() override { return disk_.NowMillis(); }

 private:
  class NewFile final : public File {
   public:
    NewFile(FullDisk& disk, std::unique_ptr<File> file) : disk_(disk), file_(std::move(file)) {}
    Result<size_t> ReadAt(uint8_t* to, size_t bytes, uint64_t offset) override {
      return file_->ReadAt(to, bytes, offset);
    }
    Result<size_t> WriteAt(const uint8_t* from, size_t bytes, uint64_t offset) override {
      return file_->WriteAt(from, bytes, offset);
    }
    Status DataSync() override { return file_->DataSync(); }
    Status Sync() override { return file_->Sync(); }
    Status Allocate(uint64_t bytes) override {
      if (++disk_.asked_ == disk_.fill_at_) disk_.full_ = true;
      return disk_.full_ ? FromErrno(ENOSPC, "allocate", path()) : file_->Allocate(bytes);
    }
    Result<uint64_t> Size() override { return file_->Size(); }
    const std::string& path() const override { return file_->path(); }
    int descriptor() const override { return file_->descriptor(); }

   private:
    FullDisk& disk_;
    std::unique_ptr<File> file_;
  };

  FileSystem& disk_;
  std::atomic<bool> full_{false};
  std::atomic<int> asked_{0};
  std::atomic<int> fill_at_{0};
};

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_FULL_DISK_H_
