// The engine with its own threads: many appenders, readers and a closing at once. Meant for ThreadSanitizer too.
#include <condition_variable>
#include <thread>

#include "../read_queue.h"
#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

class Waiter final : public JournalListener {
 public:
  void OnDurable(uint64_t ticket) override {
    std::lock_guard lock(mutex_);
    CHECK(ticket > durable_);
    durable_ = ticket;
    changed_.notify_all();
  }
  void OnFailure(const Status&) override {
    std::lock_guard lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  }
  // False if the journal failed first.
  bool WaitFor(uint64_t ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_ >= ticket || failed_; });
    return durable_ >= ticket;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t durable_ = 0;
  bool failed_ = false;
};

OpenOptions Threaded() {
  OpenOptions options = TinyOpen();
  options.driven_by = DrivenBy::kThread;
  return options;
}

}  // namespace

TEST("S37: appenders, readers and a closing in many threads; each acknowledged batch is there after a restart") {
  FaultFileSystem disk(5);
  FormatOptions format = TinyFormat();
  format.segment_bytes = 1 << 20;
  CHECK_OK(Journal::Format(disk, format));
  constexpr uint64_t kGroups = 4;
  constexpr uint64_t kBatches = 200;
  {
    Waiter waiter;
    Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, Threaded(), waiter);
    CHECK_OK(opened.status());
    Journal& journal = *opened.value();
    ReadQueue reads(journal);
    std::atomic<uint64_t> answered{0};
    std::vector<std::thread> appenders;
    for (uint64_t group = 0; group < kGroups; ++group) {
      appenders.emplace_back([&, group] {
        std::vector<Bytes> answers(kBatches);
        for (uint64_t index = 1; index <= kBatches; ++index) {
          Result<uint64_t> ticket = journal.Append(MakeBatch(group, 1, index, 1, 100 + 13 * (index % 50)));
          CHECK_OK(ticket.status());
          if (index % 5 == 0) {
            CHECK(waiter.WaitFor(ticket.value()));
            Result<ReadPlan> plan = journal.PlanRead(group, index, 1);
            CHECK_OK(plan.status());
            answers[index - 1].resize(plan.value().bytes);
            reads.Submit(plan.value(), answers[index - 1].data(), [&answered](const Status& status) {
              CHECK_OK(status);
              ++answered;
            });
          }
        }
        while (answered < kGroups * kBatches / 5) std::this_thread::yield();
      });
    }
    for (std::thread& appender : appenders) appender.join();
    reads.Stop();
    CHECK_OK(journal.Close());
    CHECK(journal.stats().records >= kGroups * kBatches);
    CHECK_CODE(journal.Append(MakeBatch(0, 1, kBatches + 1, 1, 100)).status(), Code::kClosed);
  }
  const auto after = disk.AfterCrash(Survival::kNothing, 1);
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(*after, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  CHECK(journal.value()->report().sealed);
  for (uint64_t group = 0; group < kGroups; ++group) {
    journal.value()->VisitGroup(group, [](const GroupLog& log) { CHECK_EQUAL(log.tail().index, kBatches); });
  }
}

TEST("an idle journal seals itself once, and what was acknowledged is witnessed from then on") {
  FaultFileSystem disk(6);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Waiter waiter;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, Threaded(), waiter);
  CHECK_OK(journal.status());
  Result<uint64_t> ticket = journal.value()->Append(MakeBatch(0, 1, 1, 1, 100));
  CHECK_OK(ticket.status());
  CHECK(waiter.WaitFor(ticket.value()));
  while (journal.value()->stats().blocks < 2) std::this_thread::yield();
  CHECK_OK(journal.value()->Close());
  CHECK_EQUAL(journal.value()->stats().blocks, 2U);  // Closing had nothing to add.
}

