#include "recovery.h"

#include <algorithm>

#include "footer_walk.h"
#include "little_endian.h"
#include "segment_scanner.h"
#include "segment_set.h"
#include "segment_walk.h"
#include "self_proof.h"

namespace scriptorium {
namespace {

// Enough for the footer of a segment of large batches.
constexpr size_t kFooterWindowBytes = 64 << 10;

class Recovery {
 public:
  Recovery(FileSystem& files, const std::string& directory, const Identity& identity, const RecoveryOptions& options)
      : files_(files), directory_(directory), options_(options), set_(files, directory, identity, options.direct) {}

  Status Run() {
    if (Status status = set_.List(); !status.ok()) return status;
    if (Status status = FindStart(); !status.ok()) return status;
    if (Status status = Walk(); !status.ok()) return status;
    if (!options_.end_at) {
      if (Status status = JudgeTail(); !status.ok()) return status;
    }
    if (Status status = CheckComplete(); !status.ok()) return status;
    return options_.make_durable ? MakeDurable() : Status();
  }

  Recovered& result() { return result_; }

 private:
  Status FindStart();
  Status Walk();
  Result<bool> WalkByFooter(size_t at);
  Status WalkBlocks(size_t at);
  Result<bool> Continues(size_t at, SegmentScanner& scanner, uint32_t offset, Found* found);
  Status Keep(size_t at, SegmentScanner& scanner, const Found& found, SegmentWalk* walk);
  Result<std::optional<ProvenBlock>> Prove(size_t at, SegmentScanner& scanner, uint32_t offset);
  void MarkDamaged(size_t at, const ProvenBlock& proven);
  Status EndSegment(size_t at, const SegmentWalk& walk);
  void MoveTo(size_t at, uint32_t offset);
  Status CheckComplete();
  Status JudgeTail();
  Status JudgeSegment(size_t at, uint32_t from, bool* untouched);
  Status JudgePlace(SegmentScanner& scanner, const PriorContent& prior, uint32_t offset);
  Status MakeDurable();

  SegmentScanner Scanner(size_t at, size_t window_bytes = SegmentScanner::kWindowBytes) {
    return SegmentScanner(*segments_[at].file, segments_[at].header, options_.alignment, window_bytes);
  }
  uint64_t NextSequence() const { return result_.report.last_sequence + 1; }

