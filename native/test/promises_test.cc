// Single promises, each tried directly at the place where it could break: votes, truncations, what a later version may
// write, clocks, and files that go away under an open journal.
#include "healthy.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

std::string HardStateOf(Journal& journal) {
  std::string text;
  journal.VisitGroup(0, [&](const GroupLog& log) {
    text = std::to_string(log.hard_state().term) + "/" + ToHex(log.hard_state().voted_for);
  });
  return text;
}

std::string VoteText(uint64_t term, uint8_t vote) { return std::to_string(term) + "/" + ToHex(Incarnation(vote)); }

// One batch, then a vote in a block of its own, the newest there is; sealed, or as after a kill.
Healthy MakeVoted(bool closed) {
  FaultFileSystem disk(7);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  CHECK_OK(journal.value()->SaveHardState(0, {1, Incarnation(1)}).status());
  CHECK_OK(journal.value()->Append(MakeBatch(0, 1, 1, 1, 100)).status());
  CHECK(journal.value()->Drive(true));
  CHECK_OK(journal.value()->SaveHardState(0, {2, Incarnation(2)}).status());
  CHECK(journal.value()->Drive(true));
  if (closed) CHECK_OK(journal.value()->Close());
  Healthy made;
  made.disk = disk.AfterRestart();
  made.blocks = InspectDirectory(*made.disk, kDirectory, SIZE_MAX).blocks;
  return made;
}

}  // namespace

TEST("S22: no bit of a block with a vote turns the vote into an older one, sealed or not") {
  for (const bool closed : {true, false}) {
    const Healthy healthy = MakeVoted(closed);
    const BlockSummary& block = healthy.blocks[1];
    CHECK_EQUAL(block.header.record_count, 1U);
    const Bytes whole = healthy.disk->Content(kFirst);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * (kBlockHeaderBytes + block.header.body_bytes); ++bit) {
      healthy.disk->SetContent(kFirst, Flipped(whole, 8 * size_t{block.header.offset} + bit));
      Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
      if (journal.ok()) {
        CHECK_EQUAL(HardStateOf(*journal.value()), VoteText(2, 2));
      } else {
        CHECK_CODE(journal.status(), closed ? Code::kRotten : Code::kUncertainTail);
        ++refused;
      }
    }
    CHECK(refused > 300);
  }
}

TEST("S22: a vote of which nothing arrived was never given, and one that was sealed is missed") {
  const Healthy open = MakeVoted(false);
  const auto lose = [](const Healthy& healthy) {
    healthy.disk->SetContent(kFirst, Patched(healthy.disk->Content(kFirst), healthy.blocks[1].header.offset,
                                             Bytes(healthy.blocks[1].header.block_bytes)));
  };
  lose(open);
  Result<std::unique_ptr<Journal>> journal = Open(*open.disk);
  CHECK_OK(journal.status());
  CHECK_EQUAL(HardStateOf(*journal.value()), VoteText(1, 1));
  const Healthy sealed = MakeVoted(true);
  lose(sealed);
  CHECK_CODE(Open(*sealed.disk).status(), Code::kRotten);
}

TEST("S23: a crash at any operation after a vote was acknowledged, and any sectors it leaves, keeps the vote") {
  for (const WriteMode mode : {WriteMode::kSync, WriteMode::kRing}) {
    int kept = 0;
    bool ended = false;
    for (uint64_t operation = 1; !ended; ++operation) {
      FaultFileSystem disk(operation);
      CHECK_OK(Journal::Format(disk, TinyFormat()));
      Recorder recorder;
      Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(mode), recorder);
      CHECK_OK(journal.status());
      const uint64_t before = disk.operations();
      disk.Plan(before + operation, Fault::kCrash);
      uint64_t acknowledged = 0;
      for (uint64_t term = 1; term <= 5 && recorder.failures == 0; ++term) {
        Result<uint64_t> ticket = journal.value()->SaveHardState(0, {term, Incarnation(static_cast<uint8_t>(term))});
        if (!ticket.ok()) break;
        while (journal.value()->Drive(true)) continue;
        if (recorder.durable >= ticket.value()) acknowledged = term;
      }
      ended = !disk.crashed();
      for (uint64_t seed = 0; seed < 8; ++seed) {
        const auto left = disk.AfterCrash(seed == 0 ? Survival::kNothing : Survival::kRandom, seed);
        Result<std::unique_ptr<Journal>> again = Open(*left);
        CHECK_OK(again.status());
        HardState state;
        again.value()->VisitGroup(0, [&](const GroupLog& log) { state = log.hard_state(); });
        CHECK(state.term >= acknowledged);
        CHECK(state.term == 0 || state.voted_for == Incarnation(static_cast<uint8_t>(state.term)));
        kept += acknowledged > 0 ? 1 : 0;
      }
    }
    CHECK(kept > 20);
  }
}

