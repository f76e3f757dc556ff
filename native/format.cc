// Making a new journal. The identity stands in a file FORMATTING from the first moment and gets its name IDENTITY as
// the last act, so a directory is a journal exactly when everything else in it is durable; one that was left half made
// is told from one that lost its identity, and only the former is ever formatted again.
#include <algorithm>

#include "journal.h"

namespace scriptorium {
namespace {

class NoListener final : public JournalListener {
 public:
  void OnDurable(uint64_t) override {}
  void OnFailure(const Status&) override {}
};

std::string Parent(const std::string& directory) {
  const size_t slash = directory.find_last_of('/', directory.find_last_not_of('/'));
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

// Refuses a directory with content of its own; else the names that an interrupted format left there.
Result<std::vector<std::string>> Leftovers(FileSystem& files, const std::string& directory) {
  Result<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return names;
  const bool half_made = std::find(names.value().begin(), names.value().end(), kFormattingName) != names.value().end();
  std::vector<std::string> leftovers;
  for (const std::string& name : names.value()) {
    if (name == kLockName || name == kFormattingName || name == "lost+found") continue;
    const bool ours = name == kPrepareName || ParseSegmentName(name).has_value();
    if (!half_made || !ours) return Status(Code::kNotEmpty, directory + ": not empty, it holds " + name);
    leftovers.push_back(name);
  }
  return leftovers;
}

// The first records, written by the same code that writes all others.
Status WriteGenesis(FileSystem& files, const FormatOptions& options, const Identity& identity, const Volume& volume,
                    const SegmentHeader& first) {
  Counters counters;
  NoListener listener;
  LogIndex index;
  SegmentStore segments(files, {options.directory, identity, options.segment_bytes, volume, false, 0}, {first}, {}, {});
  Result<std::unique_ptr<WriteQueue>> queue = files.OpenQueue(WriteMode::kSync, 1);
  if (!queue.ok()) return queue.status();
  GroupCommit commit(
      {kMaxAlignment, kMaxBlockBytes, DrivenBy::kNobody, 1, std::make_shared<ImmediateBatching>(), 0},
      {{{1, first.blocks_begin()}, 1, 1, {}}, 0, true}, segments, std::move(queue.value()),
      [&] { return index.EncodeBases(); }, listener, counters);
  const auto append = [&](RecordType type, uint64_t group, std::span<const uint8_t> payload) -> Status {
    if (Result<GroupCommit::Appended> appended = commit.Append(type, group, payload); !appended.ok()) {
      return appended.status();
    }
    // Only now: the base of a segment that the record began must not hold it yet.
    const Record record{type, group, 0, payload, 0};
    if (Status status = index.Replay(record, {}); !status.ok()) return status;
    commit.Drive(true);
    // To the caller there is no journal yet that could have failed.
    Status status = commit.failure();
    return status.code() == Code::kJournalFailed ? status.As(Code::kIoError) : status;
  };
  if (options.hard_state) {
    const auto payload = EncodeHardState(*options.hard_state);
    if (Status status = append(RecordType::kHardState, options.hard_state_group, payload); !status.ok()) return status;
  }
  for (const std::vector<uint8_t>& bytes : options.genesis) {
    Result<BatchHeader> batch = ParseBatch(bytes);
    if (!batch.ok()) return batch.status();
    if (Status status = append(RecordType::kBatch, batch.value().group, bytes); !status.ok()) return status;
  }
  Status status = commit.Close();
  return status.code() == Code::kJournalFailed ? status.As(Code::kIoError) : status;
}

}  // namespace

Status Journal::Format(FileSystem& files, const FormatOptions& options) {
  const std::string& directory = options.directory;
  const auto path = [&](const char* name) { return JoinPath(directory, name); };
  Identity identity = options.identity;
  identity.created_millis = files.NowMillis();
  if (Status status = files.MakeDirectory(directory); !status.ok()) return status;
  // Looked at before the lock file is made, so that a directory given by mistake stays as it was; and again under the
  // lock.
  if (auto leftovers = Leftovers(files, directory); !leftovers.ok()) return leftovers.status();
  Result<std::unique_ptr<DirectoryLock>> lock = files.Lock(path(kLockName));
  if (!lock.ok()) return lock.status();
  Result<std::vector<std::string>> leftovers = Leftovers(files, directory);
  if (!leftovers.ok()) return leftovers.status();
  for (const std::string& name : leftovers.value()) {
    if (Status status = files.Remove(JoinPath(directory, name)); !status.ok()) return status;
  }
  Result<Volume> volume = ChooseVolume(files, directory, options.allow_buffered);
  if (!volume.ok()) return volume.status();
  if (Status status = WriteIdentity(files, path(kFormattingName), identity); !status.ok()) return status;
  if (Status status = files.SyncDirectory(directory); !status.ok()) return status;

  SegmentHeader first;
  first.cluster_id = identity.cluster_id;
  first.storage_uuid = identity.storage_uuid;
  first.number = 1;
  first.nonce = files.RandomNumber();
  first.segment_bytes = options.segment_bytes;
  first.alignment = volume.value().alignment;
  first.created_millis = identity.created_millis;
  if (Status status = PrepareSegment(files, directory, first, volume.value().direct, nullptr); !status.ok()) {
    return status;
  }
  if (Status status = WriteGenesis(files, options, identity, volume.value(), first); !status.ok()) return status;

  if (Status status = files.Rename(path(kFormattingName), path(kIdentityName)); !status.ok()) return status;
  if (Status status = files.SyncDirectory(directory); !status.ok()) return status;
  return files.SyncDirectory(Parent(directory));
}

}  // namespace scriptorium