  FileSystem& files_;
  const std::string& directory_;
  const RecoveryOptions& options_;
  SegmentSet set_;
  Recovered result_;
  std::vector<OpenedSegment> segments_;  // From the start of the stream; without its file once the stream is past it.
  uint64_t start_ = 0;                   // Number of the first of them.
  size_t current_ = 0;                   // In which of them the kept stream ends,
  uint32_t offset_ = 0;                  // where in it,
  bool open_ = false;                    // and whether it may go on there.
};

// Where the stream begins: in segment 1, or in the lowest one that has a whole base if segments below were let go.
Status Recovery::FindStart() {
  const std::vector<uint64_t>& numbers = set_.numbers();
  result_.report.segments = numbers.size();
  result_.spares = set_.spares();
  result_.dead = set_.left_over();
  start_ = numbers.front();
  for (const uint64_t number : numbers) {
    if (numbers.front() == 1) return Status();
    Result<OpenedSegment> opened = set_.Open(number);
    if (opened.ok() && opened.value().file != nullptr) {
      SegmentScanner scanner(*opened.value().file, opened.value().header, options_.alignment);
      LogIndex index;
      Result<std::optional<SegmentProgress>> base = AdoptBase(scanner, &index);
      if (!base.ok()) return base.status();
      if (base.value()) {
        result_.index = std::move(index);
        result_.report.last_sequence = base.value()->first_sequence - 1;
        result_.next_ordinal = base.value()->first_ordinal;
        result_.previous_crc = base.value()->previous_crc;
        start_ = number;
        return Status();
      }
    } else if (!opened.ok() && opened.status().code() != Code::kRotten) {
      return opened.status();
    }
    result_.dead.push_back(number);
  }
  return Status(Code::kRotten, set_.PathOf(numbers.front() - 1) + ": this segment is missing");
}

Status Recovery::Walk() {
  for (const uint64_t number : set_.numbers()) {
    if (number < start_) continue;
    if (options_.end_at && number > options_.end_at->segment) break;
    Result<OpenedSegment> opened = set_.Open(number);
    if (!opened.ok()) return opened.status();
    if (opened.value().file == nullptr) break;
    if (opened.value().from_copy) ++result_.report.header_copies_used;
    const size_t at = segments_.size();
    result_.segments.push_back(opened.value().header);
    segments_.push_back(std::move(opened.value()));
    if (at == 0) MoveTo(0, segments_[0].header.blocks_begin());
    if (options_.use_footers) {
      Result<bool> held = WalkByFooter(at);
      if (!held.ok()) return held.status();
      if (held.value()) continue;
    }
    if (Status status = WalkBlocks(at); !status.ok()) return status;
  }
  return Status();
}

void Recovery::MoveTo(size_t at, uint32_t offset) {
  for (size_t before = current_; before < at; ++before) segments_[before].file.reset();
  current_ = at;
  offset_ = offset;
  result_.report.end = {static_cast<uint32_t>(segments_[at].header.number), offset};
  result_.report.finished = false;
}

// False, with nothing changed, if the segment has to be walked.
Result<bool> Recovery::WalkByFooter(size_t at) {
  SegmentScanner scanner = Scanner(at, kFooterWindowBytes);
  Trailer trailer;
  Result<bool> has = ReadTrailer(scanner, &trailer);
  if (!has.ok() || !has.value()) return has;
  if (trailer.first_sequence != NextSequence() || trailer.previous_crc != result_.previous_crc ||
      trailer.first_ordinal != result_.next_ordinal) {
    return false;
  }
  Result<bool> holds = WalkFooter(scanner, trailer, [](const FooterEntry&) { return Status(); });
  if (!holds.ok() || !holds.value()) return holds;
  const uint64_t number = segments_[at].header.number;
  RecoveryReport& report = result_.report;
  Result<bool> applied = WalkFooter(scanner, trailer, [&](const FooterEntry& entry) {
    if (entry.type == RecordType::kBatch || entry.type == RecordType::kMovedBatch) ++report.batches;
    if (entry.type == RecordType::kRelease && entry.payload.size() == kReleaseBytes) {
      result_.released = std::max(result_.released, Load<uint64_t>(entry.payload.data()));
    }
    return result_.index.Replay(entry, static_cast<uint32_t>(number));
  });
  if (!applied.ok() || !applied.value()) {
    return Status::At(Code::kRotten, scanner.file().path(), trailer.footer_offset,
                      "the footer holds, but " + applied.status().message());
  }
  ++report.footers;
  report.blocks += trailer.last_sequence - trailer.first_sequence + 1;
  report.records += trailer.next_ordinal - trailer.first_ordinal;
  report.bytes += trailer.footer_end - segments_[at].header.blocks_begin();
  report.last_sequence = trailer.last_sequence;
  report.sealed = true;
  result_.next_ordinal = trailer.next_ordinal;
  result_.previous_crc = trailer.last_crc;
  result_.based.push_back(number);
  open_ = false;
  MoveTo(at, trailer.footer_end);
  report.finished = true;
  return true;
}

Status Recovery::WalkBlocks(size_t at) {
  SegmentScanner scanner = Scanner(at);
  SegmentWalk walk(segments_[at].header, NextSequence(), result_.next_ordinal, result_.previous_crc);
  bool any = false;
  const auto number = static_cast<uint32_t>(segments_[at].header.number);
  for (uint32_t offset = segments_[at].header.blocks_begin(); options_.end_at != Position{number, offset};) {
    Found found;
    Result<bool> continues = Continues(at, scanner, offset, &found);
    if (!continues.ok()) return continues.status();
    std::optional<ProvenBlock> proven;
    if (!continues.value()) {
      Result<std::optional<ProvenBlock>> damaged = Prove(at, scanner, offset);
      if (!damaged.ok()) return damaged.status();
      if (!damaged.value()) break;
      proven = std::move(damaged.value());
      found = {Found::Kind::kBlock, proven->header, proven->bytes};
    }
    if (Status status = Keep(at, scanner, found, &walk); !status.ok()) return status;
    if (proven) MarkDamaged(at, *proven);
    offset += found.header.block_bytes;
    MoveTo(at, offset);
    any = true;
  }
  return any ? EndSegment(at, walk) : Status();
}

// Whether the block at `offset` of the segment is the next one of the stream.
Result<bool> Recovery::Continues(size_t at, SegmentScanner& scanner, uint32_t offset, Found* found) {
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
  if (found->header.sequence < NextSequence() && at > current_) {
    return Status::At(Code::kRotten, scanner.file().path(), offset,
                      "holds block " + std::to_string(found->header.sequence) + ", which another segment holds too");
  }
  return false;
}

Status Recovery::Keep(size_t at, SegmentScanner& scanner, const Found& found, SegmentWalk* walk) {
  const Position block{static_cast<uint32_t>(segments_[at].header.number), found.header.offset};
  RecoveryReport& report = result_.report;
  bool sealed = true;
  Status status = WalkRecords(found.block, found.header, [&](const Record& record) {
    if (record.ordinal != result_.next_ordinal) return Status(Code::kRotten, "a record is out of order");
    ++result_.next_ordinal;
    ++report.records;
    if (record.type == RecordType::kBatch || record.type == RecordType::kMovedBatch) ++report.batches;
    // What nobody was told of needs no witness.
    sealed = sealed && (record.type == RecordType::kSeal || record.type == RecordType::kBase ||
                        record.type == RecordType::kFooter);
    return walk->Take(record, block, &result_.index);
  });
  if (!status.ok()) {
    const Code code = status.code() == Code::kNewerFormat ? Code::kNewerFormat : Code::kRotten;
    return Status::At(code, scanner.file().path(), found.header.offset,
                      "block " + std::to_string(found.header.sequence) + " holds, but " + status.message());
  }
  walk->EndBlock(found.header);
  ++report.blocks;
  report.bytes += found.header.block_bytes;
  report.last_sequence = found.header.sequence;
  report.sealed = sealed;
  result_.previous_crc = found.header.header_crc;
  if (options_.on_block) options_.on_block({block.segment, found.header});
  return Status();
}

Result<std::optional<ProvenBlock>> Recovery::Prove(size_t at, SegmentScanner& scanner, uint32_t offset) {
  Result<PriorContent> prior = LoadPriorContent(*segments_[at].file, segments_[at].header);
  if (!prior.ok()) return prior.status();
  Result<std::optional<BlockHeader>> successor = set_.FirstBlockOf(segments_[at].header.number + 1, options_.alignment);
  if (!successor.ok()) return successor.status();
  const ExpectedBlock expected{NextSequence(), result_.next_ordinal, result_.previous_crc};
  return ProveBlock(scanner, offset, expected, prior.value(), successor.value());
}

void Recovery::MarkDamaged(size_t at, const ProvenBlock& proven) {
  ++result_.report.damaged_blocks;
  if (proven.rebuilt) ++result_.report.rebuilt_blocks;
  const auto number = static_cast<uint32_t>(segments_[at].header.number);
  for (const uint32_t offset : proven.damaged) {
    const BatchHeader batch = ParseBatchHeader(std::span(proven.bytes).subspan(offset)).value();
    result_.index.Make(batch.group)
        .value()
        ->MarkDamaged(batch.first_index, {number, proven.header.offset + offset}, batch.body_crc);
  }
}

// Notes what only the segment as a whole tells.
Status Recovery::EndSegment(size_t at, const SegmentWalk& walk) {
  open_ = walk.open();
  result_.released = std::max(result_.released, walk.released());
  result_.progress = walk.progress();
  if (walk.based()) result_.based.push_back(segments_[at].header.number);
  const std::optional<Trailer> finished = walk.Finished();
  result_.report.finished = finished.has_value();
  if (!finished) return Status();
  SegmentScanner scanner = Scanner(at, kFooterWindowBytes);
  Trailer trailer;
  Result<bool> has = ReadTrailer(scanner, &trailer);
  if (!has.ok()) return has.status();
  if (!has.value()) result_.missing_trailers.push_back(*finished);
  return Status();
}

// Whether everything that is part of a log was there.
Status Recovery::CheckComplete() {
  const uint64_t lowest = set_.numbers().front();
  if (start_ > 1 && result_.released < start_) {
    if (start_ == lowest) return Status(Code::kRotten, set_.PathOf(start_ - 1) + ": this segment is missing");
    return Status(Code::kRotten, set_.PathOf(lowest) + ": does not begin with a base that holds");
  }
  for (const auto& [group, log] : result_.index.groups()) {
    for (size_t at = 0; at < log.batches().size(); ++at) {
      if (!log.batches()[at].hole()) continue;
      return Status(Code::kRotten, directory_ + ": no segment has index " +
                                       std::to_string(log.batches()[at].first_index) + " to " +
                                       std::to_string(log.LastIndexOf(at)) + " of group " + std::to_string(group));
    }
  }
  return Status();
}

// Decides what lies behind the kept stream, and where the next block may go.
Status Recovery::JudgeTail() {
  result_.resume = result_.report.end;
  Status uncertain;
  for (size_t at = current_; at < segments_.size(); ++at) {
    const SegmentHeader& header = segments_[at].header;
    bool untouched = true;
    const uint32_t end = result_.report.finished ? header.blocks_end() : offset_;
    Status status = JudgeSegment(at, at == current_ ? end : header.blocks_begin(), &untouched);
    // A later segment may yet bear witness.
    if (status.code() == Code::kUncertainTail) {
      if (uncertain.ok()) uncertain = status;
    } else if (!status.ok()) {
      return status;
    }
    // The first touched or unusable segment pushes the resume point behind itself.
    const bool full = at == current_ && result_.report.blocks > 0 && !open_;
    if (!untouched || full || !header.self_contained() || header.alignment < options_.alignment) {
      result_.report.torn = result_.report.torn || !untouched;
      result_.resume = {static_cast<uint32_t>(header.number + 1), 0};
    } else if (result_.resume.segment == header.number && result_.resume.offset == 0) {
      result_.resume.offset = header.blocks_begin();
    }
  }
  return uncertain;
}

// Searches [from, end) of a segment for witnesses against the end of the stream, and for anything that was written.
Status Recovery::JudgeSegment(size_t at, uint32_t from, bool* untouched) {
  SegmentScanner scanner = Scanner(at);
  const SegmentHeader& header = segments_[at].header;
  Result<PriorContent> prior = LoadPriorContent(*segments_[at].file, header);
  if (!prior.ok()) return prior.status();
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
    if (!prior.value().AllUnwritten(bytes.value(), offset)) written_end = offset + header.alignment;
  }
  *untouched = written_end == from;
  result_.report.torn_bytes += written_end - from;
  return *untouched ? Status() : JudgePlace(scanner, prior.value(), from);
}

// Tells torn from uncertain for the block that should stand at `offset`.
Status Recovery::JudgePlace(SegmentScanner& scanner, const PriorContent& prior, uint32_t offset) {
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
    return prior.Unwritten(sector.value().data(), offset) ? Status() : uncertain;
  }
  Result<std::span<const uint8_t>> block = scanner.View(offset, found.value().header.block_bytes);
  if (!block.ok()) return block.status();
  const bool unwritten_sectors = prior.CountUnwritten(block.value(), offset) > found.value().header.same_sectors;
  return found.value().kind == Found::Kind::kDamagedBody && unwritten_sectors ? Status() : uncertain;
}

Status Recovery::MakeDurable() {
  // Blocks of earlier segments were durable before the first of the current one was submitted.
  for (size_t at = current_; at < segments_.size(); ++at) {
    if (Status status = segments_[at].file->DataSync(); !status.ok()) return status;
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
