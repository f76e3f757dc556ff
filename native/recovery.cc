#include "recovery.h"

#include <algorithm>

#include "little_endian.h"
#include "segment_scanner.h"

namespace scriptorium {
namespace {

struct OpenedSegment {
  SegmentHeader header;
  std::unique_ptr<File> file;
};

class Recovery {
 public:
  Recovery(FileSystem& files, const std::string& directory, const Identity& identity, const RecoveryOptions& options)
      : files_(files), directory_(directory), identity_(identity), options_(options) {}

  Status Run() {
    if (Status status = OpenSegments(); !status.ok()) return status;
    if (Status status = Walk(); !status.ok()) return status;
    if (Status status = JudgeTail(); !status.ok()) return status;
    return options_.make_durable ? MakeDurable() : Status();
  }

  Recovered& result() { return result_; }

 private:
  Status OpenSegments();
  Result<std::vector<uint64_t>> ListSegments();
  Status OpenSegment(uint64_t number, bool last);
  Status Walk();
  Result<bool> Continues(size_t segment, SegmentScanner& scanner, uint32_t offset, Found* found);
  Status Keep(size_t segment, SegmentScanner& scanner, const Found& found);
  Status JudgeTail();
  Status JudgeSegment(size_t segment, uint32_t from, bool* untouched);
  Status JudgePlace(SegmentScanner& scanner, uint32_t offset);
  Status MakeDurable();

  SegmentScanner Scanner(size_t segment) {
    return SegmentScanner(*segments_[segment].file, segments_[segment].header, options_.alignment);
  }
  uint64_t NextSequence() const { return result_.report.last_sequence + 1; }

