// Segments that come and go: opened by their footers, let go when nothing in them lives, used again under a new nonce.
#include "../inspect.h"
#include "../sector_sums.h"
#include "../spare.h"
#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

Recorder ignored;

std::unique_ptr<Journal> MustOpen(FaultFileSystem& disk, uint32_t max_spares = 2) {
  OpenOptions options = TinyOpen();
  options.max_spares = max_spares;
  static Recorder recorder;
  recorder = Recorder();
  Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, options, recorder);
  CHECK_OK(opened.status());
  return std::move(opened.value());
}

void Finish(Journal& journal) {
  while (journal.Drive(true)) continue;
}

uint64_t TailOf(Journal& journal, uint64_t group) {
  uint64_t tail = 0;
  journal.VisitGroup(group, [&](const GroupLog& log) { tail = log.tail().index; });
  return tail;
}

void Fill(Journal& journal, uint64_t group, int batches) {
  for (int batch = 0; batch < batches; ++batch) {
    CHECK_OK(journal.Append(MakeBatch(group, 1, TailOf(journal, group) + 1, 1, 9000)).status());
    Finish(journal);
  }
}

void DropAll(Journal& journal, uint64_t group) {
  CHECK_OK(journal.TruncatePrefix(group, {TailOf(journal, group), 1}).status());
  Finish(journal);
}

bool Exists(const FaultFileSystem& disk, const std::string& name) {
  const std::vector<std::string> paths = disk.Paths();
  return std::find(paths.begin(), paths.end(), JoinPath(kDirectory, name)) != paths.end();
}

}  // namespace

TEST("full segments are opened by their footers, to what walking them gives; a bad trailer or footer costs only time") {
  FaultFileSystem disk(11);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  auto journal = MustOpen(disk);
  Fill(*journal, 3, 14);
  CHECK_OK(journal->SaveHardState(5, {8, Incarnation(2)}).status());
  CHECK_OK(journal->TruncateSuffix(3, 13).status());
  CHECK_OK(journal->Close());
  const std::string holds = Describe(*journal);
  journal.reset();
  const std::string first = JoinPath(kDirectory, SegmentName(1));
  const Bytes whole = disk.Content(first);
  const Inspection inspection = InspectDirectory(disk, kDirectory, SIZE_MAX);
  CHECK_OK(inspection.verdict);
  uint64_t full = 0;
  for (const BlockSummary& block : inspection.blocks) full = std::max(full, block.segment - 1);
  CHECK(full >= 3);
  {
    auto opened = MustOpen(disk);
    CHECK_EQUAL(opened->report().footers, full);
    CHECK_EQUAL(opened->report().batches, 14U);
    CHECK_EQUAL(opened->report().last_sequence, inspection.report.last_sequence);
    CHECK_EQUAL(opened->report().records, inspection.report.records);
    CHECK_EQUAL(Describe(*opened), holds);
  }
  // Without the trailer the segment is walked, and gets its trailer back, but for the sums: only the writer knew them.
  Bytes damaged = whole;
  damaged.at(whole.size() - 4000) ^= 1;
  disk.SetContent(first, damaged);
  {
    auto opened = MustOpen(disk);
    CHECK_EQUAL(opened->report().footers, full - 1);
    CHECK_EQUAL(Describe(*opened), holds);
    Finish(*opened);
    Bytes unsummed = whole;
    const size_t trailer = whole.size() - kSegmentFooterBytes;
    std::fill_n(unsummed.begin() + trailer + 80, 8, uint8_t{0});
    Store<uint32_t>(&unsummed[whole.size() - 4], Crc32c(&unsummed[trailer], kSegmentFooterBytes - 4));
    CHECK(disk.Content(first) == unsummed);
  }
  CHECK_EQUAL(MustOpen(disk)->report().footers, full);
}

