// The engine on the real disk, in every write mode, moved on by its own thread or by a caller with an event descriptor.
// Meant for ThreadSanitizer too.
#include <thread>

#include "scratch.h"

using namespace scriptorium;
using namespace scriptorium::test;

TEST("S37 S38: in every write mode, many threads append over several segments, and all of it is there again") {
  for (const WriteMode mode : {WriteMode::kRing, WriteMode::kDataSync, WriteMode::kSync}) {
    if (mode == WriteMode::kRing && !RingIsHere()) continue;
    for (const DrivenBy driven_by : {DrivenBy::kThread, DrivenBy::kCaller}) {
      const Scratch scratch;
      FormatScratch(scratch);
      constexpr uint64_t kGroups = 3;
      constexpr uint64_t kBatches = 300;
      std::string before;
      {
        Durable durable;
        Result<std::unique_ptr<Journal>> opened =
            Journal::Open(PosixFileSystem(), Options(scratch, mode, driven_by), durable);
        CHECK_OK(opened.status());
        Journal& journal = *opened.value();
        CHECK(journal.stats().write_mode == mode);
        CHECK_EQUAL(journal.event_descriptor() >= 0, mode == WriteMode::kRing && driven_by == DrivenBy::kCaller);
        std::atomic<uint64_t> last{0};
        std::vector<std::thread> appenders;
        for (uint64_t group = 0; group < kGroups; ++group) {
          appenders.emplace_back([&, group] {
            for (uint64_t index = 1; index <= kBatches; ++index) {
              Result<uint64_t> ticket = journal.Append(MakeBatch(group, 1, index, 1, 40 + 97 * (index % 60)));
              CHECK_OK(ticket.status());
              uint64_t seen = last;
              while (seen < ticket.value() && !last.compare_exchange_weak(seen, ticket.value())) continue;
            }
          });
        }
        DriveUntil(journal, durable, kGroups * kBatches);
        for (std::thread& appender : appenders) appender.join();
        DriveUntil(journal, durable, last);
        before = Describe(journal);
        CHECK_OK(journal.Close());
      }
      Durable durable;
      Result<std::unique_ptr<Journal>> again =
          Journal::Open(PosixFileSystem(), Options(scratch, mode, driven_by), durable);
      CHECK_OK(again.status());
      CHECK(again.value()->report().sealed);
      CHECK(Describe(*again.value()) == before);
    }
  }
}

TEST("a driven journal seals itself when it is idle, and ends a linger, though nobody drives it meanwhile") {
  if (!RingIsHere()) return;
  const Scratch scratch;
  FormatScratch(scratch);
  Durable durable;
  OpenOptions options = Options(scratch, WriteMode::kRing, DrivenBy::kCaller);
  options.batching = std::make_shared<LingerBatching>(BatchingPolicy::Micros(2000), 1 << 20);
  Result<std::unique_ptr<Journal>> opened = Journal::Open(PosixFileSystem(), options, durable);
  CHECK_OK(opened.status());
  Journal& journal = *opened.value();
  Result<uint64_t> ticket = journal.Append(MakeBatch(0, 1, 1, 1, 100));
  CHECK_OK(ticket.status());
  journal.Drive(false);
  CHECK_EQUAL(journal.stats().blocks, uint64_t{0});
  for (const uint64_t blocks : {1, 2}) {
    while (journal.stats().blocks < blocks) {
      pollfd ready{journal.event_descriptor(), POLLIN, 0};
      CHECK(poll(&ready, 1, 10'000) == 1);
      uint64_t signals;
      CHECK(read(journal.event_descriptor(), &signals, sizeof signals) == sizeof signals);
      journal.Drive(false);
    }
  }
  CHECK_EQUAL(durable.durable.load(), ticket.value());
}
