// Every disk that a crash could leave, built from a recorded trace (file_trace.h).
//
// After any number of operations the disk durably holds something, and some changes are pending: writes, lengths of
// files, names. A crash keeps any of the pending writes, each whole, in part or not at all, sector by sector; a length
// with or without the bytes it makes visible; and of the names in a directory any prefix of what happened to them.
// `Visit` walks through
//   every prefix of the names × every subset of whole pending changes, as long as there are few, else a sample;
//   every tear of each of the last writes: each number of first sectors, of last sectors, each sector alone and each
//   sector missing, with all and with none of the rest;
//   random subsets of all pending sectors.
// It shares no code with the failing disk of file_fault.h: one checks the other.
#ifndef SCRIPTORIUM_TEST_CRASH_IMAGES_H_
#define SCRIPTORIUM_TEST_CRASH_IMAGES_H_

#include <functional>

#include "../disk_image.h"
#include "../file_fault.h"
#include "../file_trace.h"

namespace scriptorium::test {

class CrashImages {
 public:
  using Visitor = std::function<void(const DiskImage&)>;
  using Kind = TracedOperation::Kind;

  CrashImages(const DiskImage& base, const Trace& trace) : trace_(trace), directories_(base.directories) {
    files_.resize(trace.files.size());
    for (const auto& [path, content] : base.files) {
      const auto opened = std::find(trace.files.begin(), trace.files.end(), path);
      const auto number =
          opened == trace.files.end() ? files_.size() : static_cast<size_t>(opened - trace.files.begin());
      if (number == files_.size()) files_.emplace_back();
      files_[number] = {content, content.size()};
      names_[path] = number;
    }
  }

  // How many operations were done so far; Step does one more.
  size_t done() const { return done_; }
  bool finished() const { return done_ == trace_.operations.size(); }
  void Step() {
    Do(trace_.operations[done_], done_);
    ++done_;
  }

  // Calls `visit` with each disk that a crash could leave now; some of them more than once.
  void Visit(uint64_t seed, const Visitor& visit) const {
    for (size_t names = 0; names <= renames_.size(); ++names) {
      VisitSubsets(names, seed, visit);
      if (names == 0 || names == renames_.size()) VisitTears(names, seed, visit);
    }
  }

 private:
  struct Change {
    size_t operation;
    size_t file;
    uint64_t offset;                    // Of a length: the length.
    const std::vector<uint8_t>* bytes;  // Null for a length.
    size_t sectors() const { return bytes == nullptr ? 1 : (bytes->size() + kSectorBytes - 1) / kSectorBytes; }
  };
  struct FileState {
    PagedBytes durable;
    uint64_t size = 0;  // Pending lengths included.
  };
  using Names = std::map<std::string, size_t>;
  // Whether a sector of a pending change survives.
  using Choice = std::function<bool(size_t change, size_t sector)>;

  void Do(const TracedOperation& operation, size_t number) {
    switch (operation.kind) {
      case Kind::kCreate:
      case Kind::kRename:
      case Kind::kRemove:
        renames_.push_back(&operation);
        return;
      case Kind::kSyncDirectory:
        SyncNames(operation.path);
        return;
      case Kind::kWrite:
        Extend(operation.file, operation.offset + operation.bytes.size(), number);
        pending_.push_back({number, operation.file, operation.offset, &operation.bytes});
        return;
      case Kind::kAllocate:
        Extend(operation.file, operation.offset, number);
        return;
      case Kind::kSync:
        MakeDurable([&](const Change& change) { return change.file == operation.file; });
        return;
      case Kind::kWriteDurable:
        MakeDurable([&](const Change& change) { return change.operation == operation.write; });
        return;
    }
  }

  void SyncNames(const std::string& directory) {
    std::vector<const TracedOperation*> others;
    for (const TracedOperation* change : renames_) {
      if (change->path.substr(0, change->path.find_last_of('/')) == directory) {
        Apply(&names_, *change);
      } else {
        others.push_back(change);
      }
    }
    renames_ = std::move(others);
  }

  void Extend(size_t file, uint64_t size, size_t number) {
    if (size <= files_[file].size) return;
    files_[file].size = size;
    pending_.push_back({number, file, size, nullptr});
  }

  template <typename Which>
  void MakeDurable(Which which) {
    std::vector<Change> others;
    for (const Change& change : pending_) {
      if (which(change)) {
        Apply(
            &files_[change.file].durable, change, [](size_t, size_t) { return true; }, 0);
      } else {
        others.push_back(change);
      }
    }
    pending_ = std::move(others);
  }

