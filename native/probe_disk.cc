#include "probe_disk.h"

#include <algorithm>
#include <chrono>

#include "aligned_buffer.h"
#include "segment.h"

namespace scriptorium {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kScratchBytes = 64 << 20;
constexpr uint32_t kSizes[] = {4 << 10, 64 << 10, 128 << 10, 1 << 20};
constexpr uint32_t kDepths[] = {1, 2, 4, 8};

double MicrosBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

void Measure(FileSystem& files, File& scratch, uint32_t alignment, const uint8_t* bytes, uint32_t writes,
             ProbedWrites* row) {
  Result<std::unique_ptr<WriteQueue>> queue = files.OpenQueue(row->mode, row->in_flight);
  if (!queue.ok()) {
    row->status = queue.status();
    return;
  }
  std::vector<Clock::time_point> submitted(writes);
  std::vector<double> micros;
  std::vector<Completion> completions;
  const Clock::time_point start = Clock::now();
  for (uint32_t next = 0; micros.size() < writes;) {
    for (; next < writes && next - micros.size() < row->in_flight; ++next) {
      submitted[next] = Clock::now();
      const uint64_t offset = uint64_t{next} * row->bytes % kScratchBytes;
      queue.value()->Submit(scratch, bytes, row->bytes, offset, alignment, next);
    }
    completions.clear();
    queue.value()->Reap(true, &completions);
    const Clock::time_point now = Clock::now();
    for (const Completion& completion : completions) {
      if (!completion.status.ok()) row->status = completion.status;
      micros.push_back(MicrosBetween(submitted[completion.tag], now));
    }
  }
  if (!row->status.ok()) return;
  row->writes_per_second = writes * 1e6 / MicrosBetween(start, Clock::now());
  std::sort(micros.begin(), micros.end());
  row->p50_micros = micros[micros.size() / 2];
  row->p99_micros = micros[micros.size() * 99 / 100];
}

Status WriteBefore(File& scratch, const uint8_t* bytes, size_t chunk, uint32_t alignment) {
  if (Status status = scratch.Allocate(kScratchBytes); !status.ok()) return status;
  for (uint64_t offset = 0; offset < kScratchBytes; offset += chunk) {
    if (Status status = WriteFully(scratch, bytes, chunk, offset, alignment); !status.ok()) return status;
  }
  return scratch.Sync();
}

}  // namespace

Result<DiskProbe> ProbeDisk(FileSystem& files, const std::string& directory, uint32_t writes) {
  Result<std::unique_ptr<DirectoryLock>> lock = files.Lock(JoinPath(directory, "LOCK"));
  if (!lock.ok()) return lock.status();
  Result<Volume> volume = files.Describe(directory);
  if (!volume.ok()) return volume.status();
  const uint32_t alignment = volume.value().alignment;
  Result<std::unique_ptr<File>> scratch =
      files.Open(JoinPath(directory, kPrepareName), OpenMode::kCreateOrReplace, volume.value().direct);
  if (!scratch.ok()) return scratch.status();
  AlignedBuffer bytes(std::max(kSizes[3], alignment), kMaxAlignment);
  std::memset(bytes.data(), 0xa5, bytes.size());
  if (Status status = WriteBefore(*scratch.value(), bytes.data(), kSizes[3], alignment); !status.ok()) return status;
  DiskProbe probe{volume.value(), {}};
  for (const uint32_t size : kSizes) {
    for (const WriteMode mode : {WriteMode::kSync, WriteMode::kDataSync, WriteMode::kRing}) {
      for (const uint32_t depth : kDepths) {
        if (depth > 1 && mode != WriteMode::kRing) continue;
        ProbedWrites row{mode, depth, std::max(size, alignment), 0, 0, 0, {}};
        Measure(files, *scratch.value(), alignment, bytes.data(), writes, &row);
        probe.rows.push_back(row);
      }
    }
  }
  return probe;
}

}  // namespace scriptorium