  FileSystem& files_;
  const std::string& directory_;
  const Identity& identity_;
  const RecoveryOptions& options_;
  Recovered result_;
  std::vector<OpenedSegment> segments_;
  size_t current_ = 0;   // Segment in which the kept stream ends.
  uint32_t offset_ = 0;  // Where in it.
};

Result<std::vector<uint64_t>> Recovery::ListSegments() {
  Result<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  std::vector<uint64_t> numbers;
  for (const std::string& name : names.value()) {
    if (const auto number = ParseSegmentName(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Status Recovery::OpenSegments() {
  Result<std::vector<uint64_t>> numbers = ListSegments();
  if (!numbers.ok()) return numbers.status();
  uint64_t expected = 1;
  for (const uint64_t number : numbers.value()) {
    if (number != expected) {
      return Status(Code::kRotten, JoinPath(directory_, SegmentName(expected)) + ": this segment is missing");
    }
    if (Status status = OpenSegment(number, number == numbers.value().back()); !status.ok()) return status;
    ++expected;
  }
  if (segments_.empty()) {
    return Status(Code::kRotten, JoinPath(directory_, SegmentName(1)) + ": this segment is missing");
  }
  result_.report.segments = segments_.size();
  return Status();
}

Status Recovery::OpenSegment(uint64_t number, bool last) {
  if (number > UINT32_MAX) return Status(Code::kRotten, directory_ + ": a segment number beyond 2^32");
  const std::string path = JoinPath(directory_, SegmentName(number));
  Result<std::unique_ptr<File>> file = files_.Open(path, OpenMode::kRead, options_.direct);
  if (!file.ok()) return file.status();
  Result<uint64_t> size = file.value()->Size();
  if (!size.ok()) return size.status();
  // The newest segment without a byte holds nothing; it is made again when it is needed (S17).
  if (size.value() == 0 && last && number > 1) return Status();
  if (size.value() < kMinSegmentBytes) {
    return Status::At(Code::kRotten, path, size.value(), "the file ends here, shorter than any segment");
  }
  Result<ReadSegmentHeader> header = LoadSegmentHeader(*file.value(), number, identity_);
  if (!header.ok()) return header.status();
  if (size.value() < header.value().header.segment_bytes) {
    return Status::At(Code::kRotten, path, size.value(),
                      "the file ends here, but its header says " + std::to_string(header.value().header.segment_bytes));
  }
  if (header.value().from_copy) ++result_.report.header_copies_used;
  result_.segments.push_back(header.value().header);
  segments_.push_back({header.value().header, std::move(file.value())});
  return Status();
}

// Whether the block at `offset` of the segment is the next one of the stream.
Result<bool> Recovery::Continues(size_t segment, SegmentScanner& scanner, uint32_t offset, Found* found) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    Result<Found> block = scanner.BlockAt(offset);
    if (!block.ok()) return block.status();
    *found = block.value();
    if (found->kind == Found::Kind::kBlock || found->kind == Found::Kind::kEnd) break;
    scanner.Forget();
  }
  if (found->kind != Found::Kind::kBlock) return false;
  if (found->header.sequence == NextSequence() && found->header.previous_crc == result_.previous_crc) return true;
  // In the order of the stream a valid block can only be the next one, or lie beyond a hole.
  if (found->header.sequence < NextSequence() && segment > current_) {
    return Status::At(Code::kRotten, scanner.file().path(), offset,
                      "holds block " + std::to_string(found->header.sequence) + ", which another segment holds too");
  }
  return false;
}

Status Recovery::Walk() {
  offset_ = segments_[0].header.blocks_begin();
  for (size_t segment = 0; segment < segments_.size(); ++segment) {
    SegmentScanner scanner = Scanner(segment);
    uint32_t offset = segment == 0 ? offset_ : segments_[segment].header.blocks_begin();
    for (;;) {
      Found found;
      Result<bool> continues = Continues(segment, scanner, offset, &found);
      if (!continues.ok()) return continues.status();
      if (!continues.value()) break;
      if (Status status = Keep(segment, scanner, found); !status.ok()) return status;
      offset += found.header.block_bytes;
      current_ = segment;
      offset_ = offset;
    }
  }
  result_.report.end = {static_cast<uint32_t>(segments_[current_].header.number), offset_};
  return Status();
}

Status Recovery::Keep(size_t segment, SegmentScanner& scanner, const Found& found) {
  const Position block{static_cast<uint32_t>(segments_[segment].header.number), found.header.offset};
  RecoveryReport& report = result_.report;
  bool only_seals = true;
  Status status = WalkRecords(found.block, found.header, [&](const Record& record) {
    if (record.ordinal != result_.next_ordinal) return Status(Code::kRotten, "a record is out of order");
    ++result_.next_ordinal;
    ++report.records;
    if (record.type == RecordType::kBatch) ++report.batches;
    only_seals = only_seals && record.type == RecordType::kSeal;
    return result_.index.Replay(record, block);
  });
  if (!status.ok()) {
    const Code code = status.code() == Code::kNewerFormat ? Code::kNewerFormat : Code::kRotten;
    return Status::At(code, scanner.file().path(), found.header.offset,
                      "block " + std::to_string(found.header.sequence) + " holds, but " + status.message());
  }
  ++report.blocks;
  report.bytes += found.header.block_bytes;
  report.last_sequence = found.header.sequence;
  report.sealed = only_seals;
  result_.previous_crc = found.header.header_crc;
  if (options_.on_block) options_.on_block({block.segment, found.header});
  return Status();
}

// Decides what lies behind the kept stream, and where the next block may go.
Status Recovery::JudgeTail() {
  result_.resume = result_.report.end;
  for (size_t segment = current_; segment < segments_.size(); ++segment) {
    const SegmentHeader& header = segments_[segment].header;
    bool untouched = true;
    if (Status status = JudgeSegment(segment, segment == current_ ? offset_ : header.blocks_begin(), &untouched);
        !status.ok()) {
      return status;
    }
    // The first touched or unusable segment pushes the resume point behind itself.
    if (!untouched || header.alignment < options_.alignment) {
      result_.report.torn = result_.report.torn || !untouched;
      result_.resume = {static_cast<uint32_t>(header.number + 1), 0};
    } else if (result_.resume.segment == header.number && result_.resume.offset == 0) {
      result_.resume.offset = header.blocks_begin();
    }
  }
  return Status();
}

// Searches [from, end) of a segment for witnesses against the end of the stream, and for anything that was written.
Status Recovery::JudgeSegment(size_t segment, uint32_t from, bool* untouched) {
  SegmentScanner scanner = Scanner(segment);
  const SegmentHeader& header = segments_[segment].header;
  const std::string& damaged_file = segments_[current_].file->path();
  const uint64_t missing = NextSequence();
  uint32_t written_end = from;
  for (uint32_t offset = from; offset < header.blocks_end(); offset += header.alignment) {
    BlockHeader block;
    Result<bool> is_header = scanner.HeaderAt(offset, &block);
    if (!is_header.ok()) return is_header.status();
    // A block of a later segment says at least that all segments before its own were durable; but what is missing may
    // have been in flight in that later segment, together with this block.
    if (is_header.value() && block.durable_through >= missing) {
      return Status::At(Code::kRotten, damaged_file, offset_,
                        "block " + std::to_string(missing) + " was durable and does not hold; block " +
                            std::to_string(block.sequence) + " bears witness");
    }
    if (is_header.value() && block.sequence > missing) ++result_.report.dropped_blocks;
    Result<std::span<const uint8_t>> bytes = scanner.View(offset, header.alignment);
    if (!bytes.ok()) return bytes.status();
    if (!AllZero(bytes.value().data(), bytes.value().size())) written_end = offset + header.alignment;
  }
  *untouched = written_end == from;
  result_.report.torn_bytes += written_end - from;
  return *untouched ? Status() : JudgePlace(scanner, from);
}

// Tells torn from uncertain for the block that should stand at `offset`.
Status Recovery::JudgePlace(SegmentScanner& scanner, uint32_t offset) {
  if (offset >= scanner.header().blocks_end()) return Status();
  Result<Found> found = scanner.BlockAt(offset);
  if (!found.ok()) return found.status();
  const Status uncertain =
      Status::At(Code::kUncertainTail, scanner.file().path(), offset,
                 "block " + std::to_string(NextSequence()) +
                     " was written whole and fails its checksum; nothing tells whether it was acknowledged");
  if (found.value().kind == Found::Kind::kNothing) {
    Result<std::span<const uint8_t>> sector = scanner.View(offset, kSectorBytes);
    if (!sector.ok()) return sector.status();
    return AllZero(sector.value().data(), kSectorBytes) ? Status() : uncertain;
  }
  Result<std::span<const uint8_t>> block = scanner.View(offset, found.value().header.block_bytes);
  if (!block.ok()) return block.status();
  const bool unwritten_sectors = CountZeroSectors(block.value()) > found.value().header.zero_sectors;
  return found.value().kind == Found::Kind::kDamagedBody && unwritten_sectors ? Status() : uncertain;
}

Status Recovery::MakeDurable() {
  // Blocks of earlier segments were durable before the first of the current one was submitted.
  for (size_t segment = current_; segment < segments_.size(); ++segment) {
    if (Status status = segments_[segment].file->DataSync(); !status.ok()) return status;
  }
  return files_.SyncDirectory(directory_);
}

}  // namespace

Result<Recovered> Recover(FileSystem& files, const std::string& directory, const Identity& identity,
                          const RecoveryOptions& options, RecoveryReport* partial) {
  Recovery recovery(files, directory, identity, options);
  Status status = recovery.Run();
  if (partial != nullptr) *partial = recovery.result().report;
  if (!status.ok()) return status;
  return std::move(recovery.result());
}

}  // namespace scriptorium
