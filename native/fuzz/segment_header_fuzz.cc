// The two headers of a segment file. First byte: bit 0 seals the first, bit 1 the second.
#include "../file_fault.h"
#include "../segment.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const auto sealed = input.Take<uint8_t>();
  std::vector<uint8_t> file;
  for (const uint8_t bit : {1, 2}) {
    // The rest of a header is zeros, so an input needs no more than its beginning.
    std::vector<uint8_t> header = input.Take(128);
    header.resize(kSegmentHeaderBytes);
    if ((sealed & bit) != 0) Seal(&header, kSegmentHeaderBytes - 4);
    file.insert(file.end(), header.begin(), header.end());
  }
  file.resize(kMinSegmentBytes);
  Identity identity;
  if (sealed % 4 != 0) std::memcpy(identity.cluster_id.data(), &file[16], 16);
  if (sealed % 4 != 0) std::memcpy(identity.storage_uuid.data(), &file[32], 16);
  const uint64_t number = Load<uint64_t>(&file[48]);
  FaultFileSystem disk(1);
  disk.SetContent("/disk/segment", file);
  Result<std::unique_ptr<File>> opened = disk.Open("/disk/segment", OpenMode::kRead, true);
  REQUIRE(opened.ok());
  const Result<ReadSegmentHeader> read = LoadSegmentHeader(*opened.value(), number, identity);
  if (!read.ok()) return 0;
  const SegmentHeader& header = read.value().header;
  REQUIRE(header.number == number && header.cluster_id == identity.cluster_id);
  REQUIRE(header.segment_bytes >= kMinSegmentBytes && header.segment_bytes <= kMaxSegmentBytes);
  REQUIRE(header.alignment >= kSectorBytes && header.alignment <= kMaxAlignment);
  REQUIRE(header.blocks_begin() % header.alignment == 0 && header.blocks_end() % header.alignment == 0);
  REQUIRE(header.blocks_end() <= header.segment_bytes);
  return 0;
}
