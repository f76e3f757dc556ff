#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

#include "little_endian.h"

namespace scriptorium {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bit-reversed.

// tables[k][b]: the effect of byte b followed by k zero bytes (slicing by eight).
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (size_t slice = 1; slice < 8; ++slice) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint32_t UpdatePortable(uint32_t crc, const uint8_t* data, size_t bytes) {
  while (bytes >= 8) {
    const uint64_t word = Load<uint64_t>(data) ^ crc;
    crc = 0;
    for (size_t slice = 0; slice < 8; ++slice) crc ^= kTables[7 - slice][(word >> (8 * slice)) & 0xff];
    data += 8;
    bytes -= 8;
  }
  while (bytes-- > 0) crc = (crc >> 8) ^ kTables[0][(crc ^ *data++) & 0xff];
  return crc;
}

// The instruction has a latency of three cycles and a throughput of one, so long inputs are read as three lanes whose
// checksums are then joined by "append kLaneBytes zero bytes", a linear map held as four tables of 256.
constexpr size_t kLaneBytes = 1024;
using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

constexpr ShiftTable MakeShiftTable(size_t zero_bytes) {
  // Column i of the map: where bit i goes after that many zero bytes, a power of two. Doubling keeps the work small
  // enough for constexpr.
  std::array<uint32_t, 32> columns{};
  for (uint32_t bit = 0; bit < 32; ++bit) {
    uint32_t crc = uint32_t{1} << bit;
    for (int step = 0; step < 8; ++step) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    columns[bit] = crc;
  }
  for (size_t bytes = 1; bytes < zero_bytes; bytes *= 2) {
    std::array<uint32_t, 32> doubled{};
    for (uint32_t bit = 0; bit < 32; ++bit) {
      uint32_t sum = 0;
      for (uint32_t from = 0; from < 32; ++from) {
        if (((columns[bit] >> from) & 1) != 0) sum ^= columns[from];
      }
      doubled[bit] = sum;
    }
    columns = doubled;
  }
  ShiftTable table{};
  for (size_t slice = 0; slice < 4; ++slice) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t sum = 0;
      for (uint32_t bit = 0; bit < 8; ++bit) {
        if (((byte >> bit) & 1) != 0) sum ^= columns[8 * slice + bit];
      }
      table[slice][byte] = sum;
    }
  }
  return table;
}

uint32_t Shift(const ShiftTable& table, uint32_t crc) {
  return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff] ^ table[3][crc >> 24];
}

constexpr ShiftTable kLaneShift = MakeShiftTable(kLaneBytes);
constexpr ShiftTable kSectorShift = MakeShiftTable(kCrcSectorBytes);

#if defined(__x86_64__) || defined(__aarch64__)

#if defined(__x86_64__)
#define SCRIPTORIUM_CRC_TARGET __attribute__((target("sse4.2")))
SCRIPTORIUM_CRC_TARGET inline uint32_t Step8(uint32_t crc, uint64_t word) {
  return static_cast<uint32_t>(_mm_crc32_u64(crc, word));
}
SCRIPTORIUM_CRC_TARGET inline uint32_t Step1(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
bool HasInstruction() { return __builtin_cpu_supports("sse4.2"); }
#else
#define SCRIPTORIUM_CRC_TARGET __attribute__((target("+crc")))
SCRIPTORIUM_CRC_TARGET inline uint32_t Step8(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
SCRIPTORIUM_CRC_TARGET inline uint32_t Step1(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
bool HasInstruction() { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; }  // HWCAP_CRC32
#endif

SCRIPTORIUM_CRC_TARGET uint32_t UpdateInstruction(uint32_t crc, const uint8_t* data, size_t bytes) {
  while (bytes >= 3 * kLaneBytes) {
    uint32_t second = 0;
    uint32_t third = 0;
    for (size_t at = 0; at < kLaneBytes; at += 8) {
      crc = Step8(crc, Load<uint64_t>(data + at));
      second = Step8(second, Load<uint64_t>(data + kLaneBytes + at));
      third = Step8(third, Load<uint64_t>(data + 2 * kLaneBytes + at));
    }
    crc = Shift(kLaneShift, Shift(kLaneShift, crc) ^ second) ^ third;
    data += 3 * kLaneBytes;
    bytes -= 3 * kLaneBytes;
  }
  for (; bytes >= 8; bytes -= 8, data += 8) crc = Step8(crc, Load<uint64_t>(data));
  for (; bytes > 0; --bytes, ++data) crc = Step1(crc, *data);
  return crc;
}

// Three sectors at a time, for the same reason.
SCRIPTORIUM_CRC_TARGET void SectorsInstruction(const uint8_t* data, size_t sectors, uint32_t* crcs) {
  for (; sectors >= 3; sectors -= 3, data += 3 * kCrcSectorBytes, crcs += 3) {
    uint32_t first = ~uint32_t{0};
    uint32_t second = first;
    uint32_t third = first;
    for (size_t at = 0; at < kCrcSectorBytes; at += 8) {
      first = Step8(first, Load<uint64_t>(data + at));
      second = Step8(second, Load<uint64_t>(data + kCrcSectorBytes + at));
      third = Step8(third, Load<uint64_t>(data + 2 * kCrcSectorBytes + at));
    }
    crcs[0] = ~first;
    crcs[1] = ~second;
    crcs[2] = ~third;
  }
  for (; sectors > 0; --sectors, data += kCrcSectorBytes) *crcs++ = ~UpdateInstruction(~0u, data, kCrcSectorBytes);
}

#else
bool HasInstruction() { return false; }
uint32_t UpdateInstruction(uint32_t crc, const uint8_t* data, size_t bytes) { return UpdatePortable(crc, data, bytes); }
void SectorsInstruction(const uint8_t*, size_t, uint32_t*) {}
#endif

}  // namespace

uint32_t Crc32c(const uint8_t* data, size_t bytes, uint32_t crc) {
  static const bool has_instruction = HasInstruction();
  return ~(has_instruction ? UpdateInstruction(~crc, data, bytes) : UpdatePortable(~crc, data, bytes));
}

void Crc32cSectors(const uint8_t* data, size_t sectors, uint32_t* crcs) {
  static const bool has_instruction = HasInstruction();
  if (has_instruction) return SectorsInstruction(data, sectors, crcs);
  for (; sectors > 0; --sectors, data += kCrcSectorBytes) *crcs++ = Crc32cPortable(data, kCrcSectorBytes);
}

uint32_t Crc32cAppendSector(uint32_t crc, uint32_t sector_crc) { return Shift(kSectorShift, crc) ^ sector_crc; }

uint32_t Crc32cPortable(const uint8_t* data, size_t bytes, uint32_t crc) { return ~UpdatePortable(~crc, data, bytes); }

}  // namespace scriptorium
