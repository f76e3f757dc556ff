#include "batch.h"

#include "crc32c.h"
#include "little_endian.h"

namespace scriptorium {
namespace {

Status Bad(const char* what) { return Status(Code::kBadBatch, std::string("batch refused: ") + what); }

// Of at least a header's length: everything but the checksums.
Result<BatchHeader> ReadFields(std::span<const uint8_t> bytes) {
  const uint8_t* at = bytes.data();
  if (at[4] != kBatchVersion) return Bad("unknown version");
  if (at[5] > kBatchLastKind) return Bad("unknown kind");
  if (Load<uint16_t>(at + 6) != 0) return Bad("unknown flags");
  BatchHeader header{};
  header.kind = at[5];
  header.group = Load<uint64_t>(at + 8);
  header.term = Load<uint64_t>(at + 16);
  header.first_index = Load<uint64_t>(at + 24);
  header.timestamp_millis = Load<uint64_t>(at + 32);
  header.count = Load<uint32_t>(at + 40);
  header.body_bytes = Load<uint32_t>(at + 44);
  header.body_crc = Load<uint32_t>(at + 48);
  if (header.count == 0) return Bad("no entries");
  if (header.first_index == 0) return Bad("indexes start at 1");
  if (header.group > kMaxInteger || header.term > kMaxInteger || header.first_index > kMaxInteger - header.count) {
    return Bad("group, term or index beyond 2^53");
  }
  if (header.bytes() > kMaxBatchBytes) return Bad("longer than 4 MiB");
  // Each entry is at least its own length field.
  if (header.body_bytes / 4 < header.count) return Bad("more entries than its body can hold");
  if (header.bytes() > bytes.size()) return Bad("shorter than its header says");
  return header;
}

}  // namespace

Result<BatchHeader> ParseBatchHeader(std::span<const uint8_t> bytes) {
  if (bytes.size() < kBatchHeaderBytes) return Bad("shorter than its header");
  const uint8_t* at = bytes.data();
  if (Load<uint32_t>(at) != kBatchMagic) return Bad("wrong magic");
  if (Load<uint32_t>(at + 52) != Crc32c(at, 52)) return Bad("its header fails its checksum");
  return ReadFields(bytes);
}

Result<BatchHeader> SealBatch(std::span<uint8_t> bytes) {
  if (bytes.size() < kBatchHeaderBytes) return Bad("shorter than its header");
  uint8_t* at = bytes.data();
  if (Load<uint32_t>(at) != kBatchMagic) return Bad("wrong magic");
  Result<BatchHeader> header = ReadFields(bytes);
  if (!header.ok()) return header;
  header.value().body_crc = Crc32c(at + kBatchHeaderBytes, header.value().body_bytes);
  Store<uint32_t>(at + 48, header.value().body_crc);
  Store<uint32_t>(at + 52, Crc32c(at, 52));
  return header;
}

Result<BatchHeader> ParseBatch(std::span<const uint8_t> bytes) {
  Result<BatchHeader> header = ParseBatchHeader(bytes);
  if (!header.ok()) return header;
  if (header.value().bytes() != bytes.size()) return Bad("longer than its header says");
  if (Crc32c(bytes.data() + kBatchHeaderBytes, header.value().body_bytes) != header.value().body_crc) {
    return Bad("its body fails its checksum");
  }
  return header;
}

}  // namespace scriptorium
