// A full disk: what is refused and what still fits, that nothing else changes, and that it goes on when there is room.
#include "../space.h"

#include "check.h"
#include "fixture.h"
#include "full_disk.h"
#include "verify.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

constexpr uint64_t kSegment = 1 << 20;
constexpr uint32_t kEntryBytes = 9000;

// A journal in segments of 1 MiB on a disk that can be full, without threads.
struct Fixture {
  explicit Fixture(uint64_t seed) : memory(seed), disk(memory) {
    FormatOptions format = TinyFormat();
    format.segment_bytes = kSegment;
    CHECK_OK(Journal::Format(disk, format));
    Open();
  }
  void Open() {
    journal.reset();
    recorder = Recorder();
    Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(opened.status());
    journal = std::move(opened.value());
  }
  uint64_t Tail() {
    uint64_t tail = 0;
    journal->VisitGroup(0, [&](const GroupLog& log) { tail = log.tail().index; });
    return tail;
  }
  void Finish() {
    while (journal->Drive(true)) continue;
  }
  Status Append(uint32_t entry_bytes = kEntryBytes) {
    const Status status = journal->Append(MakeBatch(0, 1, Tail() + 1, 1, entry_bytes)).status();
    Finish();
    return status;
  }
  // From now on the disk is full, and the journal knows: one without threads finds out when it needs the next segment.
  void SetFull() {
    CHECK_OK(Append());
    disk.SetFull(true);
    CHECK_CODE(journal->Admit(1, kSegment - (100 << 10)), Code::kNoSpace);
  }
  // Appends until nothing more is taken.
  void Fill() {
    Status status;
    while (status.ok()) status = Append();
    CHECK_CODE(status, Code::kNoSpace);
  }
  Status Vote(uint64_t term) {
    const Result<uint64_t> ticket = journal->SaveHardState(0, {term, Incarnation(static_cast<uint8_t>(term))});
    Finish();
    if (ticket.ok()) CHECK_EQUAL(recorder.durable, ticket.value());
    return ticket.status();
  }

  FaultFileSystem memory;
  FullDisk disk;
  Recorder recorder;
  std::unique_ptr<Journal> journal;
};

}  // namespace

TEST("a full disk is tried again after pauses that double up to a bound, and at once when something was freed") {
  const Status full(Code::kNoSpace, "full");
  const Space::Clock::time_point now{std::chrono::hours(1)};
  Space space;
  CHECK(!space.lacking());
  CHECK(!space.Tried(Status(Code::kIoError, "another failure"), now));
  CHECK(!space.lacking());
  CHECK(space.Tried(full, now));
  CHECK_CODE(space.lack(), Code::kNoSpace);
  CHECK(space.next_try() == now + Space::kFirstPause);
  CHECK(!space.Tried(full, now));
  CHECK(space.next_try() == now + 2 * Space::kFirstPause);
  CHECK(!space.Tried(Status(Code::kIoError, "another failure"), now));
  CHECK(space.lacking());
  for (int tries = 0; tries < 20; ++tries) CHECK(!space.Tried(full, now));
  CHECK(space.next_try() == now + Space::kLongestPause);
  space.Freed();
  CHECK(space.next_try() <= now);
  CHECK(!space.Tried(full, now));
  CHECK(space.next_try() == now + Space::kFirstPause);
  CHECK(space.Tried(Status(), now));
  CHECK(!space.lacking());
  CHECK(!space.Tried(Status(), now));
}

TEST("what a full journal keeps in reserve is some hundred blocks, and never much of a segment") {
  CHECK_EQUAL(ReservedBytes(64 << 20, 4096), uint64_t{1 << 20});
  CHECK_EQUAL(ReservedBytes(16 << 20, 4096), uint64_t{1 << 20});
  CHECK_EQUAL(ReservedBytes(16 << 20, 64 << 10), uint64_t{2 << 20});
  CHECK_EQUAL(ReservedBytes(64 << 10, 4096), uint64_t{8 << 10});
}

