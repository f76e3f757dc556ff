#include "prior_content.h"

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
  uint32_t count = 0;
  for (size_t at = 0; at + kSectorBytes <= bytes.size(); at += kSectorBytes) {
    count += Unwritten(bytes.data() + at, offset + static_cast<uint32_t>(at)) ? 1 : 0;
  }
  return count;
}

void NotePriorContent(std::span<const uint8_t> bytes, uint64_t offset, uint8_t* table) {
  for (size_t at = 0; at + kSectorBytes <= bytes.size(); at += kSectorBytes) {
    Store<uint32_t>(table + (offset + at) / kSectorBytes * sizeof(uint32_t), Crc32c(bytes.data() + at, kSectorBytes));
  }
}

}  // namespace scriptorium