  static void Apply(Names* names, const TracedOperation& change) {
    names->erase(change.path);
    if (change.kind == Kind::kCreate) (*names)[change.path] = change.file;
    if (change.kind == Kind::kRename) (*names)[change.to] = change.file;
  }

  // A sector beyond the length that survived is not there.
  static void Apply(PagedBytes* content, const Change& change, const Choice& survives, size_t number) {
    if (change.bytes == nullptr) {
      if (survives(number, 0)) content->Resize(std::max(content->size(), change.offset));
      return;
    }
    for (size_t sector = 0; sector < change.sectors(); ++sector) {
      const uint64_t at = change.offset + sector * kSectorBytes;
      if (at >= content->size() || !survives(number, sector)) continue;
      const size_t rest = std::min<uint64_t>(change.bytes->size() - sector * kSectorBytes, content->size() - at);
      content->Write(change.bytes->data() + sector * kSectorBytes, std::min<size_t>(kSectorBytes, rest), at);
    }
  }

  void Build(size_t names, const Choice& survives, const Visitor& visit) const {
    Names surviving = names_;
    for (size_t at = 0; at < names; ++at) Apply(&surviving, *renames_[at]);
    DiskImage image;
    image.directories = directories_;
    for (const auto& [path, file] : surviving) {
      PagedBytes content = files_[file].durable;
      // Lengths first: whether a sector is visible is decided by all of them.
      for (const bool lengths : {true, false}) {
        for (size_t at = 0; at < pending_.size(); ++at) {
          const Change& change = pending_[at];
          if (change.file == file && (change.bytes == nullptr) == lengths) Apply(&content, change, survives, at);
        }
      }
      image.files[path] = std::move(content);
    }
    visit(image);
  }

  void VisitSubsets(size_t names, uint64_t seed, const Visitor& visit) const {
    const size_t count = pending_.size();
    if (count <= kMaxEveryChange) {
      for (uint64_t mask = 0; mask < uint64_t{1} << count; ++mask) {
        Build(
            names, [mask](size_t change, size_t) { return (mask >> change & 1) != 0; }, visit);
      }
      return;
    }
    for (const bool all : {false, true}) {
      Build(
          names, [all](size_t, size_t) { return all; }, visit);
      for (size_t other = 0; other < count; ++other) {
        Build(
            names, [all, other](size_t change, size_t) { return all != (change == other); }, visit);
      }
    }
    uint64_t random = seed ^ done_;
    for (int sample = 0; sample < kSamples; ++sample) {
      const uint64_t mask = NextRandom(&random);
      Build(
          names, [mask](size_t change, size_t) { return (mask >> change % 64 & 1) != 0; }, visit);
    }
  }

  void VisitTears(size_t names, uint64_t seed, const Visitor& visit) const {
    size_t torn_writes = 0;
    for (size_t at = pending_.size(); at-- > 0 && torn_writes < kMaxTornWrites;) {
      const size_t sectors = pending_[at].sectors();
      if (sectors < 2) continue;
      ++torn_writes;
      for (const bool rest : {false, true}) {
        for (size_t cut = 0; cut < sectors; ++cut) {
          using Sectors = std::function<bool(size_t)>;
          for (const Sectors& kept : {Sectors([cut](size_t sector) { return sector < cut; }),
                                      Sectors([cut](size_t sector) { return sector >= cut; }),
                                      Sectors([cut](size_t sector) { return sector == cut; }),
                                      Sectors([cut](size_t sector) { return sector != cut; })}) {
            Build(
                names, [&](size_t change, size_t sector) { return change == at ? kept(sector) : rest; }, visit);
          }
        }
      }
    }
    if (pending_.empty()) return;
    uint64_t random = seed * 31 + done_;
    for (int sample = 0; sample < kSamples; ++sample) {
      // Few, half or most of the sectors.
      const uint64_t share = 1 + NextRandom(&random) % 7;
      Build(
          names, [&](size_t, size_t) { return NextRandom(&random) % 8 < share; }, visit);
    }
  }

  static constexpr size_t kMaxEveryChange = 6;
  static constexpr size_t kMaxTornWrites = 4;
  static constexpr int kSamples = 24;

  const Trace& trace_;
  std::set<std::string> directories_;
  std::vector<FileState> files_;
  Names names_;  // Durable ones.
  std::vector<const TracedOperation*> renames_;
  std::vector<Change> pending_;
  size_t done_ = 0;
};

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_CRASH_IMAGES_H_
