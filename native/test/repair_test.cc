// Damage that is found while a journal is open, and what puts it right.
#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

class DamageRecorder final : public JournalListener {
 public:
  void OnDurable(uint64_t) override {}
  void OnFailure(const Status&) override {}
  void OnDamage(const DamagedRange& range) override { damage.push_back(range); }
  std::vector<DamagedRange> damage;
};

struct Opened {
  std::unique_ptr<FaultFileSystem> disk;
  DamageRecorder recorder;
  std::unique_ptr<Journal> journal;
};

constexpr uint32_t kBatches = 6;

Bytes BatchAt(uint64_t index, uint64_t term = 1) { return MakeBatch(0, term, index, 1, 9000); }

// A journal with one batch per index, closed once, so that reads come from the disk, and opened again.
std::unique_ptr<Opened> Make() {
  auto made = std::make_unique<Opened>();
  made->disk = std::make_unique<FaultFileSystem>(11);
  CHECK_OK(Journal::Format(*made->disk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(*made->disk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  for (uint32_t index = 1; index <= kBatches; ++index) {
    CHECK_OK(journal.value()->Append(BatchAt(index)).status());
    CHECK(journal.value()->Drive(true));
  }
  CHECK_OK(journal.value()->Close());
  Result<std::unique_ptr<Journal>> opened = Journal::Open(*made->disk, TinyOpen(), made->recorder);
  CHECK_OK(opened.status());
  made->journal = std::move(opened.value());
  return made;
}

ReadPlan::Piece PlaceOf(Journal& journal, uint64_t index) {
  Result<ReadPlan> plan = journal.PlanRead(0, index, 1);
  CHECK_OK(plan.status());
  return plan.value().pieces[0];
}

// Flips a bit so many bytes into the batch.
void Damage(Opened& opened, uint64_t index, size_t byte) {
  const ReadPlan::Piece piece = PlaceOf(*opened.journal, index);
  const std::string path = JoinPath(kDirectory, SegmentName(piece.segment));
  Bytes bytes = opened.disk->Content(path);
  bytes[piece.offset + byte] ^= 0x10;
  opened.disk->SetContent(path, bytes);
}

// Reads as a reader does: what can be had of the log from `from` on.
Result<Bytes> Read(Journal& journal, uint64_t from) {
  Result<ReadPlan> plan = journal.PlanRead(0, from, SIZE_MAX);
  if (!plan.ok()) return plan.status();
  Bytes bytes(plan.value().bytes);
  if (Status status = journal.Read(plan.value(), bytes.data()); !status.ok()) return status;
  return bytes;
}

void ScrubAll(Journal& journal) {
  while (journal.ScrubStep() > 0) continue;
}

Bytes Joined(uint64_t from, uint64_t to) {
  Bytes all;
  for (uint64_t index = from; index <= to; ++index) {
    const Bytes batch = BatchAt(index);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

}  // namespace

TEST("S53: a pass of scrubbing ends where nothing is durable yet, and goes on from there in the next") {
  FaultFileSystem disk(8);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(opened.status());
  Journal& journal = *opened.value();
  CHECK_OK(journal.Append(MakeBatch(3, 1, 1, 1, 100)).status());
  CHECK_EQUAL(journal.ScrubStep(), size_t{0});
  CHECK_EQUAL(journal.ScrubStep(), size_t{0});
  while (journal.Drive(true)) continue;
  CHECK_EQUAL(journal.ScrubStep(), size_t{160});
  CHECK_EQUAL(journal.ScrubStep(), size_t{0});
}

TEST("S09 S53: scrubbing finds a batch that rotted, tells of it once, and what surrounds it is read as before") {
  for (const size_t byte : {size_t{0}, size_t{24}, size_t{44}, size_t{60}, size_t{8000}}) {
    auto opened = Make();
    Journal& journal = *opened->journal;
    Damage(*opened, 3, byte);
    ScrubAll(journal);
    ScrubAll(journal);
    CHECK_EQUAL(opened->recorder.damage.size(), size_t{1});
    CHECK_EQUAL(opened->recorder.damage[0].from, uint64_t{3});
    CHECK_EQUAL(opened->recorder.damage[0].to, uint64_t{3});
    CHECK_EQUAL(journal.Damage().size(), size_t{1});
    CHECK_EQUAL(journal.stats().damaged, uint64_t{1});
    CHECK(Read(journal, 1).value() == Joined(1, 2));
    CHECK_CODE(Read(journal, 3).status(), Code::kRotten);
    CHECK(Read(journal, 4).value() == Joined(4, kBatches));
  }
}

TEST("S09 S11: a damaged batch is replaced by the same batch from elsewhere, also after the next start") {
  auto opened = Make();
  Journal& journal = *opened->journal;
  Damage(*opened, 3, 500);
  CHECK_CODE(Read(journal, 3).status(), Code::kRotten);
  CHECK_OK(journal.Repair(BatchAt(3)).status());
  CHECK(journal.Damage().empty());
  // Shown to nobody before it is durable.
  CHECK_CODE(Read(journal, 3).status(), Code::kBeyondTail);
  CHECK(journal.Drive(true));
  CHECK(Read(journal, 1).value() == Joined(1, kBatches));
  CHECK_EQUAL(journal.stats().repaired, uint64_t{1});
  CHECK_OK(journal.Append(BatchAt(kBatches + 1)).status());
  CHECK_OK(journal.Close());
}

TEST("R29: repair takes no other batch than the one that stood there, and none where nothing is damaged") {
  auto opened = Make();
  Journal& journal = *opened->journal;
  CHECK_CODE(journal.Repair(BatchAt(3)).status(), Code::kBadOption);
  Damage(*opened, 3, 500);
  CHECK_CODE(Read(journal, 3).status(), Code::kRotten);
  CHECK_CODE(journal.Repair(BatchAt(3, 2)).status(), Code::kBadOption);
  CHECK_CODE(journal.Repair(BatchAt(4)).status(), Code::kBadOption);
  CHECK_CODE(journal.Repair(BatchAt(kBatches + 1)).status(), Code::kBadOption);
  CHECK_CODE(journal.Repair(MakeBatch(0, 1, 3, 1, 9001)).status(), Code::kBadOption);
  CHECK_CODE(journal.Repair(MakeBatch(0, 1, 3, 2, 4498)).status(), Code::kBadOption);
  CHECK_CODE(journal.Repair(MakeBatch(0, 1, 3, 1, 9000, kBatchConfiguration)).status(), Code::kBadOption);
  CHECK_CODE(journal.Repair(MakeBatch(7, 1, 3, 1, 9000)).status(), Code::kBadOption);
  // The same in every respect but its bytes: its header, which still holds on disk, says what they were.
  Bytes other = BatchAt(3);
  other[100] ^= 1;
  Store<uint32_t>(&other[48], Crc32c(&other[56], other.size() - 56));
  Store<uint32_t>(&other[52], Crc32c(other.data(), 52));
  CHECK_CODE(journal.Repair(other).status(), Code::kBadOption);
  Bytes damaged = BatchAt(3);
  damaged[100] ^= 1;
  CHECK_CODE(journal.Repair(damaged).status(), Code::kBadBatch);
  CHECK_EQUAL(journal.Damage().size(), size_t{1});
  CHECK_OK(journal.Repair(BatchAt(3)).status());
}

TEST("S14: one bad read is read again and leaves nothing behind") {
  auto opened = Make();
  Journal& journal = *opened->journal;
  const Bytes wanted = Joined(1, kBatches);
  for (const Fault fault : {Fault::kError, Fault::kShort}) {
    // The first operation from now on is the read of all of it.
    CHECK(Read(journal, 1).value() == wanted);
    opened->disk->Plan(opened->disk->operations() + 1, fault);
    CHECK(Read(journal, 1).value() == wanted);
    CHECK(journal.Damage().empty());
  }
}

TEST("R24: damage goes with the part of the log that is cut") {
  auto opened = Make();
  Journal& journal = *opened->journal;
  for (const uint64_t index : {2, 5}) {
    Damage(*opened, index, 500);
    CHECK_CODE(Read(journal, index).status(), Code::kRotten);
  }
  CHECK_EQUAL(journal.Damage().size(), size_t{2});
  CHECK_OK(journal.TruncateSuffix(0, 5).status());
  CHECK_EQUAL(journal.Damage().size(), size_t{1});
  CHECK_OK(journal.TruncatePrefix(0, {2, 1}).status());
  CHECK(journal.Damage().empty());
  CHECK(journal.Drive(true));
  CHECK(Read(journal, 3).value() == Joined(3, 4));
}
