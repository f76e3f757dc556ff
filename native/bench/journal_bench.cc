// The engine without Node: appends batches of one entry to a fresh journal, and prints one line of JSON. A batch is
// sized so that it fills a block of its own. Up to `depth` blocks are in flight; where that is more than one, as many
// batches again wait in memory, so that the disk need not wait for the next one to be copied.
//
//   journal_bench DIRECTORY SECONDS BLOCK_BYTES DEPTH
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "../crc32c.h"
#include "../journal.h"
#include "../little_endian.h"

using namespace scriptorium;
using Clock = std::chrono::steady_clock;

namespace {

// Headers of the block, the record, the batch and the entry are shorter than this together.
constexpr size_t kHeadroom = 512;
constexpr std::chrono::seconds kWarmUp{1};
constexpr uint64_t kTrimBytes = 64 << 20;

struct Listener final : JournalListener {
  void OnDurable(uint64_t ticket) override {
    durable = ticket;
    durable.notify_one();
  }
  void OnFailure(const Status& status) override {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    std::exit(1);
  }
  std::atomic<uint64_t> durable{0};
};

void Check(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::exit(1);
}

// Renumbers a batch of one entry; its body never changes.
void Seal(std::vector<uint8_t>& batch, uint64_t index) {
  Store<uint64_t>(batch.data() + 24, index);
  Store<uint32_t>(batch.data() + 52, Crc32c(batch.data(), 52));
}

std::vector<uint8_t> MakeBatch(size_t bytes) {
  std::vector<uint8_t> batch(bytes);
  const size_t body = bytes - kBatchHeaderBytes;
  Store<uint32_t>(batch.data(), kBatchMagic);
  batch[4] = kBatchVersion;
  batch[5] = 1;
  Store<uint64_t>(batch.data() + 16, 1);
  Store<uint32_t>(batch.data() + 40, 1);
  Store<uint32_t>(batch.data() + 44, static_cast<uint32_t>(body));
  Store<uint32_t>(batch.data() + kBatchHeaderBytes, static_cast<uint32_t>(body - 4));
  for (size_t at = kBatchHeaderBytes + 4; at < bytes; ++at) batch[at] = static_cast<uint8_t>(at * 31);
  Store<uint32_t>(batch.data() + 48, Crc32c(batch.data() + kBatchHeaderBytes, body));
  return batch;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 64;
  const double seconds = std::atof(argv[2]);
  const size_t block_bytes = std::strtoull(argv[3], nullptr, 10);
  const size_t depth = std::strtoull(argv[4], nullptr, 10);
  FormatOptions format;
  format.directory = argv[1];
  format.identity.scribe_id = "bench";
  Check(Journal::Format(PosixFileSystem(), format));
  OpenOptions options;
  options.directory = argv[1];
  options.max_block_bytes = std::max<size_t>(block_bytes, 64 << 10);
  options.blocks_in_flight = static_cast<uint32_t>(depth);
  options.driven_by = DrivenBy::kCaller;
  const size_t outstanding = depth > 1 ? 2 * depth : 1;
  Listener listener;
  Result<std::unique_ptr<Journal>> opened = Journal::Open(PosixFileSystem(), options, listener);
  Check(opened.status());
  Journal& journal = *opened.value();
  // Without io_uring the journal has a thread of its own.
  const bool driven = journal.event_descriptor() >= 0;

  std::vector<uint8_t> batch = MakeBatch(block_bytes - kHeadroom);
  struct Waiting {
    uint64_t ticket;
    Clock::time_point since;
  };
  std::deque<Waiting> waiting;
  std::vector<double> micros;
  uint64_t next = 1;
  uint64_t untrimmed_bytes = 0;
  const Clock::time_point start = Clock::now() + kWarmUp;
  const Clock::time_point end = start + std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
  while (Clock::now() < end || !waiting.empty()) {
    while (waiting.size() < outstanding && Clock::now() < end) {
      if ((untrimmed_bytes += block_bytes) > kTrimBytes && next > 1) {
        Check(journal.TruncatePrefix(0, {next - 1, 1}).status());
        untrimmed_bytes = 0;
      }
      const Clock::time_point since = Clock::now();
      Seal(batch, next++);
      Result<uint64_t> ticket = journal.Append(batch);
      Check(ticket.status());
      waiting.push_back({ticket.value(), since});
      // One block each, as fio writes them.
      if (driven) journal.Drive(false);
    }
    if (driven) {
      journal.Drive(true);
    } else if (const uint64_t seen = listener.durable; !waiting.empty() && waiting.front().ticket > seen) {
      listener.durable.wait(seen);
    }
    while (!waiting.empty() && waiting.front().ticket <= listener.durable) {
      const Clock::time_point since = waiting.front().since;
      if (since >= start) micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - since).count());
      waiting.pop_front();
    }
  }
  const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  Check(journal.Close());
  if (micros.empty()) {
    std::fprintf(stderr, "not one append within %.1f seconds\n", seconds);
    return 1;
  }
  const double megabytes = static_cast<double>(micros.size()) * static_cast<double>(batch.size()) / 1e6;
  std::sort(micros.begin(), micros.end());
  std::printf("{\"p50Micros\": %.1f, \"p99Micros\": %.1f, \"megabytesPerSecond\": %.1f, \"appends\": %zu}\n",
              micros[micros.size() / 2], micros[micros.size() * 99 / 100], megabytes / elapsed, micros.size());
}