TEST("R30: a disk that stops working ends all acknowledgements at once, and closing says so") {
  for (uint64_t later = 3; later < 40; later += 4) {
    FaultFileSystem disk(later);
    CHECK_OK(Journal::Format(disk, TinyFormat()));
    Waiter waiter;
    Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, Threaded(), waiter);
    CHECK_OK(opened.status());
    Journal& journal = *opened.value();
    // From here on nothing works, whichever thread asks.
    disk.Plan(disk.operations() + later, Fault::kCrash);
    uint64_t index = 1;
    for (;; ++index) {
      Result<uint64_t> ticket = journal.Append(MakeBatch(0, 1, index, 1, 3000));
      if (!ticket.ok() || !waiter.WaitFor(ticket.value())) break;
      CHECK(index < 1000);
    }
    CHECK_CODE(journal.SaveHardState(0, {5, {}}).status(), Code::kJournalFailed);
    CHECK_CODE(journal.Close(), Code::kJournalFailed);
  }
}

TEST("S41 S42: a second opener is refused while the first lives, and welcome after it") {
  FaultFileSystem disk(6);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Recorder recorder;
  {
    Result<std::unique_ptr<Journal>> first = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(first.status());
    CHECK_CODE(Journal::Open(disk, TinyOpen(), recorder).status(), Code::kLocked);
  }
  CHECK_OK(Journal::Open(disk, TinyOpen(), recorder).status());
}

TEST("S31: a disk that asks for 16 KiB alignment gets it, and a directory moved there from a finer one goes on") {
  FaultFileSystem disk(6, 16384);
  FormatOptions format = TinyFormat();
  format.segment_bytes = 256 << 10;
  CHECK_OK(Journal::Format(disk, format));
  FaultFileSystem fine(9);
  CHECK_OK(Journal::Format(fine, format));
  for (const std::string& path : fine.Paths()) disk.SetContent(path, fine.Content(path));
  for (uint64_t index = 1; index <= 30; ++index) {
    Recorder recorder;
    Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(journal.status());
    CHECK_EQUAL(journal.value()->stats().alignment, 16384U);
    CHECK_OK(journal.value()->Append(MakeBatch(0, 1, index, 1, 5000)).status());
    CHECK_OK(journal.value()->Close());
    journal.value()->VisitGroup(0, [&](const GroupLog& log) { CHECK_EQUAL(log.tail().index, index); });
  }
}

TEST("S49: with threads of its own, a journal lets go of segments and moves stragglers while it is written and read") {
  FaultFileSystem disk(8);
  FormatOptions format = TinyFormat();
  CHECK_OK(Journal::Format(disk, format));
  Waiter waiter;
  Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, Threaded(), waiter);
  CHECK_OK(opened.status());
  Journal& journal = *opened.value();
  const Bytes quiet = MakeBatch(9, 1, 1, 1, 300);
  CHECK_OK(journal.Append(quiet).status());
  std::atomic<bool> done{false};
  std::thread reader([&] {
    Bytes bytes(quiet.size());
    while (!done) {
      Result<ReadPlan> plan = journal.PlanRead(9, 1, 1);
      if (!plan.ok()) continue;  // Not durable yet.
      CHECK_OK(journal.Read(plan.value(), bytes.data()));
      CHECK(bytes == quiet);
    }
  });
  const auto quiet_segment = [&] {
    uint32_t segment = 0;
    journal.VisitGroup(9, [&](const GroupLog& log) { segment = log.batches().at(0).segment; });
    return segment;
  };
  for (uint64_t index = 1; index <= 300 || quiet_segment() == 1; ++index) {
    Result<uint64_t> ticket = journal.Append(MakeBatch(0, 1, index, 1, 9000));
    CHECK_OK(ticket.status());
    CHECK(waiter.WaitFor(ticket.value()));
    if (index % 10 == 0) CHECK_OK(journal.TruncatePrefix(0, {index, 1}).status());
  }
  done = true;
  reader.join();
  CHECK_OK(journal.Close());
  CHECK(journal.stats().segments < 30);
  Recorder recorder;
  Result<std::unique_ptr<Journal>> again = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(again.status());
  again.value()->VisitGroup(9, [](const GroupLog& log) { CHECK_EQUAL(log.tail().index, 1U); });
}