TEST("S18 S49: what holds nothing that lives is let go; what is missing without a release is not") {
  FaultFileSystem disk(12);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  auto journal = MustOpen(disk, 1);
  Fill(*journal, 0, 16);
  Fill(*journal, 1, 1);
  Result<ReadPlan> plan = journal->PlanRead(0, 2, SIZE_MAX);
  CHECK_OK(plan.status());
  const auto before = disk.AfterRestart();
  DropAll(*journal, 0);
  CHECK(!Exists(disk, SegmentName(1)));
  CHECK(!Exists(disk, SegmentName(2)));
  CHECK(Exists(disk, SpareName(1)));
  CHECK(!Exists(disk, SpareName(2)));
  CHECK_EQUAL(journal->stats().spare_segments, 1U);
  // A reader who had planned before is told that it is gone.
  Bytes bytes(plan.value().bytes);
  CHECK_CODE(journal->Read(plan.value(), bytes.data()), Code::kRangeGone);
  CHECK_OK(journal->Close());
  const std::string holds = Describe(*journal);
  journal.reset();
  CHECK_EQUAL(Describe(*MustOpen(disk)), holds);
  CHECK_OK(InspectDirectory(disk, kDirectory, 1).verdict);
  // The same files missing, and nothing that says they may be.
  before->Erase(JoinPath(kDirectory, SegmentName(1)));
  const Status missing = Journal::Open(*before, TinyOpen(), ignored).status();
  CHECK_CODE(missing, Code::kRotten);
  CHECK_EQUAL(missing.message(), JoinPath(kDirectory, SegmentName(1)) + ": this segment is missing");
}

TEST("S21 S06: a segment that is used again shows a torn write as torn, and no block of its earlier life") {
  FaultFileSystem disk(13);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  auto journal = MustOpen(disk);
  Fill(*journal, 0, 5);
  DropAll(*journal, 0);
  CHECK(Exists(disk, SpareName(1)));
  Fill(*journal, 0, 4);
  CHECK(!Exists(disk, SpareName(1)));
  const std::string before = Describe(*journal);
  const auto earlier = disk.AfterRestart();
  Fill(*journal, 0, 1);
  const std::string after = Describe(*journal);
  const auto stopped = disk.AfterRestart();
  const Inspection inspection = InspectDirectory(*stopped, kDirectory, SIZE_MAX);
  const BlockSummary last = inspection.blocks.back();
  const std::string path = JoinPath(kDirectory, SegmentName(last.segment));
  CHECK(inspection.segments.back().used_before);
  CHECK_EQUAL(inspection.segments.back().number, last.segment);
  // What lay there before the last block is what the first life of the file left there.
  const Bytes whole = stopped->Content(path);
  Result<std::unique_ptr<File>> file = stopped->Open(path, OpenMode::kRead, false);
  CHECK_OK(file.status());
  Result<PriorContent> prior = LoadPriorContent(*file.value(), inspection.segments.back());
  CHECK_OK(prior.status());
  CHECK(prior.value().AllUnwritten(
      std::span<const uint8_t>(whole).subspan(last.header.offset + last.header.block_bytes, 4096),
      last.header.offset + last.header.block_bytes));
  CHECK_EQUAL(Describe(*MustOpen(*stopped)), after);
  // Of the last block only the first sectors arrived; behind them still lies the earlier life.
  const Bytes old = earlier->Content(path);
  for (uint32_t kept = 0; kept * 512 < last.header.body_bytes; ++kept) {
    Bytes torn = whole;
    std::copy(old.begin() + last.header.offset + 512 * kept, old.end(), torn.begin() + last.header.offset + 512 * kept);
    stopped->SetContent(path, torn);
    auto opened = MustOpen(*stopped);
    CHECK_EQUAL(Describe(*opened), before);
    CHECK_EQUAL(opened->report().torn, kept > 0);
  }
  // One byte of the table changed: what is torn cannot be told any more, so nothing is guessed.
  Bytes bytes = whole;
  bytes.at(8192 + 400) ^= 1;
  stopped->SetContent(path, bytes);
  CHECK_CODE(Journal::Open(*stopped, TinyOpen(), ignored).status(), Code::kRotten);
}

