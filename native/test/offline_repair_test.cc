// Directories damaged by hand, put right by nothing but what the repair of a closed directory may do.
#include "../offline_repair.h"

#include <algorithm>

#include "healthy.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

RepairPlan Plan(FaultFileSystem& disk) {
  const uint64_t before = disk.Image().Fingerprint();
  Result<RepairPlan> plan = PlanRepair(disk, kDirectory);
  CHECK_OK(plan.status());
  CHECK_EQUAL(disk.Image().Fingerprint(), before);
  return std::move(plan.value());
}

std::string HoldsAfterOpening(FaultFileSystem& disk) {
  Result<std::unique_ptr<Journal>> journal = Open(disk);
  CHECK_OK(journal.status());
  return Describe(*journal.value());
}

// Damages a header field of a block, which nothing proves if it is the last one.
void SpoilHeader(FaultFileSystem& disk, const BlockSummary& block) {
  disk.SetContent(PathOf(block), Flipped(disk.Content(PathOf(block)), 8 * (size_t{block.header.offset} + 8)));
}

Position PlaceOf(const BlockSummary& block) { return {static_cast<uint32_t>(block.segment), block.header.offset}; }

// The journal takes records after the repair, and has them when it is opened again.
void CheckGoesOn(FaultFileSystem& disk, uint32_t next_index) {
  std::string holds;
  {
    Recorder recorder;
    Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(journal.status());
    for (uint32_t index = next_index; index < next_index + 6; ++index) {
      CHECK_OK(journal.value()->Append(MakeBatch(0, 1, index, 1, 5000)).status());
      CHECK(journal.value()->Drive(true));
    }
    holds = Describe(*journal.value());
    CHECK_OK(journal.value()->Close());
  }
  CHECK_EQUAL(HoldsAfterOpening(disk), holds);
  CHECK_OK(InspectDirectory(disk, kDirectory, 0).verdict);
}

// A full segment whose footer cannot be used, so that it is walked, with a block that proves nothing.
Healthy MakeRottenInTheMiddle() {
  Healthy made = Make(16, true);
  Bytes first = made.disk->Content(kFirst);
  std::fill(first.end() - static_cast<ptrdiff_t>(kSegmentFooterBytes), first.end(), uint8_t{0});
  const BlockSummary& block = made.blocks[3];
  CHECK_EQUAL(block.segment, 1U);
  first[block.header.offset + 100] ^= 1;
  made.disk->SetContent(kFirst, first);
  return made;
}

}  // namespace

TEST("S06 S46: a directory that opens by itself, clean or with a torn tail, is left as it is") {
  const Healthy clean = Make(3, true);
  CHECK(!Plan(*clean.disk).cut);
  const Healthy torn = Make(4, false);
  const BlockSummary& last = torn.blocks.back();
  Bytes bytes = torn.disk->Content(PathOf(last));
  std::fill_n(bytes.begin() + last.header.offset + 512, last.header.block_bytes - 512, uint8_t{0});
  torn.disk->SetContent(PathOf(last), bytes);
  const RepairPlan plan = Plan(*torn.disk);
  CHECK_OK(plan.inspection.verdict);
  CHECK(plan.inspection.report.torn && !plan.cut && plan.headers.empty());
  Result<Repaired> repaired = RepairDirectory(*torn.disk, kDirectory, std::nullopt);
  CHECK_OK(repaired.status());
  CHECK(repaired.value().set_aside.empty() && repaired.value().headers.empty());
  CHECK(torn.disk->Content(PathOf(last)) == bytes);
}

