#include "self_proof.h"

#include <array>

#include "batch.h"
#include "crc32c.h"
#include "little_endian.h"

namespace scriptorium {
namespace {

// How far what was durable may have lagged behind a block when it was submitted: as many as can be in flight.
constexpr uint64_t kMaxLag = 64;

// The checksum of a and b one after the other, from that of each; what a contributes moves on by the length of b.
uint32_t JoinCrc(uint32_t first, uint32_t second, size_t second_bytes) {
  static constexpr std::array<uint8_t, 4096> kZeros{};
  uint32_t moved = first;
  uint32_t zeros = 0;
  for (size_t left = second_bytes; left > 0;) {
    const size_t bytes = std::min(left, kZeros.size());
    moved = Crc32c(kZeros.data(), bytes, moved);
    zeros = Crc32c(kZeros.data(), bytes, zeros);
    left -= bytes;
  }
  return second ^ moved ^ zeros;
}

// The checksum of the records of a block, with each batch's body as its header says it was. Nothing if the records do
// not follow each other exactly, or a batch's header does not hold.
std::optional<uint32_t> BodyCrc(std::span<const uint8_t> block, const BlockHeader& header, uint64_t first_ordinal,
                                std::vector<uint32_t>* damaged) {
  uint32_t crc = 0;
  size_t covered = kBlockHeaderBytes;
  uint64_t ordinal = first_ordinal;
  const Status walked = WalkRecords(block, header, [&](const Record& record) {
    if (record.ordinal != ordinal++) return Status(Code::kRotten, "a record is out of order");
    if (record.type != RecordType::kBatch && record.type != RecordType::kMovedBatch) return Status();
    Result<BatchHeader> batch = ParseBatchHeader(record.payload);
    if (!batch.ok()) return batch.status();
    if (batch.value().bytes() != record.payload.size()) return Status(Code::kRotten, "a batch has the wrong length");
    const std::span<const uint8_t> body = record.payload.subspan(kBatchHeaderBytes);
    if (Crc32c(body.data(), body.size()) == batch.value().body_crc) return Status();
    damaged->push_back(record.offset);
    const size_t begin = record.offset + kBatchHeaderBytes;
    crc = Crc32c(block.data() + covered, begin - covered, crc);
    crc = JoinCrc(crc, batch.value().body_crc, body.size());
    covered = begin + body.size();
    return Status();
  });
  if (!walked.ok()) return std::nullopt;
  return Crc32c(block.data() + covered, kBlockHeaderBytes + header.body_bytes - covered, crc);
}

// Whether a later block of the segment says that the block `sequence` was durable; and the block right behind it, if
// its header holds.
struct Witnesses {
  bool durable = false;
  std::optional<BlockHeader> next;
};

Result<Witnesses> FindWitnesses(SegmentScanner& scanner, uint32_t offset, uint64_t sequence) {
  Witnesses found;
  const SegmentHeader& segment = scanner.header();
  for (uint32_t at = offset + segment.alignment; at < segment.blocks_end() && !found.durable; at += segment.alignment) {
    BlockHeader block;
    Result<bool> is_header = scanner.HeaderAt(at, &block);
    if (!is_header.ok()) return is_header.status();
    if (!is_header.value()) continue;
    if (block.sequence == sequence + 1 && !found.next) found.next = block;
    found.durable = block.durable_through >= sequence;
  }
  return found;
}

// Puts the header together that must have stood before these records; `next` carries its checksum. `block` is all that
// stands between.
std::optional<BlockHeader> RebuildHeader(std::span<const uint8_t> block, const BlockHeader& next,
                                         const ExpectedBlock& expected, uint32_t offset, const SegmentHeader& segment,
                                         const PriorContent& prior, std::vector<uint32_t>* damaged) {
  BlockHeader header;
  header.sequence = expected.sequence;
  header.nonce = segment.nonce;
  header.offset = offset;
  header.block_bytes = static_cast<uint32_t>(block.size());
  header.previous_crc = expected.previous_crc;
  // Records go on as long as their ordinals do; what follows the last is padding.
  size_t end = kBlockHeaderBytes;
  while (block.size() - end >= kRecordHeaderBytes &&
         Load<uint64_t>(block.data() + end + 16) == expected.first_ordinal + header.record_count) {
    const uint64_t bytes = RecordBytes(Load<uint32_t>(block.data() + end + 4));
    if (bytes > block.size() - end) return std::nullopt;
    end += bytes;
    ++header.record_count;
  }
  header.body_bytes = static_cast<uint32_t>(end - kBlockHeaderBytes);
  if (!AllZero(block.data() + end, block.size() - end)) return std::nullopt;
  const std::optional<uint32_t> body_crc = BodyCrc(block, header, expected.first_ordinal, damaged);
  if (!body_crc) return std::nullopt;
  header.body_crc = *body_crc;
  header.same_sectors = prior.CountUnwritten(block.subspan(kSectorBytes), offset + static_cast<uint32_t>(kSectorBytes));
  for (uint64_t lag = 1; lag <= std::min(kMaxLag, expected.sequence); ++lag) {
    std::array<uint8_t, kBlockHeaderBytes> bytes{};
    header.durable_through = expected.sequence - lag;
    EncodeBlockHeader(&header, bytes.data());
    if (header.header_crc == next.previous_crc) return header;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<ProvenBlock>> ProveBlock(SegmentScanner& scanner, uint32_t offset, const ExpectedBlock& expected,
                                              const PriorContent& prior) {
  const std::optional<ProvenBlock> unproven;
  if (offset >= scanner.header().blocks_end()) return unproven;
  Result<Witnesses> witnesses = FindWitnesses(scanner, offset, expected.sequence);
  if (!witnesses.ok()) return witnesses.status();
  if (!witnesses.value().durable) return unproven;
  Result<Found> found = scanner.BlockAt(offset);
  if (!found.ok()) return found.status();
  ProvenBlock proven;
  if (found.value().kind == Found::Kind::kDamagedBody) {
    proven.header = found.value().header;
    if (proven.header.sequence != expected.sequence || proven.header.previous_crc != expected.previous_crc) {
      return unproven;
    }
    Result<std::span<const uint8_t>> block = scanner.View(offset, proven.header.block_bytes);
    if (!block.ok()) return block.status();
    if (BodyCrc(block.value(), proven.header, expected.first_ordinal, &proven.damaged) != proven.header.body_crc) {
      return unproven;
    }
    proven.bytes.assign(block.value().begin(), block.value().end());
    return std::optional<ProvenBlock>(std::move(proven));
  }
  const std::optional<BlockHeader>& next = witnesses.value().next;
  if (found.value().kind != Found::Kind::kNothing || !next || next->offset - offset > kMaxBlockBytes) return unproven;
  Result<std::span<const uint8_t>> block = scanner.View(offset, next->offset - offset);
  if (!block.ok()) return block.status();
  const std::optional<BlockHeader> header =
      RebuildHeader(block.value(), *next, expected, offset, scanner.header(), prior, &proven.damaged);
  if (!header) return unproven;
  proven.header = *header;
  proven.bytes.assign(block.value().begin(), block.value().end());
  return std::optional<ProvenBlock>(std::move(proven));
}

}  // namespace scriptorium
