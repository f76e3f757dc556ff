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
  inspection.verdict = recovered.status();
  inspection.blocks.assign(newest.begin(), newest.end());
  return inspection;
}

}  // namespace scriptorium
