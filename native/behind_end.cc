#include "behind_end.h"

#include <algorithm>

#include "batch.h"
#include "segment_scanner.h"

namespace scriptorium {
namespace {

void NoteBatch(const BatchHeader& batch, BehindEnd* behind) {
  const uint64_t last = batch.last_index();
  const auto [at, fresh] = behind->lost.try_emplace(batch.group, BehindEnd::Range{batch.first_index, last});
  if (fresh) return;
  at->second.from = std::min(at->second.from, batch.first_index);
  at->second.to = std::max(at->second.to, last);
}

// Of a block that may not hold: its records as far as they can be walked.
void NoteBlock(std::span<const uint8_t> block, const BlockHeader& header, BehindEnd* behind) {
  ++behind->blocks;
  (void)WalkRecords(block, header, [&](const Record& record) {
    if (record.type == RecordType::kHardState) behind->votes = true;
    if (record.type != RecordType::kBatch) return Status();
    Result<BatchHeader> batch = ParseBatchHeader(record.payload);
    if (batch.ok()) NoteBatch(batch.value(), behind);
    return Status();
  });
}

Status LookThrough(SegmentScanner& scanner, uint32_t from, BehindEnd* behind) {
  const SegmentHeader& header = scanner.header();
  // Without a table that holds everything that is not zero counts as written.
  Result<PriorContent> loaded = LoadPriorContent(scanner.file(), header);
  if (!loaded.ok() && loaded.status().code() != Code::kRotten) return loaded.status();
  const PriorContent prior = loaded.ok() ? loaded.value() : PriorContent();
  uint32_t written_end = from;
  uint32_t block_end = from;
  for (uint32_t offset = from; offset < header.blocks_end(); offset += header.alignment) {
    Result<std::span<const uint8_t>> bytes = scanner.View(offset, header.alignment);
    if (!bytes.ok()) return bytes.status();
    if (!prior.AllUnwritten(bytes.value(), offset)) written_end = offset + header.alignment;
    if (offset < block_end) continue;
    BlockHeader block;
    Result<bool> is_header = scanner.HeaderAt(offset, &block);
    if (!is_header.ok()) return is_header.status();
    if (!is_header.value()) continue;
    Result<std::span<const uint8_t>> whole = scanner.View(offset, block.block_bytes);
    if (!whole.ok()) return whole.status();
    NoteBlock(whole.value(), block, behind);
    block_end = offset + block.block_bytes;
  }
  behind->bytes += written_end - from;
  if (written_end > from) behind->segments.push_back(header.number);
  return Status();
}

}  // namespace

Result<BehindEnd> LookBehindEnd(FileSystem& files, const std::string& directory, const Identity& identity,
                                const Volume& volume, Position end) {
  Result<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return names.status();
  BehindEnd behind;
  for (const uint64_t number : SegmentNumbers(names.value())) {
    if (number < end.segment) continue;
    const std::string path = JoinPath(directory, SegmentName(number));
    Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead, volume.direct);
    if (!file.ok()) return file.status();
    Result<uint64_t> size = file.value()->Size();
    if (!size.ok()) return size.status();
    Result<ReadSegmentHeader> header = Status(Code::kRotten, path);
    if (size.value() >= kMinSegmentBytes) header = LoadSegmentHeader(*file.value(), number, identity);
    if (header.ok() && header.value().header.segment_bytes <= size.value()) {
      SegmentScanner scanner(*file.value(), header.value().header, volume.alignment);
      const uint32_t begin = header.value().header.blocks_begin();
      const uint32_t from = number == end.segment ? std::max(end.offset, begin) : begin;
      if (Status status = LookThrough(scanner, from, &behind); !status.ok()) return status;
    } else if (header.ok() || header.status().code() == Code::kRotten) {
      // Nothing tells what stands in it.
      behind.bytes += size.value();
      behind.segments.push_back(number);
    } else {
      return header.status();
    }
  }
  return behind;
}

}  // namespace scriptorium
