// A disk in memory that fails on purpose: the engine's twin of file_posix.cc for tests.
//
// What was written but not made durable is kept apart, per 512-byte sector and per name, so that a crash can leave any
// subset of it. Operations are counted from 1; a plan says which of them fails and how. It is stricter than a real disk
// where that finds more: names need their directory synced, and direct transfers must be aligned in every respect.
#ifndef SCRIPTORIUM_FILE_FAULT_H_
#define SCRIPTORIUM_FILE_FAULT_H_

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "block.h"
#include "disk_image.h"
#include "file.h"

namespace scriptorium {

enum class Fault {
  kNone,
  kError,        // EIO; of a write, nothing is taken; of an fsync, what was unsynced stays so
  kNoSpace,      // ENOSPC on whatever takes space; other operations succeed
  kShort,        // a write or read takes only its first half, rounded down to 4096 bytes
  kCrash,        // the power goes: the sectors of a write in progress may or may not arrive, and nothing works any more
  kCrashBefore,  // the power goes before anything of the operation happened
  kCrashAfter,   // the power goes when all of it has happened and nobody has been told
  // The disk lies. Only reads and writes do; of another operation these are nothing.
  kLost,         // a write is reported as done and was not
  kMisdirected,  // a write is done at another place of the file; a read gives what another place holds, once
  kStale,        // a read gives what stood there before it was last written, once
  kBitRot,       // one bit of what is read or written turns, for good
};

// What of the unsynced data a crash leaves.
enum class Survival { kNothing, kEverything, kRandom };

class FaultFileSystem final : public FileSystem {
 public:
  explicit FaultFileSystem(uint64_t seed, uint32_t alignment = 4096) : random_(seed), alignment_(alignment) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode, bool direct) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectory(const std::string& directory) override;
  Status SyncDirectory(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) override;
  Result<Volume> Describe(const std::string& directory) override;
  // Completes writes in an order of its own, each durable by itself and not before it completes.
  Result<std::unique_ptr<WriteQueue>> OpenQueue(WriteMode mode, uint32_t depth) override;
  // Has OpenQueue answer with these instead, for a test that says itself when a write completes.
  void UseQueues(std::function<std::unique_ptr<WriteQueue>()> make) { make_queue_ = std::move(make); }
  // Makes so much of one of its files survive, and nothing else because of it.
  static Status MakeDurable(File& file, uint64_t offset, size_t bytes);
  uint64_t RandomNumber() override;
  uint64_t NowMillis() override { return now_millis_; }
  void SetNow(uint64_t millis) { now_millis_ = millis; }

  // Operation number `operation` will fail, counted over the life of this disk; 0 for none.
  void Plan(uint64_t operation, Fault fault);
  // From now on there is room for no new file, or there is again; what was allocated can be written.
  void SetFull(bool full);
  uint64_t operations() const;
  // What operation number `operation` was: what was done to a file of which kind.
  std::string SiteOf(uint64_t operation) const;
  bool crashed() const;

  // The disk as it is found after the power went now. This one is left as it is.
  std::unique_ptr<FaultFileSystem> AfterCrash(Survival survival, uint64_t seed) const;
  // The disk after an orderly restart of the process: all that was written is there.
  std::unique_ptr<FaultFileSystem> AfterRestart() const { return AfterCrash(Survival::kEverything, 0); }
  // What a reader sees; and a disk that durably holds just that.
  DiskImage Image() const;
  static std::unique_ptr<FaultFileSystem> FromImage(const DiskImage& image, uint64_t seed);

  // Damage by hand. Paths are whole; the content is what a reader would see.
  std::vector<uint8_t> Content(const std::string& path) const;
  void SetContent(const std::string& path, std::vector<uint8_t> bytes);
  void Erase(const std::string& path);
  std::vector<std::string> Paths() const;

 private:
  friend class FaultFile;
  friend class FaultQueue;
  friend class FaultLock;
  using Sector = std::array<uint8_t, kSectorBytes>;

  struct Node {
    PagedBytes durable;
    uint64_t size = 0;                    // As a reader sees it.
    std::map<uint64_t, Sector> unsynced;  // By sector number.
    PagedBytes previous;  // What each sector held before it was last written; where it never was, zeros.
  };
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;
  struct NameChange {
    std::string path;
    NodePointer node;          // Null: the name was removed.
    std::string renamed_from;  // Not empty: this name went away at the same time.
  };

  // What happens to the operation that begins now.
  Fault Next(const char* operation, const std::string& path);
  // Whether the operation fails without having happened.
  static bool Prevents(Fault fault) {
    return fault == Fault::kError || fault == Fault::kCrash || fault == Fault::kCrashBefore;
  }
  static Status Failed(Fault fault, const std::string& operation, const std::string& path);
  // What the caller of an operation that happened is told.
  static Status Done(Fault fault, const std::string& operation, const std::string& path) {
    return fault == Fault::kCrashAfter ? Failed(fault, operation, path) : Status();
  }
  std::unique_ptr<File> NewFile(NodePointer node, const std::string& path, bool direct);
  static void Apply(Names& names, const NameChange& change);
  void Change(NameChange change);
  static void Read(const Node& node, uint8_t* to, size_t bytes, uint64_t offset);
  static void Write(Node& node, const uint8_t* from, size_t bytes, uint64_t offset);
  static void FlipBit(Node& node, uint64_t bit);
  static void MakeDurable(Node& node);
  static void MakeDurable(Node& node, uint64_t offset, size_t bytes);

  mutable std::mutex mutex_;
  uint64_t random_;
  uint32_t alignment_;
  uint64_t operations_ = 0;
  uint64_t planned_operation_ = 0;
  Fault planned_fault_ = Fault::kNone;
  bool crashed_ = false;
  bool full_ = false;
  uint64_t now_millis_ = 1'700'000'000'000;
  std::vector<std::pair<const char*, std::string>> sites_;  // What was done to which path.
  Names names_;                                             // As a reader sees them.
  Names durable_names_;
  std::vector<NameChange> changes_;    // Between the two, in order.
  std::set<std::string> directories_;  // Made durable at once: none is made while anything is at stake.
  std::set<std::string> locked_;
  std::function<std::unique_ptr<WriteQueue>()> make_queue_;
};

// A small generator for tests: the same seed gives the same numbers everywhere.
uint64_t NextRandom(uint64_t* state);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_FILE_FAULT_H_
