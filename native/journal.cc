#include "journal.h"

#include <algorithm>

#include "crc32c.h"

namespace scriptorium {

Result<Volume> ChooseVolume(FileSystem& files, const std::string& directory, bool allow_buffered) {
  Result<Volume> volume = files.Describe(directory);
  if (!volume.ok()) return volume;
  if (volume.value().direct && volume.value().alignment > kMaxAlignment) {
    return Status(Code::kNoDirectIo, directory + ": direct I/O there needs an alignment of " +
                                         std::to_string(volume.value().alignment) + " bytes; the limit is 65536");
  }
  if (!volume.value().direct && !allow_buffered) {
    return Status(Code::kNoDirectIo, directory + ": " + volume.value().file_system +
                                         " has no direct I/O; use a disk, or allow buffered writes");
  }
  return volume;
}

Result<Identity> LoadIdentity(FileSystem& files, const std::string& directory) {
  Result<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return names.status();
  const auto has = [&](const char* name) {
    return std::find(names.value().begin(), names.value().end(), name) != names.value().end();
  };
  if (has(kIdentityName)) return ReadIdentity(files, JoinPath(directory, kIdentityName));
  if (has(kFormattingName)) {
    return Status(Code::kNotFormatted, directory + ": formatting was interrupted; format it again");
  }
  return Status(Code::kNotFormatted, directory + ": not a journal, it has no file IDENTITY");
}

Result<std::unique_ptr<Journal>> Journal::Open(FileSystem& files, const OpenOptions& options,
                                               JournalListener& listener) {
  Result<Identity> identity = LoadIdentity(files, options.directory);
  if (!identity.ok()) return identity.status();
  if (Status status = CheckIdentity(identity.value(), options.expected, options.directory); !status.ok()) return status;
  Result<std::unique_ptr<DirectoryLock>> lock = files.Lock(JoinPath(options.directory, kLockName));
  if (!lock.ok()) return lock.status();
  Result<Volume> volume = ChooseVolume(files, options.directory, options.allow_buffered);
  if (!volume.ok()) return volume.status();
  RecoveryOptions recovery;
  recovery.direct = volume.value().direct;
  recovery.alignment = volume.value().alignment;
  Result<Recovered> recovered = Recover(files, options.directory, identity.value(), recovery);
  if (!recovered.ok()) return recovered.status();
  Result<ChosenQueue> queue =
      ChooseQueue(files, options.directory, volume.value(), options.write_mode, options.blocks_in_flight);
  if (!queue.ok()) return queue.status();
  const uint32_t segment = recovered.value().resume.segment;
  std::unique_ptr<Journal> journal(new Journal(files, options, identity.value(), volume.value(),
                                               std::move(lock.value()), std::move(recovered.value()),
                                               std::move(queue.value()), listener));
  if (Status status = journal->Begin(options.directory, segment); !status.ok()) return status;
  return journal;
}

// Bears witness to what was recovered, and sees to it that something can be written, or that it is known in time if it
// cannot. Without threads nothing is made before it is needed.
Status Journal::Begin(const std::string& directory, uint32_t segment) {
  // A base bears witness as well as a seal does, where no seal can stand. Not worth a new segment.
  if (!NothingToWitness() && segments_->Exists(segment)) commit_->BeginSegment();
  if (driven_by_ == DrivenBy::kNobody) return Status();
  Status status = segments_->Ensure(segment);
  if (status.code() == Code::kNoSpace) {
    return Status(Code::kNoSpace, directory + ": the last segment is full and there is no room for another one of " +
                                      std::to_string(segment_bytes_) + " bytes; free space (" + status.message() + ")");
  }
  if (status.ok() && commit_->NearEnd()) (void)segments_->Ensure(uint64_t{segment} + 1);
  return status;
}

Journal::Journal(FileSystem& files, const OpenOptions& options, Identity identity, Volume volume,
                 std::unique_ptr<DirectoryLock> lock, Recovered recovered, ChosenQueue queue, JournalListener& listener)
    : identity_(std::move(identity)),
      volume_(std::move(volume)),
      write_mode_(queue.mode),
      blocks_in_flight_(queue.depth),
      driven_by_(options.driven_by),
      segment_bytes_(options.segment_bytes != 0 ? options.segment_bytes : recovered.segments.back().segment_bytes),
      lock_(std::move(lock)),
      report_(recovered.report),
      listener_(listener),
      index_(std::move(recovered.index)),
      based_(recovered.based.begin(), recovered.based.end()),
      released_(recovered.released) {
  // A queue that nobody can wait on from outside needs a thread that waits inside.
  if (driven_by_ == DrivenBy::kCaller && queue.queue->event_descriptor() < 0) driven_by_ = DrivenBy::kThread;
  if (driven_by_ == DrivenBy::kThread) blocks_in_flight_ = 1;
  segments_ =
      std::make_unique<SegmentStore>(files,
                                     SegmentStore::Options{options.directory, identity_, segment_bytes_, volume_,
                                                           driven_by_ != DrivenBy::kNobody, options.max_spares},
                                     recovered.segments, recovered.dead, std::move(recovered.spares));
  for (const Trailer& trailer : recovered.missing_trailers) segments_->Finish(trailer, nullptr);
  if (released_ > 0) segments_->Release(released_);
  commit_ = std::make_unique<GroupCommit>(
      GroupCommit::Options{RoundUp(options.max_block_bytes, kMaxAlignment), options.max_pending_bytes, driven_by_,
                           blocks_in_flight_, options.batching, options.window_bytes},
      GroupCommit::Start{{recovered.resume, report_.last_sequence + 1, recovered.next_ordinal, recovered.progress},
                         recovered.previous_crc,
                         NothingToWitness()},
      *segments_, std::move(queue.queue), [this] { return index_.EncodeBases(); }, listener, counters_);
  segments_->OnIdle([this] { return Compact(); });
  counters_.damaged = index_.Damage().size();
  if (options.scrub_bytes_per_second > 0) scrubber_.Start(options.scrub_bytes_per_second);
}

Journal::~Journal() { (void)Close(); }

// One record: checked against its group, taken into the stream, then applied to the group, with nothing in between.
template <typename Check, typename Apply>
Result<uint64_t> Journal::Take(RecordType type, uint64_t group, std::span<const uint8_t> payload, Check check,
                               Apply apply) {
  std::lock_guard lock(mutex_);
  Result<GroupLog*> log = index_.Make(group);
  if (!log.ok()) return log.status();
  if (Status status = check(*log.value()); !status.ok()) return status;
  Result<GroupCommit::Appended> appended = commit_->Append(type, group, payload);
  if (!appended.ok()) return appended.status();
  apply(*log.value(), appended.value().payload);
  // A record that does not fit begins a segment, and so a base.
  const bool begun = based_.insert(appended.value().payload.segment).second;
  if (begun || type == RecordType::kTruncatePrefix || type == RecordType::kTruncateSuffix) ReleaseDead();
  return appended.value().ticket;
}

Result<uint64_t> Journal::Append(std::span<const uint8_t> batch) {
  Result<BatchHeader> parsed = ParseBatch(batch);
  if (!parsed.ok()) return parsed.status();
  return AppendParsed(parsed.value(), batch);
}

Result<uint64_t> Journal::SealAndAppend(std::span<uint8_t> batches) {
  std::vector<BatchHeader> headers;
  size_t record_bytes = 0;
  for (std::span<uint8_t> rest = batches; !rest.empty(); rest = rest.subspan(headers.back().bytes())) {
    Result<BatchHeader> sealed = SealBatch(rest);
    if (!sealed.ok()) return sealed.status();
    headers.push_back(sealed.value());
    record_bytes += RecordBytes(sealed.value().bytes());
  }
  if (headers.empty()) return Status(Code::kBadBatch, "batch refused: none was given");
  if (Status status = commit_->AdmitAll(headers.size(), record_bytes); !status.ok()) return status;
  Result<uint64_t> ticket = 0;
  for (const BatchHeader& header : headers) {
    ticket = AppendParsed(header, batches.first(header.bytes()));
    if (!ticket.ok()) return ticket;
    batches = batches.subspan(header.bytes());
  }
  return ticket;
}

Status Journal::Admit(size_t batches, size_t bytes) {
  if (batches == 0) return commit_->AdmitSmall();
  // At most: each record's payload is padded.
  return commit_->AdmitAll(batches, bytes + batches * RecordBytes(1));
}

Result<uint64_t> Journal::AppendParsed(const BatchHeader& header, std::span<const uint8_t> batch) {
  return Take(
      RecordType::kBatch, header.group, batch, [&](const GroupLog& log) { return log.CheckAppend(header); },
      [&](GroupLog& log, Position at) { log.ApplyAppend(header, at); });
}

Result<uint64_t> Journal::SaveHardState(uint64_t group, const HardState& state) {
  return Take(
      RecordType::kHardState, group, EncodeHardState(state),
      [&](const GroupLog& log) { return log.CheckHardState(state); },
      [&](GroupLog& log, Position) { log.ApplyHardState(state); });
}

Result<uint64_t> Journal::TruncateSuffix(uint64_t group, uint64_t from_index) {
  return Take(
      RecordType::kTruncateSuffix, group, EncodeTruncateSuffix(from_index),
      [&](const GroupLog& log) { return log.CheckTruncateSuffix(from_index); },
      [&](GroupLog& log, Position) { log.ApplyTruncateSuffix(from_index); });
}

Result<uint64_t> Journal::TruncatePrefix(uint64_t group, IndexTerm start) {
  return Take(
      RecordType::kTruncatePrefix, group, EncodeIndexTerm(start),
      [&](const GroupLog& log) { return log.CheckTruncatePrefix(start); },
      [&](GroupLog& log, Position) { log.ApplyTruncatePrefix(start); });
}

Result<uint64_t> Journal::SaveCommitHint(uint64_t group, IndexTerm hint) {
  return Take(
      RecordType::kCommitHint, group, EncodeIndexTerm(hint), [](const GroupLog&) { return Status(); },
      [&](GroupLog& log, Position) { log.ApplyCommitHint(hint); });
}

Result<uint64_t> Journal::Repair(std::span<const uint8_t> batch) {
  Result<BatchHeader> parsed = ParseBatch(batch);
  if (!parsed.ok()) return parsed.status();
  const BatchHeader& header = parsed.value();
  Result<uint64_t> taken = Take(
      RecordType::kMovedBatch, header.group, batch, [&](const GroupLog& log) { return log.CheckRepair(header); },
      [&](GroupLog& log, Position at) { log.ApplyMove(header, at); });
  if (taken.ok()) ++counters_.repaired;
  return taken;
}

std::vector<DamagedRange> Journal::Damage() const {
  std::lock_guard lock(mutex_);
  return index_.Damage();
}

Result<ReadPlan> Journal::PlanRead(uint64_t group, uint64_t from_index, size_t max_bytes) const {
  const Position durable_end = commit_->durable_end();
  std::lock_guard lock(mutex_);
  const GroupLog& log = index_.Find(group);
  if (from_index <= log.log_start().index) {
    return Status(Code::kRangeGone, "index " + std::to_string(from_index) + " is gone: the log starts after index " +
                                        std::to_string(log.log_start().index));
  }
  ReadPlan plan;
  plan.group = group;
  if (from_index <= log.tail().index) {
    for (size_t at = log.Find(from_index); at < log.batches().size(); ++at) {
      const BatchEntry& entry = log.batches()[at];
      if (log.Unreadable(at)) {
        if (!plan.pieces.empty()) break;
        return Status(Code::kRotten, "index " + std::to_string(entry.first_index) + " to " +
                                         std::to_string(log.LastIndexOf(at)) + " of group " + std::to_string(group) +
                                         " is damaged here; other scribes have it");
      }
      // What is not durable may still vanish, and what was promised to nobody must be shown to nobody (R6).
      if (Position{entry.segment, entry.offset} >= durable_end) break;
      if (!plan.pieces.empty() && plan.bytes + entry.bytes > max_bytes) break;
      plan.pieces.push_back({entry.segment, entry.offset, entry.bytes, entry.first_index});
      plan.bytes += entry.bytes;
    }
  }
  if (plan.pieces.empty()) {
    return Status(Code::kBeyondTail, "index " + std::to_string(from_index) + " is not there yet, or not yet durable");
  }
  return plan;
}

std::vector<uint64_t> Journal::Groups() const {
  std::lock_guard lock(mutex_);
  std::vector<uint64_t> groups;
  for (const auto& [group, log] : index_.groups()) groups.push_back(group);
  return groups;
}

Status Journal::Close() {
  scrubber_.Stop();
  // The preparer may hold up the writer, never the other way round, so the writer ends first.
  Status status = commit_->Close();
  segments_->Stop();
  lock_.reset();
  return status;
}

JournalStats Journal::stats() const {
  return {counters_.blocks,
          counters_.block_bytes,
          counters_.records,
          counters_.syncs,
          counters_.last_durable_micros,
          segments_->count(),
          segment_bytes_,
          volume_.alignment,
          volume_.direct,
          volume_.file_system,
          write_mode_,
          blocks_in_flight_,
          segments_->spares(),
          !segments_->space().ok(),
          counters_.damaged,
          counters_.repaired,
          counters_.scrubbed_bytes,
          counters_.scrub_passes};
}

}  // namespace scriptorium
