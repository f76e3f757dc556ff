// Checksums, blocks and records by themselves.
#include "../block.h"

#include "../crc32c.h"
#include "../segment.h"
#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

TEST("CRC32C by instruction equals CRC32C by tables, for all lengths, alignments and cuts") {
  Bytes bytes(20000);
  uint64_t random = 1;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(NextRandom(&random));
  for (size_t length = 0; length < 300; ++length) {
    for (size_t start = 0; start < 9; ++start) {
      CHECK_EQUAL(Crc32c(&bytes[start], length), Crc32cPortable(&bytes[start], length));
    }
  }
  for (int sample = 0; sample < 2000; ++sample) {
    const size_t start = NextRandom(&random) % 64;
    const size_t length = NextRandom(&random) % (bytes.size() - start);
    const size_t cut = length == 0 ? 0 : NextRandom(&random) % length;
    const uint32_t whole = Crc32cPortable(&bytes[start], length);
    CHECK_EQUAL(Crc32c(&bytes[start], length), whole);
    CHECK_EQUAL(Crc32c(&bytes[start + cut], length - cut, Crc32c(&bytes[start], cut)), whole);
  }
  const Bytes digits{'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  CHECK_EQUAL(Crc32c(digits.data(), digits.size()), 0xe3069283U);
}

namespace {

BlockHeader Filled(BlockBuffer& block) {
  block.Begin({3, 8192}, 17, 16384, 4096);
  const Bytes batch = MakeBatch(0, 2, 5, 3, 700);
  block.Append(RecordType::kBatch, 0, 40, batch);
  block.Append(RecordType::kHardState, 0, 41, EncodeHardState({2, Incarnation(7)}));
  block.Append(RecordType::kSeal, 0, 42, {});
  return block.Finish(0x1234, 16, 0xabcd, PriorContent(), nullptr);
}

}  // namespace

TEST("checksums of sectors are those of their bytes, and join to that of the whole") {
  uint64_t random = 11;
  std::vector<uint8_t> bytes(40 * kCrcSectorBytes);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(NextRandom(&random));
  for (size_t sectors = 0; sectors <= 40; ++sectors) {
    std::vector<uint32_t> crcs(sectors);
    Crc32cSectors(bytes.data(), sectors, crcs.data());
    uint32_t joined = 0;
    for (size_t at = 0; at < sectors; ++at) {
      CHECK_EQUAL(crcs[at], Crc32cPortable(&bytes[at * kCrcSectorBytes], kCrcSectorBytes));
      joined = Crc32cAppendSector(joined, crcs[at]);
    }
    CHECK_EQUAL(joined, Crc32cPortable(bytes.data(), sectors * kCrcSectorBytes));
  }
}

TEST("a block for a segment used again has the checksum of its body, and counts the sectors that lay there before") {
  uint64_t random = 12;
  for (const size_t payload : {0u, 8u, 400u, 424u, 432u, 440u, 512u, 5000u, 100'000u}) {
    std::vector<uint8_t> bytes(payload);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(NextRandom(&random));
    auto table = std::make_shared<AlignedBuffer>(PriorTableBytes(1 << 20), kMaxAlignment);
    std::memset(table->data(), 0, table->size());
    BlockBuffer block(AloneBlock(1 << 20));
    const auto build = [&] {
      block.Begin({1, 8192}, 1, 1 << 20, 4096);
      block.Append(RecordType::kBatch, 1, 1, bytes);
      // Records of all lengths, so that they end anywhere in a sector.
      for (size_t length = 0; length < payload % 500; ++length) {
        block.Append(RecordType::kBatch, 1, 2 + length, std::span(bytes).first(std::min(length, payload)));
      }
      return block.Finish(7, 0, 0, PriorContent(table), nullptr);
    };
    const BlockHeader first = build();
    CHECK_EQUAL(first.body_crc, Crc32cPortable(block.data() + kBlockHeaderBytes, first.body_bytes));
    NotePriorContent({block.data(), first.block_bytes}, 8192, table->data());
    CHECK_EQUAL(build().same_sectors, first.block_bytes / kSectorBytes - 1);
  }
}

TEST("S09: no single flipped bit of a block header goes unnoticed") {
  BlockBuffer block(AloneBlock(64 << 10));
  const BlockHeader written = Filled(block);
  Bytes bytes(block.data(), block.data() + written.block_bytes);
  BlockHeader read;
  CHECK(ParseBlockHeader(bytes.data(), &read));
  CHECK_EQUAL(read.sequence, 17U);
  CHECK_EQUAL(read.durable_through, 16U);
  CHECK_EQUAL(read.offset, 8192U);
  CHECK_EQUAL(read.record_count, 3U);
  CHECK_EQUAL(read.previous_crc, 0xabcdU);
  CHECK_EQUAL(read.block_bytes, 4096U);
  // 64 header + 24 + 2168 batch + 48 + 24 = 2328 bytes; sectors from 2560 on are padding.
  CHECK_EQUAL(read.same_sectors, PriorContent().CountUnwritten(bytes, 8192));
  CHECK(read.same_sectors >= 3);
  for (size_t bit = 0; bit < 64 * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    CHECK(!ParseBlockHeader(bytes.data(), &read));
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
  }
}

TEST("S09: records with any lengths, types and counts never lead outside their block") {
  BlockBuffer block(AloneBlock(64 << 10));
  const BlockHeader written = Filled(block);
  uint64_t random = 9;
  int refused = 0;
  for (int sample = 0; sample < 20000; ++sample) {
    // An exact copy on the heap, so that a checker of memory sees one byte too many.
    Bytes bytes(block.data(), block.data() + kBlockHeaderBytes + written.body_bytes);
    BlockHeader header = written;
    for (int change = 0; change < 3; ++change) {
      bytes[kBlockHeaderBytes + NextRandom(&random) % written.body_bytes] = static_cast<uint8_t>(NextRandom(&random));
    }
    if (sample % 4 == 0) header.record_count = static_cast<uint32_t>(NextRandom(&random) % 100);
    if (sample % 4 == 1) header.body_bytes = static_cast<uint32_t>(NextRandom(&random) % 5000);
    LogIndex index;
    Status status = WalkRecords(bytes, header, [&](const Record& record) {
      CHECK(record.payload.data() >= bytes.data());
      CHECK(record.payload.data() + record.payload.size() <= bytes.data() + bytes.size());
      (void)index.Replay(record, {});  // May refuse what it is given; must survive it.
      return Status();
    });
    refused += status.ok() ? 0 : 1;
  }
  CHECK(refused > 1000);
}

TEST("S03: each of the two segment headers is refused for any flipped bit, and the other one stands in") {
  FaultFileSystem disk(1);
  SegmentHeader header;
  header.number = 1;
  header.segment_bytes = kTinySegment;
  header.alignment = 4096;
  header.cluster_id = MakeIdentity().cluster_id;
  header.storage_uuid = MakeIdentity().storage_uuid;
  CHECK_OK(disk.MakeDirectory(kDirectory));
  CHECK_OK(PrepareSegment(disk, kDirectory, header, true, nullptr));
  const std::string path = JoinPath(kDirectory, SegmentName(1));
  const Bytes good = disk.Content(path);
  const auto load = [&](const Bytes& bytes) {
    disk.SetContent(path, bytes);
    Result<std::unique_ptr<File>> file = disk.Open(path, OpenMode::kRead, true);
    CHECK_OK(file.status());
    return LoadSegmentHeader(*file.value(), 1, MakeIdentity());
  };
  CHECK(!load(good).value().from_copy);
  for (size_t bit = 0; bit < kSegmentHeaderBytes * 8; bit += bit < 128 * 8 ? 1 : 61) {
    Bytes bytes = good;
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    Result<ReadSegmentHeader> one_bad = load(bytes);
    CHECK_OK(one_bad.status());
    CHECK(one_bad.value().from_copy);
    bytes[kSegmentHeaderBytes + bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    CHECK_CODE(load(bytes).status(), Code::kRotten);
  }
}

TEST("names of segments are read exactly as they are written") {
  CHECK_EQUAL(SegmentName(0xabc), std::string("segment-0000000000000abc.log"));
  CHECK_EQUAL(ParseSegmentName("segment-0000000000000abc.log").value(), 0xabcU);
  for (const char* name :
       {"segment-0000000000000ABC.log", "segment-abc.log", "segment-0000000000000abc.log~",
        "segment-0000000000000abc.lo", "Segment-0000000000000abc.log", "segment-0000000000000abg.log"}) {
    CHECK(!ParseSegmentName(name).has_value());
  }
}
