// The batch as it arrives from a leader. First byte: odd for sealed checksums.
#include "../batch.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool sealed = input.Take<uint8_t>() % 2 == 1;
  std::vector<uint8_t> bytes = input.Rest();
  if (sealed && bytes.size() >= kBatchHeaderBytes) {
    Store<uint32_t>(&bytes[48], Crc32c(bytes.data() + kBatchHeaderBytes, bytes.size() - kBatchHeaderBytes));
    Seal(&bytes, 52);
  }
  const Result<BatchHeader> header = ParseBatchHeader(bytes);
  const Result<BatchHeader> batch = ParseBatch(bytes);
  if (batch.ok()) REQUIRE(header.ok() && batch.value().bytes() == bytes.size());
  if (header.ok()) {
    const BatchHeader& found = header.value();
    REQUIRE(found.bytes() <= bytes.size() && found.bytes() <= kMaxBatchBytes);
    REQUIRE(found.count > 0 && found.first_index > 0 && found.last_index() >= found.first_index);
    REQUIRE(found.last_index() <= kMaxInteger && found.term <= kMaxInteger && found.group <= kMaxInteger);
  }
  return 0;
}
