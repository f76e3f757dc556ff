// The file IDENTITY. First byte: odd for a sealed checksum.
#include "../identity.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool sealed = input.Take<uint8_t>() % 2 == 1;
  std::vector<uint8_t> bytes = input.Rest();
  if (sealed) Seal(&bytes, kIdentityBytes - 4);
  const Result<Identity> identity = DecodeIdentity(bytes, "IDENTITY");
  if (!identity.ok()) return 0;
  REQUIRE(!identity.value().scribe_id.empty() && identity.value().scribe_id.size() <= kMaxScribeIdBytes);
  const auto again = EncodeIdentity(identity.value());
  const Result<Identity> same = DecodeIdentity(again, "IDENTITY");
  REQUIRE(same.ok() && same.value().scribe_id == identity.value().scribe_id);
  REQUIRE(same.value().cluster_id == identity.value().cluster_id);
  REQUIRE(same.value().storage_uuid == identity.value().storage_uuid);
  return 0;
}