TEST("S27: a full disk refuses batches and nothing else, keeps what it has, and takes them again when there is room") {
  Fixture full(31);
  full.SetFull();
  full.Fill();
  const std::string before = Describe(*full.journal);
  const uint64_t tail = full.Tail();
  CHECK(tail > 60);
  CHECK_EQUAL(full.recorder.spaces, 1);
  CHECK(full.journal->stats().no_space);
  CHECK(full.journal->space().message().find(kDirectory) != std::string::npos);
  // Not one byte of a batch, alone or among others, and however it is asked.
  CHECK_CODE(full.Append(), Code::kNoSpace);
  Bytes several = MakeBatch(0, 1, tail + 1, 1, kEntryBytes);
  const Bytes second = MakeBatch(7, 1, 1, 1, kEntryBytes);
  several.insert(several.end(), second.begin(), second.end());
  CHECK_CODE(full.journal->SealAndAppend(several).status(), Code::kNoSpace);
  CHECK_CODE(full.journal->Admit(2, several.size()), Code::kNoSpace);
  // What could never be stored is refused as ever.
  CHECK_CODE(full.Append(kSegment - 8192), Code::kTooLarge);
  CHECK_EQUAL(Describe(*full.journal), before);
  // What a scribe promises, and what lets go, finds its place.
  CHECK_OK(full.journal->Admit(0, 0));
  for (uint64_t term = 2; term < 8; ++term) CHECK_OK(full.Vote(term));
  CHECK_OK(full.journal->TruncateSuffix(0, tail).status());
  CHECK_OK(full.journal->TruncatePrefix(0, {2, 1}).status());
  full.Finish();
  CHECK_EQUAL(full.recorder.failures, 0);
  CHECK_CODE(full.Append(), Code::kNoSpace);
  const std::string holds = Describe(*full.journal);
  const auto killed = full.memory.AfterRestart();
  {
    Recorder recorder;
    CHECK_EQUAL(Describe(*Journal::Open(*killed, TinyOpen(), recorder).value()), holds);
  }

  full.disk.SetFull(false);
  CHECK_OK(full.Append());
  CHECK_EQUAL(full.recorder.spaces, 2);
  CHECK(!full.journal->stats().no_space);
  several = second;
  CHECK_OK(full.journal->SealAndAppend(several).status());
  for (int batch = 0; batch < 120; ++batch) CHECK_OK(full.Append());
  const std::string after = Describe(*full.journal);
  CHECK_OK(full.journal->Close());
  full.Open();
  CHECK_EQUAL(Describe(*full.journal), after);
}

TEST("S27: when the reserve is used up, votes are refused as well, and nothing that was promised is lost") {
  Fixture full(32);
  full.SetFull();
  full.Fill();
  uint64_t term = 2;
  while (full.Vote(term).ok()) ++term;
  // In segments of this size the reserve is an eighth, and each vote takes a page of it.
  CHECK(term > 20);
  CHECK_CODE(full.Vote(term), Code::kNoSpace);
  CHECK_CODE(full.journal->Admit(0, 0), Code::kNoSpace);
  CHECK_EQUAL(full.recorder.failures, 0);
  const std::string holds = Describe(*full.journal);
  CHECK_OK(full.journal->Close());
  full.Open();
  CHECK_EQUAL(Describe(*full.journal), holds);
  CHECK_CODE(full.Vote(term), Code::kNoSpace);
  full.disk.SetFull(false);
  CHECK_OK(full.Vote(term));
  CHECK_OK(full.Append());
}

TEST("S27: what a prefix drop frees is enough to go on, on a disk that stays full") {
  Fixture full(33);
  while (full.journal->stats().segments < 3) CHECK_OK(full.Append());
  full.SetFull();
  full.Fill();
  const int asked = full.disk.asked();
  CHECK_OK(full.journal->TruncatePrefix(0, {full.Tail(), 1}).status());
  full.Finish();
  CHECK_EQUAL(full.journal->stats().segments, uint64_t{1});
  CHECK_EQUAL(full.journal->stats().spare_segments, uint64_t{2});
  for (int batch = 0; batch < 100; ++batch) CHECK_OK(full.Append());
  CHECK_EQUAL(full.disk.asked(), asked);
  CHECK(!full.journal->stats().no_space);
  CHECK_EQUAL(full.recorder.failures, 0);
}

TEST("S27 S46: a disk that is full from any moment on loses nothing acknowledged") {
  int refusals = 0;
  // The first time nothing is full, which tells how often space is asked for.
  int asked = 0;
  for (int from = 0; from <= asked; ++from) {
    FaultFileSystem memory(42);
    FullDisk disk(memory);
    disk.FillAt(from == 0 ? INT32_MAX : from);
    Life life(disk, [&memory] { return memory.operations(); });
    const Status status = life.Run();
    if (from == 0) asked = disk.asked();
    // Formatting needs the first segment; later on all that cannot be had is left out.
    if (from == 1) {
      CHECK_CODE(status, Code::kNoSpace);
    } else {
      CHECK_OK(status);
      CHECK_EQUAL(life.failures(), 0);
      refusals += life.refusals();
    }
    for (const Survival survival : {Survival::kNothing, Survival::kEverything, Survival::kRandom}) {
      Verify(*memory.AfterCrash(survival, static_cast<uint64_t>(from)), life.history(), true);
    }
  }
  std::printf("# space was asked for %d times, and something refused %d times\n", asked, refusals);
  CHECK(asked > 2);
  CHECK(refusals > 5);
}
