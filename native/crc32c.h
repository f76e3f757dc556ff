// CRC32C (Castagnoli), the one checksum of the project: batches, blocks, headers. Chooses the processor's instruction
// at run time (SSE4.2 or ARMv8 CRC), else tables; all give the same value.
#ifndef SCRIPTORIUM_CRC32C_H_
#define SCRIPTORIUM_CRC32C_H_

#include <cstddef>
#include <cstdint>

namespace scriptorium {

// The checksum of `bytes` bytes at `data`, continuing from `crc` (0 to start): Crc32c(a+b) == Crc32c(b, Crc32c(a)).
uint32_t Crc32c(const uint8_t* data, size_t bytes, uint32_t crc = 0);

inline constexpr size_t kCrcSectorBytes = 512;
// The checksum of each of `sectors` sectors at `data`; faster than one call for each.
void Crc32cSectors(const uint8_t* data, size_t sectors, uint32_t* crcs);
// Crc32c(a+b) from Crc32c(a) and Crc32c(b), where b is one sector: bytes that were summed once are not read again.
uint32_t Crc32cAppendSector(uint32_t crc, uint32_t sector_crc);

// The same value computed from tables alone; exists so that tests can compare the two.
uint32_t Crc32cPortable(const uint8_t* data, size_t bytes, uint32_t crc = 0);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_CRC32C_H_