TEST("S21: the sums behind a footer are those of what lies in the segment, and count for nothing once they changed") {
  FaultFileSystem disk(16);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  auto journal = MustOpen(disk);
  Fill(*journal, 0, 5);
  DropAll(*journal, 0);
  const std::string path = JoinPath(kDirectory, SpareName(1));
  const Bytes whole = disk.Content(path);
  Result<std::unique_ptr<File>> file = disk.Open(path, OpenMode::kRead, false);
  CHECK_OK(file.status());
  Result<ReadSegmentHeader> header = LoadSegmentHeader(*file.value(), 1, MakeIdentity());
  CHECK_OK(header.status());
  const uint32_t begin = header.value().header.blocks_begin();
  Bytes read(PriorTableBytes(whole.size()));
  NotePriorContent(whole, 0, read.data());
  Bytes summed(read.size());
  Result<bool> loaded = LoadSectorSums(*file.value(), header.value().header, summed.data());
  CHECK_OK(loaded.status());
  CHECK(loaded.value());
  const auto blocks = static_cast<std::ptrdiff_t>(PriorTableBytes(begin));
  CHECK(std::equal(read.begin() + blocks, read.end(), summed.begin() + blocks));

  Trailer trailer;
  CHECK(DecodeTrailer(&whole[whole.size() - kSegmentFooterBytes], header.value().header, &trailer));
  for (size_t at = trailer.footer_end; at < trailer.footer_end + PriorTableBytes(trailer.footer_end); at += 7) {
    Bytes damaged = whole;
    damaged[at] ^= 0x10;
    disk.SetContent(path, damaged);
    Result<std::unique_ptr<File>> reopened = disk.Open(path, OpenMode::kRead, false);
    CHECK_OK(reopened.status());
    Result<bool> refused = LoadSectorSums(*reopened.value(), header.value().header, summed.data());
    CHECK_OK(refused.status());
    CHECK(!refused.value());
  }
}

TEST(
    "S46: one quiet batch does not keep the segments after it: it is moved, read from its new place, and found again") {
  FaultFileSystem disk(15);
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  auto journal = MustOpen(disk);
  CHECK_OK(journal->Append(MakeBatch(9, 1, 1, 3, 500)).status());
  CHECK_OK(journal->TruncatePrefix(9, {1, 1}).status());
  Fill(*journal, 0, 12);
  Result<ReadPlan> plan = journal->PlanRead(9, 2, 1);
  CHECK_OK(plan.status());
  CHECK_EQUAL(plan.value().pieces[0].segment, 1U);
  DropAll(*journal, 0);
  CHECK(!Exists(disk, SegmentName(1)));
  const Bytes expected = MakeBatch(9, 1, 1, 3, 500);
  Bytes bytes(plan.value().bytes);
  CHECK_OK(journal->Read(plan.value(), bytes.data()));
  CHECK(bytes == expected);
  Result<ReadPlan> again = journal->PlanRead(9, 2, 1);
  CHECK_OK(again.status());
  CHECK(again.value().pieces[0].segment > 1);
  Fill(*journal, 0, 8);
  CHECK_OK(journal->Close());
  const std::string holds = Describe(*journal);
  journal.reset();
  CHECK_OK(InspectDirectory(disk, kDirectory, 1).verdict);
  auto opened = MustOpen(disk);
  CHECK(opened->report().footers > 0);
  CHECK_EQUAL(Describe(*opened), holds);
}

TEST("S51: ten thousand logs share one directory, and its segments come and go") {
  FaultFileSystem disk(14);
  FormatOptions format = TinyFormat();
  format.segment_bytes = 4 << 20;
  CHECK_OK(Journal::Format(disk, format));
  constexpr uint64_t kGroups = 10000;
  OpenOptions options = TinyOpen();
  options.max_pending_bytes = 64 << 20;
  Recorder recorder;
  Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, options, recorder);
  CHECK_OK(opened.status());
  for (uint64_t index = 1; index <= 4; ++index) {
    for (uint64_t group = 0; group < kGroups; ++group) {
      CHECK_OK(opened.value()->Append(MakeBatch(group, 1, index, 1, 100)).status());
    }
    Finish(*opened.value());
  }
  for (uint64_t group = 0; group < kGroups; ++group) {
    CHECK_OK(opened.value()->TruncatePrefix(group, {3, 1}).status());
  }
  Finish(*opened.value());
  CHECK(!Exists(disk, SegmentName(1)));
  CHECK_OK(opened.value()->Close());
  opened.value().reset();
  Result<std::unique_ptr<Journal>> again = Journal::Open(disk, options, recorder);
  CHECK_OK(again.status());
  CHECK_EQUAL(again.value()->Groups().size(), kGroups);
  for (uint64_t group = 0; group < kGroups; group += 997) {
    again.value()->VisitGroup(group, [](const GroupLog& log) {
      CHECK_EQUAL(log.log_start().index, 3U);
      CHECK_EQUAL(log.tail().index, 4U);
      CHECK_EQUAL(log.batches().size(), 1U);
      CHECK(!log.batches()[0].hole());
    });
  }
}
