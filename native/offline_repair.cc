#include "offline_repair.h"

#include <algorithm>
#include <cstring>

#include "crc32c.h"
#include "journal.h"
#include "little_endian.h"

namespace scriptorium {
namespace {

constexpr char kAsideSuffix[] = ".corrupt";
constexpr char kAsideTemporary[] = "aside.tmp";
constexpr size_t kCopyBytes = 256 << 10;

// Of the segments the engine would read, those of whose headers one copy does not hold.
Result<std::vector<uint64_t>> HalfHeaders(FileSystem& files, const std::string& directory, const Identity& identity,
                                          const std::vector<SegmentHeader>& segments) {
  std::vector<uint64_t> numbers;
  for (const SegmentHeader& segment : segments) {
    Result<std::unique_ptr<File>> file =
        files.Open(JoinPath(directory, SegmentName(segment.number)), OpenMode::kRead, false);
    if (!file.ok()) return file.status();
    Result<ReadSegmentHeader> header = LoadSegmentHeader(*file.value(), segment.number, identity);
    if (header.ok() && header.value().copies_differ) numbers.push_back(segment.number);
  }
  return numbers;
}

// A cut where the stream of a refused directory ends, if the engine would open what is kept.
Result<std::optional<Cut>> PlanCut(FileSystem& files, const std::string& directory, const Identity& identity,
                                   const Volume& volume) {
  const std::optional<Cut> none;
  RecoveryOptions options;
  options.make_durable = false;
  options.direct = volume.direct;
  options.alignment = volume.alignment;
  RecoveryReport refused;
  if (Recover(files, directory, identity, options, &refused).ok() || refused.blocks == 0) return none;
  options.end_at = refused.end;
  Result<Recovered> kept = Recover(files, directory, identity, options);
  if (!kept.ok()) return none;
  Cut cut;
  cut.at = refused.end;
  for (const auto& [group, log] : kept.value().index.groups()) cut.keeps.push_back({group, log.tail()});
  // Behind the footer of a whole segment nothing is lost.
  const Position behind_end = refused.finished ? Position{refused.end.segment + 1, 0} : refused.end;
  Result<BehindEnd> behind = LookBehindEnd(files, directory, identity, volume, behind_end);
  if (!behind.ok()) return behind.status();
  cut.loses = std::move(behind.value());
  return std::optional<Cut>(std::move(cut));
}

class Repairer {
 public:
  Repairer(FileSystem& files, const std::string& directory, const Volume& volume)
      : files_(files), directory_(directory), volume_(volume) {}

  Status RestoreHeader(uint64_t number, const Identity& identity);
  Status CutAt(const Cut& cut, const Identity& identity);
  const std::vector<std::string>& set_aside() const { return set_aside_; }

 private:
  std::string PathOf(uint64_t number) const { return JoinPath(directory_, SegmentName(number)); }
  Result<std::string> FreeName(uint64_t number);
  Status RenameAside(uint64_t number);
  Status CopyAside(uint64_t number);
  Status EndSegmentAt(Position end, const Identity& identity);

