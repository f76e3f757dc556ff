// The recovery of a small directory that was changed anywhere. The input is a list of changes to a healthy directory of
// several segments: bytes put somewhere, ranges zeroed, copied or cut off, and blocks given checksums that hold.
#include "../inspect.h"
#include "../test/fixture.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;
using namespace scriptorium::test;

namespace {

DiskImage MakeDirectoryImage() {
  FaultFileSystem disk(7);
  REQUIRE(Journal::Format(disk, TinyFormat()).ok());
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
  REQUIRE(journal.ok());
  for (uint64_t index = 1; index <= 14; ++index) {
    REQUIRE(journal.value()->SaveHardState(0, {index, {}}).ok());
    REQUIRE(journal.value()->Append(MakeBatch(index % 2, index, (index + 1) / 2, 1, 9000)).ok());
    while (journal.value()->Drive(true)) continue;
  }
  REQUIRE(journal.value()->Close().ok());
  return disk.Image();
}

void ChangeContent(std::vector<uint8_t>* content, Input* input) {
  const auto kind = input->Take<uint8_t>();
  if (content->empty()) return;
  // Blocks stand at pages, and most of what matters is at their beginning.
  const size_t at =
      (input->Take<uint8_t>() * size_t{4096} + input->Take<uint8_t>() * size_t{kind % 2 == 0 ? 1U : 16U}) %
      content->size();
  const size_t length = std::min<size_t>(input->Take<uint16_t>(), content->size() - at);
  uint8_t* to = content->data() + at;
  switch (kind % 6) {
    case 0:
    case 1: {
      const std::vector<uint8_t> bytes = input->Take(std::min<size_t>(length % 64, content->size() - at));
      std::copy(bytes.begin(), bytes.end(), to);
      return;
    }
    case 2:
      std::memset(to, 0, length);
      return;
    case 3:
      std::memmove(to, content->data(), std::min(length, at));
      return;
    case 4:
      content->resize(at);
      return;
    default: {
      // A block whose checksums hold, whatever else it says.
      const size_t block = at / 4096 * 4096;
      if (content->size() - block < kBlockHeaderBytes) return;
      uint8_t* header = content->data() + block;
      const size_t body = std::min<size_t>(Load<uint32_t>(header + 36), content->size() - block - kBlockHeaderBytes);
      Store<uint32_t>(header + 48, Crc32c(header + kBlockHeaderBytes, body));
      Store<uint32_t>(header + 60, Crc32c(header, 60));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const DiskImage& healthy = *new DiskImage(MakeDirectoryImage());
  Input input(data, size);
  const auto disk = FaultFileSystem::FromImage(healthy, 1);
  const std::vector<std::string> paths = disk->Paths();
  for (int change = 0; change < 16 && !input.empty(); ++change) {
    const std::string& path = paths[input.Take<uint8_t>() % paths.size()];
    std::vector<uint8_t> content = disk->Content(path);
    ChangeContent(&content, &input);
    disk->SetContent(path, std::move(content));
  }
  const uint64_t before = disk->Image().Fingerprint();
  const Inspection inspection = InspectDirectory(*disk, kDirectory, 4);
  REQUIRE(disk->Image().Fingerprint() == before);
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(*disk, TinyOpen(), recorder);
  if (!journal.ok()) {
    REQUIRE(!inspection.verdict.ok());
  } else {
    // Inspection reads the blocks of full segments as well, which opening leaves to their footers.
    REQUIRE(inspection.verdict.ok() || journal.value()->report().footers > 0);
    (void)Describe(*journal.value());
  }
  REQUIRE(disk->operations() < 20'000);
  return 0;
}
