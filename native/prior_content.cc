#include "prior_content.h"

#include <vector>

#include "crc32c.h"
#include "little_endian.h"

namespace scriptorium {

bool PriorContent::Unwritten(const uint8_t* sector, uint32_t offset) const {
  if (table_ == nullptr) return AllZero(sector, kSectorBytes);
  const size_t at = offset / kSectorBytes * sizeof(uint32_t);
  if (at + sizeof(uint32_t) > table_->size()) return false;
  return Crc32c(sector, kSectorBytes) == Load<uint32_t>(table_->data() + at);
}

uint32_t PriorContent::CountUnwritten(std::span<const uint8_t> bytes, uint32_t offset) const {
  const size_t sectors = bytes.size() / kSectorBytes;
  if (table_ != nullptr) {
    std::vector<uint32_t> crcs(sectors);
    Crc32cSectors(bytes.data(), sectors, crcs.data());
    return CountUnwritten(crcs, offset);
  }
  uint32_t count = 0;
  for (size_t at = 0; at < sectors; ++at) count += AllZero(bytes.data() + at * kSectorBytes, kSectorBytes) ? 1 : 0;
  return count;
}

uint32_t PriorContent::CountUnwritten(std::span<const uint32_t> crcs, uint32_t offset) const {
  const size_t first = offset / kSectorBytes;
  uint32_t count = 0;
  for (size_t at = 0; at < crcs.size() && (first + at + 1) * sizeof(uint32_t) <= table_->size(); ++at) {
    count += crcs[at] == Load<uint32_t>(table_->data() + (first + at) * sizeof(uint32_t)) ? 1 : 0;
  }
  return count;
}

void NotePriorContent(std::span<const uint8_t> bytes, uint64_t offset, uint8_t* table) {
  std::vector<uint32_t> crcs(bytes.size() / kSectorBytes);
  Crc32cSectors(bytes.data(), crcs.size(), crcs.data());
  for (size_t at = 0; at < crcs.size(); ++at) {
    Store<uint32_t>(table + (offset / kSectorBytes + at) * sizeof(uint32_t), crcs[at]);
  }
}

}  // namespace scriptorium