TEST(
    "S20 S48: a truncation that a crash interrupts happened or did not, and what was appended after it comes with it") {
  for (const WriteMode mode : {WriteMode::kSync, WriteMode::kRing}) {
    std::vector<std::string> states;
    Model model;
    int cut = 0;
    bool ended = false;
    for (uint64_t operation = 1; !ended; ++operation) {
      FaultFileSystem disk(operation);
      CHECK_OK(Journal::Format(disk, TinyFormat()));
      Recorder recorder;
      Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(mode), recorder);
      CHECK_OK(journal.status());
      Model lived;
      states.assign(1, "");
      const auto took = [&](const Result<uint64_t>& ticket) {
        if (ticket.ok()) states.push_back(lived.Describe());
        journal.value()->Drive(false);
      };
      for (uint32_t index = 1; index <= 5; ++index) {
        const Bytes batch = MakeBatch(0, 1, index, 1, 3000);
        lived.Append(batch);
        took(journal.value()->Append(batch));
      }
      while (journal.value()->Drive(true)) continue;
      const size_t durable = states.size() - 1;
      disk.Plan(disk.operations() + operation, Fault::kCrash);
      lived.CutSuffix(0, 3);
      took(journal.value()->TruncateSuffix(0, 3));
      for (uint32_t index = 3; index <= 5; ++index) {
        const Bytes batch = MakeBatch(0, 2, index, 1, 2000);
        lived.Append(batch);
        took(journal.value()->Append(batch));
      }
      while (journal.value()->Drive(true)) continue;
      ended = !disk.crashed();
      for (uint64_t seed = 0; seed < 8; ++seed) {
        const auto left = disk.AfterCrash(seed == 0 ? Survival::kNothing : Survival::kRandom, seed);
        Result<std::unique_ptr<Journal>> again = Open(*left);
        CHECK_OK(again.status());
        const std::string holds = Describe(*again.value());
        const auto found = std::find(states.begin() + static_cast<ptrdiff_t>(durable), states.end(), holds);
        CHECK(found != states.end());
        cut += found - states.begin() > static_cast<ptrdiff_t>(durable) ? 1 : 0;
      }
    }
    CHECK(cut > 5);
  }
}