TEST("S07: an uncertain tail is cut where it is named and nowhere else, after a copy of the segment was made") {
  const Healthy healthy = Make(4, false);
  const BlockSummary& last = healthy.blocks.back();
  SpoilHeader(*healthy.disk, last);
  const Bytes damaged = healthy.disk->Content(PathOf(last));
  const RepairPlan plan = Plan(*healthy.disk);
  CHECK_CODE(plan.inspection.verdict, Code::kUncertainTail);
  CHECK(plan.cut && plan.cut->at == PlaceOf(last));
  CHECK_EQUAL(plan.cut->loses.bytes, uint64_t{last.header.block_bytes});
  CHECK_EQUAL(plan.cut->keeps.size(), 1U);
  CHECK_EQUAL(plan.cut->keeps[0].tail.index, 3U);

  // Without being told to, and when told of another place, nothing happens.
  const uint64_t before = healthy.disk->Image().Fingerprint();
  CHECK_OK(RepairDirectory(*healthy.disk, kDirectory, std::nullopt).status());
  for (const Position wrong : {Position{1, last.header.offset - 4096}, Position{2, last.header.offset}}) {
    CHECK_CODE(RepairDirectory(*healthy.disk, kDirectory, wrong).status(), Code::kBadOption);
  }
  CHECK_EQUAL(healthy.disk->Image().Fingerprint(), before);

  Result<Repaired> repaired = RepairDirectory(*healthy.disk, kDirectory, PlaceOf(last));
  CHECK_OK(repaired.status());
  CHECK_EQUAL(repaired.value().set_aside.size(), 1U);
  CHECK(healthy.disk->Content(JoinPath(kDirectory, repaired.value().set_aside[0])) == damaged);
  CHECK_EQUAL(HoldsAfterOpening(*healthy.disk), Make(3, false).holds);
  CHECK(!Plan(*healthy.disk).cut);
  CheckGoesOn(*healthy.disk, 4);
}

TEST("S07: what a cut would lose is told: batches by index, and whether votes are among it") {
  FaultFileSystem disk(7);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  CHECK_OK(journal.value()->Append(MakeBatch(3, 1, 1, 2, 100)).status());
  CHECK(journal.value()->Drive(true));
  CHECK_OK(journal.value()->Append(MakeBatch(3, 1, 3, 2, 100)).status());
  CHECK_OK(journal.value()->Append(MakeBatch(3, 1, 5, 4, 100)).status());
  CHECK_OK(journal.value()->SaveHardState(3, {2, Incarnation(9)}).status());
  CHECK(journal.value()->Drive(true));
  const auto after = disk.AfterRestart();
  const BlockSummary last = InspectDirectory(*after, kDirectory, 1).blocks.back();
  // In the vote, so that the header of the block holds and the block does not.
  const size_t end = last.header.offset + kBlockHeaderBytes + last.header.body_bytes;
  after->SetContent(kFirst, Flipped(after->Content(kFirst), 8 * (end - 1)));
  const RepairPlan plan = Plan(*after);
  CHECK_CODE(plan.inspection.verdict, Code::kUncertainTail);
  CHECK(plan.cut.has_value());
  CHECK_EQUAL(plan.cut->loses.blocks, 1U);
  CHECK(plan.cut->loses.votes);
  CHECK_EQUAL(plan.cut->loses.lost.at(3).from, 3U);
  CHECK_EQUAL(plan.cut->loses.lost.at(3).to, 8U);
}

TEST("S08 S01: a rotten block is cut off with all that follows it, and whole segments are renamed, not removed") {
  const Healthy healthy = MakeRottenInTheMiddle();
  const Bytes first = healthy.disk->Content(kFirst);
  const Bytes second = healthy.disk->Content(kSecond);
  const Bytes third = healthy.disk->Content(kThird);
  const RepairPlan plan = Plan(*healthy.disk);
  CHECK_CODE(plan.inspection.verdict, Code::kRotten);
  CHECK(plan.cut && plan.cut->at == PlaceOf(healthy.blocks[3]));
  CHECK_EQUAL(plan.cut->loses.lost.at(0).to, 16U);
  Result<Repaired> repaired = RepairDirectory(*healthy.disk, kDirectory, plan.cut->at);
  CHECK_OK(repaired.status());
  const auto aside = [&](const std::string& path) { return healthy.disk->Content(path + ".corrupt"); };
  CHECK(aside(kFirst) == first && aside(kSecond) == second && aside(kThird) == third);
  const uint64_t kept = plan.cut->keeps[0].tail.index;
  CHECK_EQUAL(HoldsAfterOpening(*healthy.disk), Make(static_cast<uint32_t>(kept), false).holds);
  CheckGoesOn(*healthy.disk, static_cast<uint32_t>(kept) + 1);
}

