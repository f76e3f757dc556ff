// Damage done by hand to the image of a healthy directory, and what opening it says.
#include "healthy.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

// Opening refuses with this code and place, inspection says the same, and nothing was changed.
void CheckRefused(FaultFileSystem& disk, Code code, const std::string& file, uint64_t offset) {
  const std::vector<std::string> paths = disk.Paths();
  std::vector<Bytes> before;
  for (const std::string& path : paths) before.push_back(disk.Content(path));
  const Status status = Open(disk).status();
  CHECK_CODE(status, code);
  if (!file.empty()) {
    CHECK_EQUAL(status.file(), file);
    CHECK_EQUAL(status.offset(), offset);
  }
  const Status verdict = InspectDirectory(disk, kDirectory, 10).verdict;
  CHECK_CODE(verdict, code);
  CHECK_EQUAL(verdict.message(), status.message());
  CHECK(disk.Paths() == paths);
  for (size_t at = 0; at < paths.size(); ++at) CHECK(disk.Content(paths[at]) == before[at]);
}

// Opening and inspection say that so many batches are damaged, and that nothing else is amiss but, where there is none,
// a block's header.
void CheckLoses(const Healthy& healthy, size_t batches) {
  Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
  CHECK_OK(journal.status());
  CHECK_EQUAL(CountDamaged(*journal.value()), batches);
  CHECK_EQUAL(journal.value()->report().damaged_blocks, uint64_t{1});
  CHECK_EQUAL(journal.value()->report().rebuilt_blocks, uint64_t{batches == 0 ? 1U : 0U});
  CHECK_EQUAL(journal.value()->report().last_sequence, healthy.blocks.back().header.sequence);
  CHECK_OK(InspectDirectory(*healthy.disk, kDirectory, 10).verdict);
}

}  // namespace

TEST("S06: a last block of which only the first sectors arrived, at every 512-byte boundary, is dropped as torn") {
  const Healthy healthy = Make(4, false);
  const BlockSummary& last = healthy.blocks.back();
  const std::string expected = Make(3, false).holds;
  const Bytes whole = healthy.disk->Content(PathOf(last));
  for (uint32_t kept = 0; kept * 512 < last.header.body_bytes; ++kept) {
    Bytes torn = whole;
    std::fill(torn.begin() + last.header.offset + 512 * kept,
              torn.begin() + last.header.offset + last.header.block_bytes, uint8_t{0});
    healthy.disk->SetContent(PathOf(last), torn);
    Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
    CHECK_OK(journal.status());
    CHECK_EQUAL(Describe(*journal.value()), expected);
    CHECK_EQUAL(journal.value()->report().torn, kept > 0);
    CHECK_EQUAL(journal.value()->report().sealed, false);
  }
}

TEST("S07: a last block that was written whole and does not hold costs a batch if it proves the rest, or is refused") {
  const Healthy healthy = Make(4, false);
  const BlockSummary& last = healthy.blocks.back();
  const Bytes whole = healthy.disk->Content(PathOf(last));
  for (const size_t byte : {size_t{0}, size_t{8}, size_t{60}, size_t{64}, size_t{100}}) {
    healthy.disk->SetContent(PathOf(last), Flipped(whole, 8 * (last.header.offset + byte)));
    CheckRefused(*healthy.disk, Code::kUncertainTail, PathOf(last), last.header.offset);
  }
  for (const size_t byte : {size_t{200}, size_t{2000}, size_t{9000}}) {
    healthy.disk->SetContent(PathOf(last), Flipped(whole, 8 * (last.header.offset + byte)));
    CheckLoses(healthy, 1);
  }
}

