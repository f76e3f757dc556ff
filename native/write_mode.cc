#include "write_mode.h"

#include "aligned_buffer.h"
#include "segment.h"

namespace scriptorium {
namespace {

Result<ChosenQueue> Make(FileSystem& files, WriteMode mode, uint32_t depth) {
  ChosenQueue chosen;
  chosen.mode = mode;
  chosen.depth = mode == WriteMode::kRing ? depth : 1;
  Result<std::unique_ptr<WriteQueue>> queue = files.OpenQueue(mode, chosen.depth);
  if (!queue.ok()) return queue.status();
  chosen.queue = std::move(queue.value());
  return chosen;
}

// Has the queue make one aligned write durable.
Status Try(WriteQueue& queue, File& scratch, uint32_t alignment) {
  AlignedBuffer bytes(alignment, kMaxAlignment);
  std::memset(bytes.data(), 0, bytes.size());
  queue.Submit(scratch, bytes.data(), bytes.size(), 0, alignment, 0);
  std::vector<Completion> completions;
  queue.Reap(true, &completions);
  if (completions.size() != 1) return Status(Code::kIoError, scratch.path() + ": a write did not complete");
  return completions[0].status;
}

}  // namespace

Result<ChosenQueue> ChooseQueue(FileSystem& files, const std::string& directory, const Volume& volume,
                                std::optional<WriteMode> wanted, uint32_t depth) {
  // Write and fdatasync needs no trial; it must be to be had on a full disk as well.
  if (wanted == WriteMode::kSync || (!wanted && !volume.direct)) return Make(files, WriteMode::kSync, depth);
  Result<std::unique_ptr<File>> scratch =
      files.Open(JoinPath(directory, kPrepareName), OpenMode::kCreateOrReplace, volume.direct);
  if (!scratch.ok() && wanted) return scratch.status();
  for (const WriteMode mode : {WriteMode::kRing, WriteMode::kDataSync}) {
    if (!scratch.ok() || (wanted && mode != *wanted)) continue;
    Result<ChosenQueue> chosen = Make(files, mode, depth);
    const Status status =
        chosen.ok() ? Try(*chosen.value().queue, *scratch.value(), volume.alignment) : chosen.status();
    if (status.ok()) return chosen;
    if (!wanted) continue;
    // A full disk proves nothing against a mode that was asked for.
    if (chosen.ok() && status.code() == Code::kNoSpace) return chosen;
    const Code code = chosen.ok() ? status.code() : Code::kBadOption;
    return Status(code, directory + ": " + WriteModeName(mode) + " does not work there: " + status.message());
  }
  return Make(files, WriteMode::kSync, depth);
}

}  // namespace scriptorium
