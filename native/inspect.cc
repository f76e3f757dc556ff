#include "inspect.h"

#include <algorithm>
#include <deque>

#include "journal.h"

namespace scriptorium {
namespace {

// Headers that can be read at all; what is wrong with the others is the verdict's to say.
std::vector<SegmentHeader> ReadableSegments(FileSystem& files, const std::string& directory, const Identity& identity) {
  std::vector<SegmentHeader> segments;
  Result<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return segments;
  for (const std::string& name : names.value()) {
    const std::optional<uint64_t> number = ParseSegmentName(name);
    if (!number) continue;
    Result<std::unique_ptr<File>> file = files.Open(JoinPath(directory, name), OpenMode::kRead, false);
    if (!file.ok()) continue;
    Result<ReadSegmentHeader> header = LoadSegmentHeader(*file.value(), *number, identity);
    if (header.ok()) segments.push_back(header.value().header);
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentHeader& left, const SegmentHeader& right) { return left.number < right.number; });
  return segments;
}

bool Holds(File& file, const RecoveryOptions& options, uint64_t group, const BatchEntry& entry) {
  const uint64_t begin = RoundDown(entry.offset, options.alignment);
  const size_t bytes = RoundUp(entry.offset + entry.bytes - begin, options.alignment);
  AlignedBuffer buffer(bytes, kMaxAlignment);
  if (!ReadFully(file, buffer.data(), bytes, begin).ok()) return false;
  Result<BatchHeader> batch = ParseBatch({buffer.data() + (entry.offset - begin), entry.bytes});
  return batch.ok() && batch.value().group == group && batch.value().first_index == entry.first_index;
}

// Reads every batch, and again those that do not hold.
void MarkEveryDamage(FileSystem& files, const std::string& directory, const RecoveryOptions& options, LogIndex* index) {
  std::vector<DamagedRange> damage;
  std::unique_ptr<File> file;
  uint32_t open_segment = 0;
  for (const auto& [group, log] : index->groups()) {
    for (const BatchEntry& entry : log.batches()) {
      if (entry.hole()) continue;
      if (entry.segment != open_segment) {
        Result<std::unique_ptr<File>> opened =
            files.Open(JoinPath(directory, SegmentName(entry.segment)), OpenMode::kRead, options.direct);
        if (!opened.ok()) continue;
        file = std::move(opened.value());
        open_segment = entry.segment;
      }
      if (Holds(*file, options, group, entry) || Holds(*file, options, group, entry)) continue;
      damage.push_back({group, entry.first_index, 0, {entry.segment, entry.offset}});
    }
  }
  for (const DamagedRange& range : damage) {
    index->Make(range.group).value()->MarkDamaged(range.from, range.at, std::nullopt);
  }
}

}  // namespace

Inspection InspectDirectory(FileSystem& files, const std::string& directory, size_t max_blocks) {
  Inspection inspection;
  Result<Identity> identity = LoadIdentity(files, directory);
  if (!identity.ok()) {
    inspection.verdict = identity.status();
    return inspection;
  }
  inspection.identity = identity.value();
  inspection.segments = ReadableSegments(files, directory, identity.value());
  std::deque<BlockSummary> newest;
  RecoveryOptions options;
  options.make_durable = false;
  options.use_footers = false;
  Result<Volume> volume = files.Describe(directory);
  options.direct = volume.ok() && volume.value().direct;
  if (volume.ok()) options.alignment = volume.value().alignment;
  options.on_block = [&](const BlockSummary& block) {
    newest.push_back(block);
    if (newest.size() > max_blocks) newest.pop_front();
  };
  Result<Recovered> recovered = Recover(files, directory, identity.value(), options, &inspection.report);
  inspection.blocks.assign(newest.begin(), newest.end());
  if (recovered.status().code() == Code::kRotten) {
    options.use_footers = true;
    options.on_block = nullptr;
    RecoveryReport report;
    Result<Recovered> opened = Recover(files, directory, identity.value(), options, &report);
    if (opened.ok()) {
      MarkEveryDamage(files, directory, options, &opened.value().index);
      inspection.report = report;
      recovered = std::move(opened);
    }
  }
  inspection.verdict = recovered.status();
  if (recovered.ok()) inspection.damage = recovered.value().index.Damage();
  return inspection;
}

}  // namespace scriptorium