TEST("S08: behind a whole segment only those that follow it are taken away") {
  const Healthy healthy = Make(16, true);
  const uint64_t last = healthy.blocks.back().segment;
  const BlockSummary& first = *std::find_if(healthy.blocks.begin(), healthy.blocks.end(),
                                            [&](const BlockSummary& block) { return block.segment == last; });
  // In the base of the last segment, which nothing proves.
  const size_t byte = first.header.offset + kBlockHeaderBytes + 4;
  healthy.disk->SetContent(PathOf(first), Flipped(healthy.disk->Content(PathOf(first)), 8 * byte));
  const DiskImage before = healthy.disk->Image();
  const RepairPlan plan = Plan(*healthy.disk);
  CHECK(plan.cut && plan.cut->at.segment == last - 1);
  CHECK(plan.cut->loses.segments == std::vector<uint64_t>{last});
  CHECK_OK(RepairDirectory(*healthy.disk, kDirectory, plan.cut->at).status());
  const std::string whole = JoinPath(kDirectory, SegmentName(last - 1));
  CHECK_EQUAL(healthy.disk->Image().files.at(whole).Fingerprint(), before.files.at(whole).Fingerprint());
  CheckGoesOn(*healthy.disk, static_cast<uint32_t>(plan.cut->keeps[0].tail.index) + 1);
}

TEST("S07: what was set aside once stays when the same segment is cut again") {
  const Healthy healthy = Make(4, false);
  for (const char* suffix : {".corrupt", ".corrupt-2", ".corrupt-3"}) {
    const BlockSummary last = InspectDirectory(*healthy.disk, kDirectory, 1).blocks.back();
    SpoilHeader(*healthy.disk, last);
    const Bytes damaged = healthy.disk->Content(kFirst);
    Result<Repaired> repaired = RepairDirectory(*healthy.disk, kDirectory, PlaceOf(last));
    CHECK_OK(repaired.status());
    CHECK_EQUAL(repaired.value().set_aside.front(), SegmentName(1) + suffix);
    CHECK(healthy.disk->Content(kFirst + suffix) == damaged);
  }
}

TEST("S01: nothing is to be cut where nothing would be kept, or what is kept would not open") {
  const Healthy healthy = Make(4, false);
  // In a record of the very first block.
  healthy.disk->SetContent(
      kFirst, Flipped(healthy.disk->Content(kFirst), 8 * (size_t{healthy.blocks.front().header.offset} + 70)));
  const RepairPlan nothing_kept = Plan(*healthy.disk);
  CHECK(!nothing_kept.inspection.verdict.ok() && !nothing_kept.cut);
  const Healthy gap = Make(16, true);
  gap.disk->Erase(kSecond);
  const RepairPlan missing = Plan(*gap.disk);
  CHECK_CODE(missing.inspection.verdict, Code::kRotten);
  CHECK(!missing.cut);
  CHECK_CODE(RepairDirectory(*gap.disk, kDirectory, Position{1, 20480}).status(), Code::kBadOption);
}

TEST("S01 S03: a header of which one copy does not hold is written anew from the other") {
  const Healthy healthy = Make(3, true);
  const Bytes whole = healthy.disk->Content(kFirst);
  for (const size_t byte : {size_t{5}, size_t{70}, size_t{4096 + 5}, size_t{8191}}) {
    healthy.disk->SetContent(kFirst, Flipped(whole, 8 * byte));
    const RepairPlan plan = Plan(*healthy.disk);
    CHECK_OK(plan.inspection.verdict);
    CHECK(plan.headers == std::vector<uint64_t>{1});
    Result<Repaired> repaired = RepairDirectory(*healthy.disk, kDirectory, std::nullopt);
    CHECK_OK(repaired.status());
    CHECK(repaired.value().headers == std::vector<uint64_t>{1});
    CHECK(healthy.disk->Content(kFirst) == whole);
    CHECK(Plan(*healthy.disk).headers.empty());
  }
}

TEST("S41: a directory that is open is planned for and not touched") {
  const Healthy healthy = Make(3, true);
  Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
  CHECK_OK(journal.status());
  CHECK_CODE(RepairDirectory(*healthy.disk, kDirectory, std::nullopt).status(), Code::kLocked);
}