TEST("S20: segments of two histories that parted are not taken for one log") {
  FaultFileSystem trunk(7);
  CHECK_OK(Journal::Format(trunk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(trunk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  for (uint32_t index = 1; index <= 2; ++index) {
    CHECK_OK(journal.value()->Append(MakeBatch(0, 1, index, 1, 9000)).status());
    CHECK(journal.value()->Drive(true));
  }
  // From here on the same places hold other terms.
  const auto branch = [&](uint64_t term) {
    auto disk = trunk.AfterRestart();
    Recorder of_branch;
    Result<std::unique_ptr<Journal>> branched = Journal::Open(*disk, TinyOpen(), of_branch);
    CHECK_OK(branched.status());
    CHECK_OK(branched.value()->TruncateSuffix(0, 2).status());
    for (uint32_t index = 2; index <= 16; ++index) {
      CHECK_OK(branched.value()->Append(MakeBatch(0, term, index, 1, 9000)).status());
      CHECK(branched.value()->Drive(true));
    }
    CHECK_OK(branched.value()->Close());
    return disk->AfterRestart();
  };
  const auto left = branch(2);
  const auto right = branch(3);
  for (const std::string& path : {kFirst, kSecond, kThird}) {
    const Bytes own = left->Content(path);
    CHECK(own != right->Content(path));
    left->SetContent(path, right->Content(path));
    CHECK(!Open(*left).ok());
    CHECK(!InspectDirectory(*left, kDirectory, 0).verdict.ok());
    left->SetContent(path, own);
  }
  CHECK_OK(Open(*left).status());
}

TEST("S50: a record kept for snapshots, which this version does not write, is refused and changes nothing") {
  const Healthy healthy = MakeVoted(true);
  const BlockSummary& block = healthy.blocks[1];
  Bytes bytes = healthy.disk->Content(kFirst);
  uint8_t* at = &bytes[block.header.offset];
  at[kBlockHeaderBytes] = 6;
  BlockHeader header = block.header;
  header.body_crc = Crc32c(at + kBlockHeaderBytes, header.body_bytes);
  EncodeBlockHeader(&header, at);
  // The seal follows the block as it now is.
  const BlockSummary& seal = healthy.blocks[2];
  BlockHeader linked = seal.header;
  linked.previous_crc = header.header_crc;
  EncodeBlockHeader(&linked, &bytes[seal.header.offset]);
  healthy.disk->SetContent(kFirst, bytes);
  const uint64_t before = healthy.disk->Image().Fingerprint();
  const Status status = Open(*healthy.disk).status();
  CHECK_CODE(status, Code::kNewerFormat);
  CHECK_EQUAL(status.offset(), uint64_t{block.header.offset});
  CHECK_CODE(InspectDirectory(*healthy.disk, kDirectory, 0).verdict, Code::kNewerFormat);
  CHECK(healthy.disk->Content(kFirst) == bytes);
  CHECK_EQUAL(healthy.disk->Image().Fingerprint(), before);
}

TEST("S43: a clock that stands still, jumps ahead by decades or back to the start changes nothing that is held") {
  FaultFileSystem disk(7);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Model model;
  uint32_t index = 0;
  for (const uint64_t now : {uint64_t{1'700'000'000'000}, uint64_t{0}, uint64_t{2'147'483'648'000},
                             uint64_t{4'000'000'000'000}, uint64_t{1}, uint64_t{1'700'000'000'000}}) {
    disk.SetNow(now);
    Recorder recorder;
    Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(journal.status());
    if (index > 0) CHECK_EQUAL(Describe(*journal.value()), model.Describe());
    // More than fits a segment, so that each clock makes one.
    for (int count = 0; count < 7; ++count) {
      ++index;
      const Bytes batch = MakeBatch(0, 1, index, 1, 9000 + index);
      CHECK_OK(journal.value()->Append(batch).status());
      model.Append(batch);
      CHECK(journal.value()->Drive(true));
    }
    CHECK_OK(journal.value()->Close());
  }
}

TEST("S56: a segment that is removed under an open journal ends it at the next segment, and never sooner or later") {
  for (const bool newest : {false, true}) {
    FaultFileSystem disk(7);
    CHECK_OK(Journal::Format(disk, TinyFormat()));
    Recorder recorder;
    Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(journal.status());
    uint32_t index = 0;
    const auto append = [&] {
      ++index;
      if (!journal.value()->Append(MakeBatch(0, 1, index, 1, 9000)).ok()) return false;
      while (journal.value()->Drive(true)) continue;
      return recorder.failures == 0;
    };
    const auto segments = [&] { return InspectDirectory(disk, kDirectory, 0).segments.size(); };
    while (segments() < 2) CHECK(append());
    disk.Erase(newest ? kSecond : kFirst);
    while (append()) CHECK(index < 100);
    CHECK_CODE(recorder.failure, Code::kJournalFailed);
    CHECK(recorder.failure.message().find(newest ? kSecond : kFirst) != std::string::npos);
    CHECK_CODE(journal.value()->SaveHardState(0, {9, {}}).status(), Code::kJournalFailed);
  }
}
