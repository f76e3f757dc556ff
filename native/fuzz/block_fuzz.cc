// A block and its records, taken into an index as recovery does. First byte: odd for sealed checksums.
#include "../block.h"
#include "../log_index.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool sealed = input.Take<uint8_t>() % 2 == 1;
  std::vector<uint8_t> bytes = input.Rest();
  if (bytes.size() < kBlockHeaderBytes) return 0;
  if (sealed) Seal(&bytes, kBlockHeaderBytes - 4);
  BlockHeader header;
  if (!ParseBlockHeader(bytes.data(), &header)) return 0;
  REQUIRE(header.block_bytes <= kMaxBlockBytes && header.body_bytes < header.block_bytes);
  LogIndex index;
  uint32_t records = 0;
  const Status status = WalkRecords(bytes, header, [&](const Record& record) {
    const uint8_t* end = record.payload.data() + record.payload.size();
    REQUIRE(record.payload.data() >= bytes.data() + kBlockHeaderBytes && end <= bytes.data() + bytes.size());
    REQUIRE(record.payload.data() == bytes.data() + record.offset);
    ++records;
    (void)index.Replay(record, {1, 8192});  // May refuse what it is given; must survive it.
    return Status();
  });
  if (status.ok()) REQUIRE(records == header.record_count);
  return 0;
}
