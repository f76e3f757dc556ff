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

// Puts the header together that must have stood before these records; `next_crc` is the checksum of it that the block
// behind carries. `bytes` begins where the block did, and may reach further.
std::optional<BlockHeader> RebuildHeader(std::span<const uint8_t> bytes, uint32_t next_crc,
                                         const ExpectedBlock& expected, uint32_t offset, const SegmentHeader& segment,
                                         const PriorContent& prior, std::vector<uint32_t>* damaged) {
  BlockHeader header;
  header.sequence = expected.sequence;
  header.nonce = segment.nonce;
  header.offset = offset;
  header.previous_crc = expected.previous_crc;
  // Records go on as long as their ordinals do; what follows the last is padding.
  size_t end = kBlockHeaderBytes;
  while (bytes.size() - end >= kRecordHeaderBytes &&
         Load<uint64_t>(bytes.data() + end + 16) == expected.first_ordinal + header.record_count) {
    const uint64_t record_bytes = RecordBytes(Load<uint32_t>(bytes.data() + end + 4));
    if (record_bytes > bytes.size() - end) return std::nullopt;
    end += record_bytes;
    ++header.record_count;
  }
  header.body_bytes = static_cast<uint32_t>(end - kBlockHeaderBytes);
  header.block_bytes = static_cast<uint32_t>(RoundUp(end, segment.alignment));
  if (header.block_bytes > bytes.size()) return std::nullopt;
  const std::span<const uint8_t> block = bytes.first(header.block_bytes);
  if (!AllZero(block.data() + end, block.size() - end)) return std::nullopt;
  const std::optional<uint32_t> body_crc = BodyCrc(block, header, expected.first_ordinal, damaged);
  if (!body_crc) return std::nullopt;
  header.body_crc = *body_crc;
  header.same_sectors = prior.CountUnwritten(block.subspan(kSectorBytes), offset + static_cast<uint32_t>(kSectorBytes));
  for (uint64_t lag = 1; lag <= std::min(kMaxLag, expected.sequence); ++lag) {
    std::array<uint8_t, kBlockHeaderBytes> encoded{};
    header.durable_through = expected.sequence - lag;
    EncodeBlockHeader(&header, encoded.data());
    if (header.header_crc == next_crc) return header;
  }
  return std::nullopt;
}

// A block with a header that holds, or that can be rebuilt, and of which all but the bodies of batches is proven; who
// bears witness to it is another question.
Result<std::optional<ProvenBlock>> Reconstruct(SegmentScanner& scanner, uint32_t offset, const ExpectedBlock& expected,
                                               const PriorContent& prior, const std::optional<BlockHeader>& next) {
  const std::optional<ProvenBlock> unproven;
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
  if (found.value().kind != Found::Kind::kNothing || !next) return unproven;
  const bool same_segment = next->nonce == scanner.header().nonce;
  const uint32_t end = same_segment ? next->offset : scanner.header().blocks_end();
  Result<std::span<const uint8_t>> bytes =
      scanner.View(offset, std::min<uint32_t>(end - offset, static_cast<uint32_t>(kMaxBlockBytes)));
  if (!bytes.ok()) return bytes.status();
  const std::optional<BlockHeader> header =
      RebuildHeader(bytes.value(), next->previous_crc, expected, offset, scanner.header(), prior, &proven.damaged);
  if (!header || (same_segment && offset + header->block_bytes != end)) return unproven;
  proven.header = *header;
  proven.rebuilt = true;
  proven.bytes.assign(bytes.value().begin(), bytes.value().begin() + header->block_bytes);
  return std::optional<ProvenBlock>(std::move(proven));
}

}  // namespace

Result<std::optional<ProvenBlock>> ProveBlock(SegmentScanner& scanner, uint32_t offset, const ExpectedBlock& expected,
                                              const PriorContent& prior, const std::optional<BlockHeader>& successor) {
  const std::optional<ProvenBlock> unproven;
  if (offset >= scanner.header().blocks_end()) return unproven;
  Result<Witnesses> witnesses = FindWitnesses(scanner, offset, expected.sequence);
  if (!witnesses.ok()) return witnesses.status();
  const bool follows = successor && successor->sequence == expected.sequence + 1;
  // The stream goes on there without it: what stands here was dropped as torn.
  if (!witnesses.value().durable && successor && !follows) return unproven;
  std::optional<BlockHeader> next = witnesses.value().next;
  if (!next && follows) next = successor;
  Result<std::optional<ProvenBlock>> proven = Reconstruct(scanner, offset, expected, prior, next);
  if (!proven.ok() || !proven.value() || witnesses.value().durable) return proven;
  const BlockHeader& header = proven.value()->header;
  // The first block of a segment was submitted when all blocks before it were durable.
  if (follows && successor->previous_crc == header.header_crc) return proven;
  if (prior.CountUnwritten(proven.value()->bytes, offset) > header.same_sectors) return unproven;
  return proven;
}

}  // namespace scriptorium