TEST("S21 S06 S07: in a segment that is used again, torn is still told from uncertain after a cut") {
  // Everything is dropped again and again, so that segments are let go and come back.
  FaultFileSystem disk(7);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  uint32_t index = 0;
  const auto append = [&](Journal& to) {
    ++index;
    CHECK_OK(to.Append(MakeBatch(0, 1, index, 1, 9000 + index)).status());
    CHECK(to.Drive(true));
  };
  const auto in_used_segment = [&] {
    for (const SegmentHeader& segment : InspectDirectory(disk, kDirectory, 0).segments) {
      if (segment.used_before) return true;
    }
    return false;
  };
  while (!in_used_segment()) {
    append(*journal.value());
    CHECK_OK(journal.value()->TruncatePrefix(0, {index, 1}).status());
    CHECK(journal.value()->Drive(true));
    while (journal.value()->Drive(true)) continue;
  }
  append(*journal.value());
  append(*journal.value());
  auto damaged = disk.AfterRestart();
  const BlockSummary last = InspectDirectory(*damaged, kDirectory, 1).blocks.back();
  SpoilHeader(*damaged, last);
  CHECK_CODE(Plan(*damaged).inspection.verdict, Code::kUncertainTail);
  CHECK_OK(RepairDirectory(*damaged, kDirectory, PlaceOf(last)).status());
  CHECK_OK(InspectDirectory(*damaged, kDirectory, 0).verdict);
  index -= 1;
  Recorder second;
  Result<std::unique_ptr<Journal>> again = Journal::Open(*damaged, TinyOpen(), second);
  CHECK_OK(again.status());
  append(*again.value());
  const auto restarted = damaged->AfterRestart();
  const BlockSummary newest = InspectDirectory(*restarted, kDirectory, 1).blocks.back();
  CHECK(PlaceOf(newest) >= PlaceOf(last));
  const Bytes whole = restarted->Content(PathOf(newest));
  restarted->SetContent(PathOf(newest), Patched(whole, newest.header.offset + 4096, Bytes(4096)));
  CHECK(Plan(*restarted).inspection.report.torn);
  restarted->SetContent(PathOf(newest), whole);
  SpoilHeader(*restarted, newest);
  CHECK_CODE(Plan(*restarted).inspection.verdict, Code::kUncertainTail);
}

TEST("S46 S20: a crash at any operation of a cut leaves a directory that is refused or the one that was asked for") {
  const Healthy healthy = MakeRottenInTheMiddle();
  const DiskImage image = healthy.disk->Image();
  const Position at = Plan(*healthy.disk).cut->at;
  const auto whole = FaultFileSystem::FromImage(image, 1);
  CHECK_OK(RepairDirectory(*whole, kDirectory, at).status());
  const std::string expected = HoldsAfterOpening(*whole);
  uint64_t refused = 0;
  uint64_t opened = 0;
  for (uint64_t operation = 1;; ++operation) {
    const auto disk = FaultFileSystem::FromImage(image, operation);
    disk->Plan(operation, Fault::kCrash);
    if (RepairDirectory(*disk, kDirectory, at).ok()) break;
    for (uint64_t seed = 0; seed < 4; ++seed) {
      const auto left = disk->AfterCrash(seed == 0 ? Survival::kNothing : Survival::kRandom, seed);
      // What is not where it was has been set aside whole.
      for (const std::string& path : {kFirst, kSecond, kThird}) {
        const std::vector<std::string> paths = left->Paths();
        const auto has = [&](const std::string& wanted) {
          return std::find(paths.begin(), paths.end(), wanted) != paths.end();
        };
        const Bytes original = healthy.disk->Content(path);
        CHECK((has(path) && left->Content(path) == original) ||
              (has(path + ".corrupt") && left->Content(path + ".corrupt") == original));
      }
      if (Open(*left).ok()) {
        ++opened;
        CHECK_EQUAL(HoldsAfterOpening(*left), expected);
        continue;
      }
      ++refused;
      // And it can be gone on with.
      const RepairPlan again = Plan(*left);
      CHECK(again.cut && again.cut->at == at);
      CHECK_OK(RepairDirectory(*left, kDirectory, at).status());
      CHECK_EQUAL(HoldsAfterOpening(*left), expected);
    }
  }
  CHECK(refused > 100 && opened > 0);
}
