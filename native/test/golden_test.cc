// The disk format, frozen: a scripted journal on a deterministic disk must give the very bytes under test/golden/disk.
// If this fails, the format has changed: raise kFormatVersion and keep reading the old files. GOLDEN=write writes them
// anew.
#include <fstream>
#include <iterator>

#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

const std::string kGolden = "test/golden/disk/v1/";

// Every record type and a second segment.
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
  CHECK_OK(journal.SaveCommitHint(0, {6, 3}).status());
  CHECK_OK(journal.TruncatePrefix(9, {1, 2}).status());
  CHECK_OK(journal.Append(MakeBatch(0, 3, 7, 2, 6000)).status());
  CHECK_OK(journal.Close());
  return disk.AfterRestart();
}

}  // namespace

TEST("the bytes on disk are those of format version 1") {
  const auto disk = Build();
  const char* mode = std::getenv("GOLDEN");
  int files = 0;
  for (const std::string& path : disk->Paths()) {
    const std::string name = path.substr(std::string(kDirectory).size() + 1);
    if (name == kLockName) continue;
    ++files;
    const Bytes bytes = disk->Content(path);
    if (mode != nullptr && std::string(mode) == "write") {
      std::ofstream out(kGolden + name, std::ios::binary);
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      continue;
    }
    std::ifstream in(kGolden + name, std::ios::binary);
    const Bytes golden{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    CHECK_EQUAL(golden.size(), bytes.size());
    for (size_t at = 0; at < bytes.size(); ++at) {
      if (golden[at] != bytes[at]) Fail(__FILE__, __LINE__, name + " differs at offset " + std::to_string(at));
    }
  }
  CHECK_EQUAL(files, 3);
}