  FileSystem& files_;
  const std::string& directory_;
  const Volume& volume_;
  std::vector<std::string> set_aside_;
};

// Only ever writes over the copy that does not hold, so a crash in between leaves the one that does.
Status Repairer::RestoreHeader(uint64_t number, const Identity& identity) {
  Result<std::unique_ptr<File>> file = files_.Open(PathOf(number), OpenMode::kReadWrite, false);
  if (!file.ok()) return file.status();
  Result<ReadSegmentHeader> header = LoadSegmentHeader(*file.value(), number, identity);
  if (!header.ok()) return header.status();
  std::vector<uint8_t> bytes(kSegmentHeaderBytes);
  const uint64_t good = header.value().from_copy ? kSegmentHeaderBytes : 0;
  if (Status status = ReadFully(*file.value(), bytes.data(), bytes.size(), good); !status.ok()) return status;
  Status status = WriteFully(*file.value(), bytes.data(), bytes.size(), kSegmentHeaderBytes - good, 1);
  return status.ok() ? file.value()->Sync() : status;
}

// What is set aside never takes the place of what was set aside before.
Result<std::string> Repairer::FreeName(uint64_t number) {
  Result<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  const std::string plain = SegmentName(number) + kAsideSuffix;
  std::string name = plain;
  for (int attempt = 2; std::find(names.value().begin(), names.value().end(), name) != names.value().end(); ++attempt) {
    name = plain + "-" + std::to_string(attempt);
  }
  set_aside_.push_back(name);
  return JoinPath(directory_, name);
}

Status Repairer::RenameAside(uint64_t number) {
  Result<std::string> aside = FreeName(number);
  if (!aside.ok()) return aside.status();
  Status status = files_.Rename(PathOf(number), aside.value());
  return status.ok() ? files_.SyncDirectory(directory_) : status;
}

Status Repairer::CopyAside(uint64_t number) {
  Result<std::string> aside = FreeName(number);
  if (!aside.ok()) return aside.status();
  const std::string temporary = JoinPath(directory_, kAsideTemporary);
  // From the disk and not from memory, which may show what the disk never got.
  Result<std::unique_ptr<File>> from = files_.Open(PathOf(number), OpenMode::kRead, volume_.direct);
  if (!from.ok()) return from.status();
  Result<std::unique_ptr<File>> to = files_.Open(temporary, OpenMode::kCreateOrReplace, false);
  if (!to.ok()) return to.status();
  AlignedBuffer chunk(kCopyBytes, kMaxAlignment);
  for (uint64_t offset = 0;;) {
    Result<size_t> read = from.value()->ReadAt(chunk.data(), chunk.size(), offset);
    if (!read.ok()) return read.status();
    if (read.value() == 0) break;
    if (Status status = WriteFully(*to.value(), chunk.data(), read.value(), offset, 1); !status.ok()) return status;
    offset += read.value();
    if (read.value() < chunk.size()) break;
  }
  Status status = to.value()->Sync();
  if (status.ok()) status = files_.Rename(temporary, aside.value());
  return status.ok() ? files_.SyncDirectory(directory_) : status;
}

// Makes the segment anew with nothing behind `end`. It keeps its nonce, so that its blocks stay what they are; the
// table of one that was used before says from now on that what is kept was written, and that zeros lay behind it.
Status Repairer::EndSegmentAt(Position end, const Identity& identity) {
  const std::string path = PathOf(end.segment);
  Result<std::unique_ptr<File>> from = files_.Open(path, OpenMode::kRead, volume_.direct);
  if (!from.ok()) return from.status();
  Result<ReadSegmentHeader> loaded = LoadSegmentHeader(*from.value(), end.segment, identity);
  if (!loaded.ok()) return loaded.status();
  SegmentHeader header = loaded.value().header;
  AlignedBuffer bytes(header.segment_bytes, kMaxAlignment);
  const uint64_t kept = RoundUp(end.offset, kMaxAlignment);
  if (Status status = ReadFully(*from.value(), bytes.data(), std::min(kept, header.segment_bytes), 0); !status.ok()) {
    return status;
  }
  std::memset(bytes.data() + end.offset, 0, header.segment_bytes - end.offset);
  if (header.used_before) {
    uint8_t* table = bytes.data() + 2 * kSegmentHeaderBytes;
    std::vector<uint8_t> prior(PriorTableBytes(header.segment_bytes));
    NotePriorContent({bytes.data(), header.segment_bytes}, 0, prior.data());
    for (uint64_t sector = 0; sector < end.offset / kSectorBytes; ++sector) {
      uint8_t* crc = &prior[sector * sizeof(uint32_t)];
      Store<uint32_t>(crc, ~Load<uint32_t>(crc));
    }
    std::memcpy(table, prior.data(), prior.size());
    header.prior_crc = Crc32c(table, prior.size());
  }
  EncodeSegmentHeader(header, bytes.data());
  EncodeSegmentHeader(header, bytes.data() + kSegmentHeaderBytes);
  const std::string temporary = JoinPath(directory_, kPrepareName);
  Result<std::unique_ptr<File>> to = files_.Open(temporary, OpenMode::kCreateOrReplace, volume_.direct);
  if (!to.ok()) return to.status();
  Status status = to.value()->Allocate(header.segment_bytes);
  if (status.ok()) {
    status =
        WriteFully(*to.value(), bytes.data(), header.segment_bytes, 0, std::max(header.alignment, volume_.alignment));
  }
  if (status.ok()) status = to.value()->Sync();
  if (status.ok()) status = files_.Rename(temporary, path);
  return status.ok() ? files_.SyncDirectory(directory_) : status;
}

Status Repairer::CutAt(const Cut& cut, const Identity& identity) {
  const std::vector<uint64_t>& touched = cut.loses.segments;
  const bool partly = !touched.empty() && touched.front() == cut.at.segment;
  if (partly) {
    if (Status status = CopyAside(cut.at.segment); !status.ok()) return status;
  }
  // Those behind it go as they are, the last one first, for what is left must have no gap; unless all are untouched.
  if (!touched.empty() && touched.back() != cut.at.segment) {
    Result<std::vector<std::string>> names = files_.List(directory_);
    if (!names.ok()) return names.status();
    std::vector<uint64_t> numbers = SegmentNumbers(names.value());
    for (; !numbers.empty() && numbers.back() > cut.at.segment; numbers.pop_back()) {
      if (Status status = RenameAside(numbers.back()); !status.ok()) return status;
    }
  }
  return partly ? EndSegmentAt(cut.at, identity) : Status();
}

}  // namespace

Result<RepairPlan> PlanRepair(FileSystem& files, const std::string& directory) {
  RepairPlan plan;
  plan.inspection = InspectDirectory(files, directory, 0);
  if (!plan.inspection.identity) return plan.inspection.verdict;
  const Identity& identity = *plan.inspection.identity;
  Result<std::vector<uint64_t>> headers = HalfHeaders(files, directory, identity, plan.inspection.segments);
  if (!headers.ok()) return headers.status();
  plan.headers = std::move(headers.value());
  const Code verdict = plan.inspection.verdict.code();
  if (verdict != Code::kRotten && verdict != Code::kUncertainTail) return plan;
  Result<Volume> volume = files.Describe(directory);
  if (!volume.ok()) return volume.status();
  Result<std::optional<Cut>> cut = PlanCut(files, directory, identity, volume.value());
  if (!cut.ok()) return cut.status();
  plan.cut = std::move(cut.value());
  return plan;
}

Result<Repaired> RepairDirectory(FileSystem& files, const std::string& directory, std::optional<Position> cut) {
  Result<Identity> identity = LoadIdentity(files, directory);
  if (!identity.ok()) return identity.status();
  Result<std::unique_ptr<DirectoryLock>> lock = files.Lock(JoinPath(directory, kLockName));
  if (!lock.ok()) return lock.status();
  Result<RepairPlan> plan = PlanRepair(files, directory);
  if (!plan.ok()) return plan.status();
  if (cut && (!plan.value().cut || plan.value().cut->at != *cut)) {
    return Status(Code::kBadOption, directory + ": nothing is to be cut at offset " + std::to_string(cut->offset) +
                                        " of segment " + std::to_string(cut->segment));
  }
  Result<Volume> volume = files.Describe(directory);
  if (!volume.ok()) return volume.status();
  Repairer repairer(files, directory, volume.value());
  Repaired repaired;
  for (const uint64_t number : plan.value().headers) {
    if (Status status = repairer.RestoreHeader(number, identity.value()); !status.ok()) return status;
    repaired.headers.push_back(number);
  }
  if (cut) {
    if (Status status = repairer.CutAt(*plan.value().cut, identity.value()); !status.ok()) return status;
  }
  repaired.set_aside = repairer.set_aside();
  return repaired;
}

}  // namespace scriptorium
