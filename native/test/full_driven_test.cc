// A full disk under a journal with threads, in every write mode, moved on by itself or by a caller: what waits, what is
// told, and that nobody has to open it again. Meant for ThreadSanitizer too.
#include "full_disk.h"
#include "scratch.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

constexpr uint32_t kEntryBytes = 9000;

struct Setting {
  WriteMode mode;
  DrivenBy driven_by;
};

std::vector<Setting> Settings() {
  std::vector<Setting> settings;
  for (const WriteMode mode : {WriteMode::kRing, WriteMode::kDataSync, WriteMode::kSync}) {
    if (mode == WriteMode::kRing && !RingIsHere()) continue;
    for (const DrivenBy driven_by : {DrivenBy::kThread, DrivenBy::kCaller}) settings.push_back({mode, driven_by});
  }
  return settings;
}

uint64_t TailOf(const Journal& journal) {
  uint64_t tail = 0;
  journal.VisitGroup(0, [&](const GroupLog& log) { tail = log.tail().index; });
  return tail;
}

// Batches that go on from the tail, back to back.
Bytes Batches(const Journal& journal, int count) {
  Bytes all;
  for (int batch = 1; batch <= count; ++batch) {
    const Bytes one = MakeBatch(0, 1, TailOf(journal) + static_cast<uint64_t>(batch), 1, kEntryBytes);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

// More than a segment holds, in one go, so that nobody can know in time that there is no room for the next one.
constexpr int kTooMany = 150;

Result<uint64_t> AppendTooMuch(Journal& journal) {
  Bytes batches = Batches(journal, kTooMany);
  return journal.SealAndAppend(batches);
}

std::unique_ptr<Journal> MustOpen(FileSystem& disk, const Scratch& scratch, const Setting& setting, Durable& durable) {
  Result<std::unique_ptr<Journal>> opened =
      Journal::Open(disk, Options(scratch, setting.mode, setting.driven_by), durable);
  CHECK_OK(opened.status());
  return std::move(opened.value());
}

}  // namespace

TEST("S27: what was taken before anyone knew that the disk is full waits, and is durable when there is room") {
  for (const Setting& setting : Settings()) {
    const Scratch scratch;
    FormatScratch(scratch);
    FullDisk disk(PosixFileSystem());
    std::string holds;
    {
      Durable durable;
      const auto journal = MustOpen(disk, scratch, setting, durable);
      disk.SetFull(true);
      const Result<uint64_t> last = AppendTooMuch(*journal);
      CHECK_OK(last.status());
      DriveUntil(*journal, [&] { return durable.spaces == 1; });
      CHECK(journal->stats().no_space);
      Bytes one = Batches(*journal, 1);
      CHECK_CODE(journal->Append(one).status(), Code::kNoSpace);
      CHECK_CODE(journal->SealAndAppend(one).status(), Code::kNoSpace);
      CHECK_CODE(journal->SaveHardState(0, {2, {}}).status(), Code::kNoSpace);
      CHECK(durable.durable < last.value());
      disk.SetFull(false);
      DriveUntil(*journal, durable, last.value());
      CHECK_EQUAL(durable.spaces.load(), 2);
      CHECK(!journal->stats().no_space);
      const Result<uint64_t> more = journal->Append(one);
      CHECK_OK(more.status());
      DriveUntil(*journal, durable, more.value());
      holds = Describe(*journal);
      CHECK_OK(journal->Close());
    }
    Durable durable;
    CHECK_EQUAL(Describe(*MustOpen(disk, scratch, setting, durable)), holds);
  }
}

TEST("S27: closing gives up what waits for room and says so; opening needs room for what cannot go on, and names it") {
  for (const Setting& setting : Settings()) {
    const Scratch scratch;
    FormatScratch(scratch);
    FullDisk disk(PosixFileSystem());
    uint64_t kept = 0;
    {
      Durable durable;
      const auto journal = MustOpen(disk, scratch, setting, durable);
      disk.SetFull(true);
      CHECK_OK(AppendTooMuch(*journal).status());
      DriveUntil(*journal, [&] { return durable.spaces == 1; });
      // What is durable can be read, and nothing else.
      Result<ReadPlan> plan = journal->PlanRead(0, 1, SIZE_MAX);
      CHECK_OK(plan.status());
      kept = plan.value().pieces.size();
      CHECK(kept > 0 && kept < kTooMany);
      durable.may_fail = Code::kNoSpace;
      CHECK_CODE(journal->Close(), Code::kNoSpace);
      CHECK_EQUAL(durable.failures.load(), 1);
    }
    Durable durable;
    const Status refused = Journal::Open(disk, Options(scratch, setting.mode, setting.driven_by), durable).status();
    CHECK_CODE(refused, Code::kNoSpace);
    CHECK(refused.message().find("free space") != std::string::npos);
    disk.SetFull(false);
    const auto journal = MustOpen(disk, scratch, setting, durable);
    CHECK(TailOf(*journal) >= kept && TailOf(*journal) < kTooMany);
    const Result<uint64_t> more = journal->Append(Batches(*journal, 1));
    CHECK_OK(more.status());
    DriveUntil(*journal, durable, more.value());
  }
}

TEST("S27: a full disk is known before it matters, so votes are kept; and again when the journal is opened on one") {
  for (const Setting& setting : Settings()) {
    const Scratch scratch;
    FormatScratch(scratch);
    FullDisk disk(PosixFileSystem());
    std::string holds;
    for (uint64_t term = 2; term < 4; ++term) {
      Durable durable;
      const auto journal = MustOpen(disk, scratch, setting, durable);
      if (term > 2) {
        CHECK_EQUAL(Describe(*journal), holds);
        CHECK(journal->stats().no_space);
      }
      disk.SetFull(true);
      Status status;
      while (status.ok()) {
        const Result<uint64_t> ticket = journal->Append(Batches(*journal, 1));
        status = ticket.status();
        if (ticket.ok()) DriveUntil(*journal, durable, ticket.value());
      }
      CHECK_CODE(status, Code::kNoSpace);
      const Result<uint64_t> vote = journal->SaveHardState(0, {term, Incarnation(1)});
      CHECK_OK(vote.status());
      DriveUntil(*journal, durable, vote.value());
      holds = Describe(*journal);
      CHECK_OK(journal->Close());
    }
    disk.SetFull(false);
    Durable durable;
    const auto journal = MustOpen(disk, scratch, setting, durable);
    CHECK(!journal->stats().no_space);
    const Result<uint64_t> more = journal->Append(Batches(*journal, 1));
    CHECK_OK(more.status());
    DriveUntil(*journal, durable, more.value());
  }
}