TEST("S07 S08 R29: the last block of a segment without a footer is judged by the first of the next one") {
  const Healthy torn = Make(4, false);
  const BlockSummary& dropped = torn.blocks.back();
  const BlockSummary& kept = torn.blocks[torn.blocks.size() - 2];
  // The first sector did not arrive, so nothing in this segment says what was durable, and the log goes on in the next.
  torn.disk->SetContent(kFirst, Patched(torn.disk->Content(kFirst), dropped.header.offset, Bytes(512)));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(*torn.disk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  CHECK(journal.value()->report().torn);
  for (uint32_t index = 4; index <= 6; ++index) {
    CHECK_OK(journal.value()->Append(MakeBatch(0, 1, index, 1, 9000 + index)).status());
    CHECK(journal.value()->Drive(true));
  }
  CHECK_OK(journal.value()->Close());
  const std::string holds = Describe(*journal.value());
  Healthy healthy{torn.disk->AfterRestart(), {}, holds};
  healthy.blocks = InspectDirectory(*healthy.disk, kDirectory, SIZE_MAX).blocks;
  const Bytes whole = healthy.disk->Content(kFirst);
  const size_t at = kept.header.offset;
  for (const size_t byte : {size_t{8}, size_t{60}}) {
    healthy.disk->SetContent(kFirst, Flipped(whole, 8 * (at + byte)));
    CheckLoses(healthy, 0);
  }
  for (const size_t byte : {size_t{200}, size_t{5000}}) {
    healthy.disk->SetContent(kFirst, Flipped(whole, 8 * (at + byte)));
    CheckLoses(healthy, 1);
  }
  // Sectors that are lost make no torn block of it.
  healthy.disk->SetContent(kFirst, Patched(whole, at + 4096, Bytes(4096)));
  CheckLoses(healthy, 1);
  healthy.disk->SetContent(kFirst, Flipped(whole, 8 * (at + 70)));
  CheckRefused(*healthy.disk, Code::kRotten, kFirst, at);
  // What was dropped stays so, whatever becomes of it.
  for (const uint8_t filler : {uint8_t{0xff}, uint8_t{0x01}}) {
    Bytes changed = whole;
    std::fill_n(changed.begin() + dropped.header.offset, dropped.header.block_bytes, filler);
    healthy.disk->SetContent(kFirst, changed);
    Result<std::unique_ptr<Journal>> again = Open(*healthy.disk);
    CHECK_OK(again.status());
    CHECK_EQUAL(Describe(*again.value()), holds);
  }
  const Healthy first_life = Make(4, false);
  Bytes changed = whole;
  const Bytes before = first_life.disk->Content(kFirst);
  std::copy_n(before.begin() + dropped.header.offset, dropped.header.block_bytes,
              changed.begin() + dropped.header.offset);
  healthy.disk->SetContent(kFirst, Flipped(changed, 8 * (size_t{dropped.header.offset} + 2000)));
  Result<std::unique_ptr<Journal>> again = Open(*healthy.disk);
  CHECK_OK(again.status());
  CHECK_EQUAL(Describe(*again.value()), holds);
}

TEST("S08 S09 R29: a flipped bit of a block that later ones bear witness to costs a batch at most, or is refused") {
  const Healthy healthy = Make(4, true);
  for (const BlockSummary& block : healthy.blocks) {
    if (block.header.sequence == healthy.blocks.back().header.sequence) continue;  // The seal itself.
    const Bytes whole = healthy.disk->Content(PathOf(block));
    const size_t meaningful = kBlockHeaderBytes + block.header.body_bytes;
    const size_t batch = meaningful - RoundUp(MakeBatch(0, 1, 1, 1, 9001).size(), 8);
    const bool holds_batch = block.header.body_bytes > 9000;
    const size_t record = block.header.offset + batch - kRecordHeaderBytes;
    const size_t end = holds_batch ? batch + Load<uint32_t>(&whole[record + 4]) : 0;
    for (size_t bit = 0; bit < meaningful * 8; bit += bit < 1400 ? 1 : 997) {
      healthy.disk->SetContent(PathOf(block), Flipped(whole, 8 * size_t{block.header.offset} + bit));
      if (bit / 8 < kBlockHeaderBytes) {
        // Its records, and the block behind it, say what the header was.
        CheckLoses(healthy, 0);
      } else if (bit / 8 >= batch + kBatchHeaderBytes && bit / 8 < end) {
        CheckLoses(healthy, 1);
      } else {
        CheckRefused(*healthy.disk, Code::kRotten, PathOf(block), block.header.offset);
      }
    }
    healthy.disk->SetContent(PathOf(block), whole);
  }
  CHECK_OK(Open(*healthy.disk).status());
}

TEST("S10: a sector of zeros inside a block that was durable is never taken for a torn write") {
  const Healthy healthy = Make(4, true);
  const BlockSummary& block = healthy.blocks[3];
  const Bytes whole = healthy.disk->Content(PathOf(block));
  for (uint32_t sector = 0; sector * 512 < block.header.body_bytes; ++sector) {
    const Bytes damaged = Patched(whole, block.header.offset + 512 * sector, Bytes(512));
    if (damaged == whole) continue;
    healthy.disk->SetContent(PathOf(block), damaged);
    if (sector == 0) {
      CheckRefused(*healthy.disk, Code::kRotten, PathOf(block), block.header.offset);
    } else {
      CheckLoses(healthy, 1);
    }
  }
}

TEST("S12 S13: a block in another's place, and an older block where a newer one was written, are rotten") {
  const Healthy healthy = Make(4, true);
  const BlockSummary& second = healthy.blocks[1];
  const BlockSummary& third = healthy.blocks[2];
  const Bytes whole = healthy.disk->Content(kFirst);
  const Bytes block(whole.begin() + third.header.offset,
                    whole.begin() + third.header.offset + third.header.block_bytes);
  healthy.disk->SetContent(kFirst, Patched(whole, second.header.offset, block));
  CheckRefused(*healthy.disk, Code::kRotten, kFirst, second.header.offset);
  healthy.disk->SetContent(kFirst, Patched(whole, second.header.offset, Bytes(second.header.block_bytes)));
  CheckRefused(*healthy.disk, Code::kRotten, kFirst, second.header.offset);
}

TEST("S12 S13: damage in a full segment, opened by its footer, is found by whoever reads it, and by inspection") {
  const Healthy healthy = Make(6, true);
  const BlockSummary& second = healthy.blocks[1];
  const BlockSummary& third = healthy.blocks[2];
  const Bytes whole = healthy.disk->Content(kFirst);
  const Bytes block(whole.begin() + third.header.offset,
                    whole.begin() + third.header.offset + third.header.block_bytes);
  for (const Bytes& damage : {block, Bytes(second.header.block_bytes)}) {
    healthy.disk->SetContent(kFirst, Patched(whole, second.header.offset, damage));
    Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
    CHECK_OK(journal.status());
    CHECK_EQUAL(journal.value()->report().footers, 1U);
    Result<ReadPlan> plan = journal.value()->PlanRead(0, 2, 1);
    CHECK_OK(plan.status());
    Bytes bytes(plan.value().bytes);
    const Status status = journal.value()->Read(plan.value(), bytes.data());
    CHECK_CODE(status, Code::kRotten);
    CHECK_EQUAL(status.file(), kFirst);
    const Inspection inspection = InspectDirectory(*healthy.disk, kDirectory, 10);
    CHECK_OK(inspection.verdict);
    CHECK_EQUAL(inspection.damage.size(), 1U);
    CHECK_EQUAL(inspection.damage[0].from, 2U);
    CHECK_EQUAL(inspection.damage[0].at.offset, plan.value().pieces[0].offset);
  }
}

TEST("S21: a segment of another life, with blocks that would follow, is not taken for this one") {
  const Healthy healthy = Make(6, true);
  // The same records under other nonces: a journal of the same identity made a second time.
  FaultFileSystem other(8);
  CHECK_OK(Journal::Format(other, TinyFormat()));
  const Bytes header = other.Content(kFirst);
  const Bytes whole = healthy.disk->Content(kFirst);
  healthy.disk->SetContent(kFirst, Patched(whole, 0, Bytes(header.begin(), header.begin() + 8192)));
  CHECK(!Open(*healthy.disk).ok());
}

TEST("S15 S16 S17 S18: lengths and absences of segment files") {
  const Healthy healthy = Make(16, true);
  CHECK(healthy.disk->Paths().size() >= 5);  // LOCK, IDENTITY and three segments at least.
  const Bytes first = healthy.disk->Content(kFirst);
  const Bytes second = healthy.disk->Content(kSecond);
  for (const size_t bytes : {size_t{0}, size_t{100}, size_t{4096}, size_t{40000}, first.size() - 1}) {
    healthy.disk->SetContent(kFirst, Bytes(first.begin(), first.begin() + static_cast<ptrdiff_t>(bytes)));
    CheckRefused(*healthy.disk, Code::kRotten, kFirst, bytes);
  }
  Bytes longer = first;
  longer.resize(first.size() + 5000, 0xaa);
  healthy.disk->SetContent(kFirst, longer);
  CHECK_OK(Open(*healthy.disk).status());
  healthy.disk->SetContent(kFirst, first);
  healthy.disk->Erase(kSecond);
  const Status missing = Open(*healthy.disk).status();
  CHECK_CODE(missing, Code::kRotten);
  CHECK_EQUAL(missing.message(), kSecond + ": this segment is missing");
  healthy.disk->SetContent(kSecond, second);
  healthy.disk->Erase(kFirst);
  CHECK_EQUAL(Open(*healthy.disk).status().message(), kFirst + ": this segment is missing");
  healthy.disk->SetContent(kFirst, first);
  const std::string next = JoinPath(kDirectory, SegmentName(healthy.blocks.back().segment + 1));
  healthy.disk->SetContent(next, {});
  Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
  CHECK_OK(journal.status());
  CHECK_EQUAL(Describe(*journal.value()), healthy.holds);
}

TEST("S19: names that are not exactly those of segments are left alone") {
  const Healthy healthy = Make(2, true);
  for (const char* name :
       {"segment-0000000000000001.log~", "segment-0000000000000001.log.tmp", "prepare.tmp", "notes"}) {
    healthy.disk->SetContent(JoinPath(kDirectory, name), Bytes(10, 0x55));
  }
  Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
  CHECK_OK(journal.status());
  CHECK_EQUAL(Describe(*journal.value()), healthy.holds);
}

TEST("S02 S04 S05: a newer format, another cluster, another storage and another scribe are refused by name") {
  const Healthy healthy = Make(2, true);
  const std::string path = JoinPath(kDirectory, kIdentityName);
  const Bytes identity = healthy.disk->Content(path);
  const auto resealed = [](Bytes bytes) {
    Store<uint32_t>(&bytes[124], Crc32c(bytes.data(), 124));
    return bytes;
  };
  healthy.disk->SetContent(path, resealed(Patched(identity, 8, {kFormatVersion + 1})));
  CheckRefused(*healthy.disk, Code::kNewerFormat, "", 0);
  healthy.disk->SetContent(path, resealed(Patched(identity, 16, Bytes(16, 0xc2))));
  CheckRefused(*healthy.disk, Code::kWrongIdentity, "", 0);
  healthy.disk->SetContent(path, resealed(Patched(identity, 32, Bytes(16, 0x52))));
  CheckRefused(*healthy.disk, Code::kWrongIdentity, "", 0);
  for (size_t bytes = 0; bytes < identity.size(); bytes += 9) {
    healthy.disk->SetContent(path, Bytes(identity.begin(), identity.begin() + static_cast<ptrdiff_t>(bytes)));
    CheckRefused(*healthy.disk, Code::kRotten, "", 0);
  }
  for (size_t bit = 0; bit < identity.size() * 8; ++bit) {
    healthy.disk->SetContent(path, Flipped(identity, bit));
    CheckRefused(*healthy.disk, Code::kRotten, "", 0);
  }
  healthy.disk->SetContent(path, identity);
  OpenOptions options = TinyOpen();
  options.expected.scribe_id = "scribe-2";
  Recorder recorder;
  const Status wrong = Journal::Open(*healthy.disk, options, recorder).status();
  CHECK_CODE(wrong, Code::kWrongIdentity);
  CHECK(wrong.message().find("scribe-1") != std::string::npos && wrong.message().find("scribe-2") != std::string::npos);
}

TEST("S09: random damage anywhere never opens to something else than a prefix of what was written, and never crashes") {
  const Healthy healthy = Make(4, false);
  const Bytes whole = healthy.disk->Content(kFirst);
  std::vector<std::string> prefixes;
  for (uint32_t batches = 0; batches <= 4; ++batches) prefixes.push_back(Make(batches, false).holds);
  uint64_t random = 3;
  int refused = 0;
  int damaged = 0;
  for (int sample = 0; sample < 3000; ++sample) {
    Bytes bytes = whole;
    const uint64_t changes = 1 + NextRandom(&random) % 4;
    for (uint64_t change = 0; change < changes; ++change) {
      const size_t at = NextRandom(&random) % bytes.size();
      const size_t length = std::min<size_t>(1 + NextRandom(&random) % 2000, bytes.size() - at);
      for (size_t byte = at; byte < at + length; ++byte) {
        bytes[byte] = sample % 3 == 0 ? 0 : static_cast<uint8_t>(NextRandom(&random));
      }
    }
    healthy.disk->SetContent(kFirst, bytes);
    Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
    if (!journal.ok()) {
      ++refused;
      continue;
    }
    damaged += CountDamaged(*journal.value()) > 0 ? 1 : 0;
    const std::string holds = Describe(*journal.value());
    CHECK(journal.value()->report().damaged_blocks > 0 ||
          std::find(prefixes.begin(), prefixes.end(), holds) != prefixes.end());
  }
  CHECK(refused > 500);
  CHECK(damaged > 1000);
}

TEST("S14 S26 R29: a batch that does not hold when it is read is never handed out, and its place is named") {
  const Healthy healthy = Make(3, true);
  Result<std::unique_ptr<Journal>> journal = Open(*healthy.disk);
  CHECK_OK(journal.status());
  Result<ReadPlan> plan = journal.value()->PlanRead(0, 2, 1);
  CHECK_OK(plan.status());
  const uint32_t offset = plan.value().pieces[0].offset;
  healthy.disk->SetContent(kFirst, Flipped(healthy.disk->Content(kFirst), 8 * (size_t{offset} + 500)));
  Bytes bytes(plan.value().bytes);
  const Status status = journal.value()->Read(plan.value(), bytes.data());
  CHECK_CODE(status, Code::kRotten);
  CHECK_EQUAL(status.file(), kFirst);
  CHECK_EQUAL(status.offset(), offset);
}
