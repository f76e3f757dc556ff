// The disk format, frozen: a scripted journal on a deterministic disk must give the very bytes under test/golden/disk,
// and those of earlier versions must open to what they always held. If the first fails, the format has changed: raise
// kFormatVersion and keep reading the old files. GOLDEN=write writes them anew.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

const std::string kGolden = "test/golden/disk/";

void Script(Journal& journal) {
  CHECK_OK(journal.SaveHardState(0, {2, Incarnation(0xa1)}).status());
  CHECK_OK(journal.Append(MakeBatch(0, 2, 2, 1, 0, 0)).status());
  CHECK_OK(journal.Append(MakeBatch(0, 2, 3, 3, 100)).status());
  CHECK_OK(journal.Append(MakeBatch(9, 2, 1, 2, 10)).status());
  CHECK(journal.Drive(true));
  CHECK_OK(journal.Append(MakeBatch(0, 2, 6, 1, 20000)).status());
  CHECK(journal.Drive(true));
  CHECK_OK(journal.TruncateSuffix(0, 6).status());
  CHECK_OK(journal.SaveHardState(0, {3, {}}).status());
  CHECK_OK(journal.Append(MakeBatch(0, 3, 6, 1, 21000)).status());
  CHECK(journal.Drive(true));
  CHECK_OK(journal.SaveCommitHint(0, {6, 3}).status());
  CHECK_OK(journal.TruncatePrefix(9, {1, 2}).status());
  CHECK_OK(journal.Append(MakeBatch(0, 3, 7, 2, 6000)).status());
}

// Every record type, a full segment with its trailer, and one that is used again.
std::unique_ptr<FaultFileSystem> Build() {
  FaultFileSystem disk(2026);
  FormatOptions format = TinyFormat();
  format.genesis.push_back(MakeBatch(0, 1, 1, 1, 48, 2));
  format.hard_state = HardState{1, {}};
  CHECK_OK(Journal::Format(disk, format));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(opened.status());
  Journal& journal = *opened.value();
  Script(journal);
  CHECK(journal.Drive(true));
  CHECK_OK(journal.TruncatePrefix(9, {2, 2}).status());
  CHECK_OK(journal.TruncatePrefix(0, {6, 3}).status());
  CHECK(journal.Drive(true));
  CHECK_EQUAL(journal.stats().spare_segments, 1U);
  CHECK_OK(journal.Append(MakeBatch(0, 3, 9, 1, 30000)).status());
  CHECK(journal.Drive(true));
  CHECK_OK(journal.Append(MakeBatch(0, 3, 10, 1, 30000)).status());
  CHECK_OK(journal.Close());
  CHECK_EQUAL(journal.stats().spare_segments, 0U);
  return disk.AfterRestart();
}

Bytes Golden(const std::string& name) {
  std::ifstream in(kGolden + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST("the bytes on disk are those of format version 2") {
  const auto disk = Build();
  const char* mode = std::getenv("GOLDEN");
  int files = 0;
  for (const std::string& path : disk->Paths()) {
    const std::string name = path.substr(std::string(kDirectory).size() + 1);
    if (name == kLockName) continue;
    ++files;
    const Bytes bytes = disk->Content(path);
    if (mode != nullptr && std::string(mode) == "write") {
      std::ofstream out(kGolden + "v2/" + name, std::ios::binary);
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      continue;
    }
    const Bytes golden = Golden("v2/" + name);
    CHECK_EQUAL(golden.size(), bytes.size());
    for (size_t at = 0; at < bytes.size(); ++at) {
      if (golden[at] != bytes[at]) Fail(__FILE__, __LINE__, name + " differs at offset " + std::to_string(at));
    }
  }
  CHECK_EQUAL(files, 4);
}

TEST(
    "S51: a directory of format version 1 opens to what it held, goes on in segments of version 2, and lets the old "
    "ones go") {
  FaultFileSystem disk(7);
  for (const char* name : {"IDENTITY", "segment-0000000000000001.log", "segment-0000000000000002.log"}) {
    disk.SetContent(JoinPath(kDirectory, name), Golden(std::string("v1/") + name));
  }
  Model model;
  model.HardState(0, 3, {});
  model.Append(MakeBatch(0, 1, 1, 1, 48, 2));
  model.Append(MakeBatch(0, 2, 2, 1, 0, 0));
  model.Append(MakeBatch(0, 2, 3, 3, 100));
  model.Append(MakeBatch(9, 2, 1, 2, 10));
  model.Append(MakeBatch(0, 3, 6, 1, 21000));
  model.Hint(0, 6, 3);
  model.CutPrefix(9, 1, 2);
  model.Append(MakeBatch(0, 3, 7, 2, 6000));
  for (int round = 0; round < 3; ++round) {
    Recorder recorder;
    Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, TinyOpen(), recorder);
    CHECK_OK(opened.status());
    Journal& journal = *opened.value();
    CHECK_EQUAL(Describe(journal), model.Describe());
    const Bytes batch = MakeBatch(0, 3, model.Tail(0) + 1, 1, 5000);
    CHECK_OK(journal.Append(batch).status());
    model.Append(batch);
    if (round == 1) {
      CHECK_OK(journal.TruncatePrefix(0, {9, 3}).status());
      model.CutPrefix(0, 9, 3);
      CHECK_OK(journal.TruncatePrefix(9, {2, 2}).status());
      model.CutPrefix(9, 2, 2);
    }
    while (journal.Drive(true)) continue;
    CHECK_EQUAL(Describe(journal), model.Describe());
    const std::vector<std::string> paths = disk.Paths();
    const bool first_there = std::find(paths.begin(), paths.end(), JoinPath(kDirectory, SegmentName(1))) != paths.end();
    CHECK_EQUAL(first_there, round == 0);
    CHECK_OK(journal.Close());
  }
}
