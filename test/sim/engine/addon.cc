// The real engine on its disk in memory, for the simulator: no thread, no clock, no chance but the seed's. The engine
// is the shipped one, object file by object file; what is made here is only the disk, the queue, and who says when.
//
// A file that is open when the power goes must not be written any more, and writes in flight point to files: so a crash
// first takes the image, then closes the journal on the old disk, and only then lets go of that.
#include <napi.h>

#include <memory>

#include "../../../native/addon_values.h"
#include "../../../native/file_fault.h"
#include "../../../native/journal.h"
#include "../../../native/offline_repair.h"
#include "stepped_queue.h"

namespace scriptorium::sim {
namespace {

using addon::Throw;
using addon::ToBytes;
using addon::ToId;
using addon::ToInteger;
using addon::ToNumber;

constexpr char kDirectory[] = "/disk/journal";
// Small, so that a run goes through many: the room for some fifty blocks, of which a full disk keeps eight for votes.
constexpr uint64_t kSegmentBytes = 256 << 10;
constexpr uint32_t kBlockBytes = 64 << 10;
// What one of these holds outside of the heap that JavaScript knows of, roughly.
constexpr int64_t kMemory = 4 << 20;

class EngineDisk final : public Napi::ObjectWrap<EngineDisk>, private JournalListener {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "EngineDisk",
        {InstanceMethod<&EngineDisk::Open>("open"), InstanceMethod<&EngineDisk::Append>("append"),
         InstanceMethod<&EngineDisk::SaveHardState>("saveHardState"),
         InstanceMethod<&EngineDisk::TruncateSuffix>("truncateSuffix"),
         InstanceMethod<&EngineDisk::SaveCommitHint>("saveCommitHint"), InstanceMethod<&EngineDisk::Submit>("submit"),
         InstanceMethod<&EngineDisk::Complete>("complete"), InstanceMethod<&EngineDisk::Read>("read"),
         InstanceMethod<&EngineDisk::Crash>("crash"), InstanceMethod<&EngineDisk::Rot>("rot"),
         InstanceMethod<&EngineDisk::RotBatch>("rotBatch"), InstanceMethod<&EngineDisk::Repair>("repair"),
         InstanceMethod<&EngineDisk::Damage>("damage"), InstanceMethod<&EngineDisk::TakeFound>("takeFound"),
         InstanceMethod<&EngineDisk::PutIn>("putIn"), InstanceMethod<&EngineDisk::SetFull>("setFull"),
         InstanceMethod<&EngineDisk::Admits>("admits"), InstanceMethod<&EngineDisk::NoSpace>("noSpace")});
  }

  // (scribe id, storage uuid, seed, writes in flight): a formatted disk, not opened.
  explicit EngineDisk(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), kMemory);
    Result<Id128> uuid = ToId(info[1], "storageUuid");
    Result<uint64_t> seed = ToInteger(info[2], "seed");
    Result<uint64_t> depth = ToInteger(info[3], "depth");
    for (const Status& status : {uuid.status(), seed.status(), depth.status()}) {
      if (status.ok()) continue;
      Throw(info.Env(), status);
      return;
    }
    options_.directory = kDirectory;
    options_.max_block_bytes = kBlockBytes;
    options_.driven_by = DrivenBy::kNobody;
    options_.write_mode = WriteMode::kRing;
    options_.blocks_in_flight = static_cast<uint32_t>(depth.value());
    Use(std::make_unique<FaultFileSystem>(seed.value()));
    FormatOptions format;
    format.directory = kDirectory;
    format.identity.scribe_id = info[0].ToString().Utf8Value();
    format.identity.storage_uuid = uuid.value();
    format.identity.cluster_id.fill(0xc1);
    format.segment_bytes = kSegmentBytes;
    if (Status status = Journal::Format(*disk_, format); !status.ok()) Throw(info.Env(), status);
  }
  void Finalize(Napi::BasicEnv env) override { Napi::MemoryManagement::AdjustExternalMemory(env, -kMemory); }

 private:
  void OnDurable(uint64_t ticket) override { durable_ = ticket; }
  void OnFailure(const Status& status) override { failure_ = status; }
  void OnDamage(const DamagedRange& range) override { found_.push_back(range); }

  void Use(std::unique_ptr<FaultFileSystem> disk) {
    disk_ = std::move(disk);
    disk_->SetFull(full_);
    disk_->UseQueues([this] {
      auto queue = std::make_unique<SteppedQueue>(bug_);
      queue_ = queue.get();
      return queue;
    });
  }

  // Recovers; what the log is then.
  Napi::Value Open(const Napi::CallbackInfo& info) {
    durable_ = 0;
    failure_ = Status();
    found_.clear();
    Result<std::unique_ptr<Journal>> opened = Journal::Open(*disk_, options_, *this);
    if (!opened.ok() && bug_ == Bug::kCuts) {
      Result<RepairPlan> plan = PlanRepair(*disk_, kDirectory);
      if (plan.ok() && plan.value().cut && RepairDirectory(*disk_, kDirectory, plan.value().cut->at).ok()) {
        opened = Journal::Open(*disk_, options_, *this);
      }
    }
    if (!opened.ok()) return Throw(info.Env(), opened.status());
    journal_ = std::move(opened.value());
    (void)queue_->TakeSubmitted();  // Of the trial.
    if (bug_ == Bug::kTears) CutDamagedTail();
    Napi::Object log;
    journal_->VisitGroup(0, [&](const GroupLog& group) { log = addon::ToObject(info.Env(), group); });
    return log;
  }

  void CutDamagedTail() {
    for (;;) {
      const std::vector<DamagedRange> damage = journal_->Damage();
      uint64_t tail = 0;
      journal_->VisitGroup(0, [&](const GroupLog& group) { tail = group.tail().index; });
      if (damage.empty() || damage.back().to != tail) return;
      if (!journal_->TruncateSuffix(0, damage.back().from).ok()) return;
    }
  }

  Napi::Value Ticket(Napi::Env env, const Result<uint64_t>& taken) {
    return taken.ok() ? ToNumber(env, taken.value()) : Throw(env, taken.status());
  }

  // A batch that is complete but for its checksums, with them.
  static Result<std::vector<uint8_t>> ToSealedBatch(const Napi::Value& value) {
    Result<std::span<const uint8_t>> bytes = ToBytes(value, "batch");
    if (!bytes.ok()) return bytes.status();
    std::vector<uint8_t> batch(bytes.value().begin(), bytes.value().end());
    if (Result<BatchHeader> sealed = SealBatch(batch); !sealed.ok()) return sealed.status();
    return batch;
  }

  Napi::Value Append(const Napi::CallbackInfo& info) {
    Result<std::vector<uint8_t>> batch = ToSealedBatch(info[0]);
    if (!batch.ok()) return Throw(info.Env(), batch.status());
    return Ticket(info.Env(), journal_->Append(batch.value()));
  }

  Napi::Value SaveHardState(const Napi::CallbackInfo& info) {
    Result<HardState> state = addon::ToHardState(info[0], info[1]);
    if (!state.ok()) return Throw(info.Env(), state.status());
    return Ticket(info.Env(), journal_->SaveHardState(0, state.value()));
  }

  Napi::Value TruncateSuffix(const Napi::CallbackInfo& info) {
    Result<uint64_t> from = ToInteger(info[0], "from");
    if (!from.ok()) return Throw(info.Env(), from.status());
    return Ticket(info.Env(), journal_->TruncateSuffix(0, from.value()));
  }

  Napi::Value SaveCommitHint(const Napi::CallbackInfo& info) {
    Result<uint64_t> index = ToInteger(info[0], "index");
    Result<uint64_t> term = ToInteger(info[1], "term");
    if (!index.ok() || !term.ok()) return Throw(info.Env(), index.ok() ? term.status() : index.status());
    return Ticket(info.Env(), journal_->SaveCommitHint(0, {index.value(), term.value()}));
  }

  // Has the engine hand over what it may; the writes that left since the last time.
  Napi::Value Submit(const Napi::CallbackInfo& info) {
    while (journal_->Drive(false)) continue;
    if (!failure_.ok()) return Throw(info.Env(), failure_);
    const std::vector<uint64_t> tags = queue_->TakeSubmitted();
    Napi::Array array = Napi::Array::New(info.Env(), tags.size());
    for (uint32_t at = 0; at < tags.size(); ++at) array[at] = ToNumber(info.Env(), tags[at]);
    return array;
  }

  // One write completes; the ticket up to which all is durable now, as the engine says.
  Napi::Value Complete(const Napi::CallbackInfo& info) {
    Result<uint64_t> tag = ToInteger(info[0], "write");
    if (!tag.ok()) return Throw(info.Env(), tag.status());
    if (!queue_->Complete(tag.value())) return Throw(info.Env(), addon::BadArgument("write is not on its way"));
    while (journal_->Drive(false)) continue;
    return failure_.ok() ? ToNumber(info.Env(), durable_) : Throw(info.Env(), failure_);
  }

  // Whole batches from the one that holds an index, about so many bytes.
  Napi::Value Read(const Napi::CallbackInfo& info) {
    Result<uint64_t> from = ToInteger(info[0], "from");
    Result<uint64_t> most = ToInteger(info[1], "maxBytes");
    if (!from.ok() || !most.ok()) return Throw(info.Env(), from.ok() ? most.status() : from.status());
    Result<ReadPlan> plan = journal_->PlanRead(0, from.value(), most.value());
    if (!plan.ok()) return Throw(info.Env(), plan.status());
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), plan.value().bytes);
    Status status = journal_->Read(plan.value(), bytes.Data());
    if (!status.ok() && bug_ == Bug::kRaw) status = ReadRaw(plan.value(), bytes.Data());
    if (!status.ok()) return Throw(info.Env(), status);
    return bytes;
  }

  Status ReadRaw(const ReadPlan& plan, uint8_t* to) {
    for (const ReadPlan::Piece& piece : plan.pieces) {
      Result<std::unique_ptr<File>> file = disk_->Open(PathOf(piece.segment), OpenMode::kRead, false);
      if (!file.ok()) return file.status();
      if (Status status = ReadFully(*file.value(), to, piece.bytes, piece.offset); !status.ok()) return status;
      to += piece.bytes;
    }
    return Status();
  }

  static std::string PathOf(uint64_t segment) { return JoinPath(kDirectory, SegmentName(segment)); }

  // In the place of one that can not be read.
  Napi::Value Repair(const Napi::CallbackInfo& info) {
    Result<std::vector<uint8_t>> batch = ToSealedBatch(info[0]);
    if (!batch.ok()) return Throw(info.Env(), batch.status());
    return Ticket(info.Env(), journal_->Repair(batch.value()));
  }

  // All that is known to be damaged.
  Napi::Value Damage(const Napi::CallbackInfo& info) { return addon::ToArray(info.Env(), journal_->Damage()); }

  // What reading has found damaged since the last time.
  Napi::Value TakeFound(const Napi::CallbackInfo& info) {
    return addon::ToArray(info.Env(), std::exchange(found_, {}));
  }

  // The power goes: of what was not durable, each sector and a prefix of the names may survive, as the seed says.
  Napi::Value Crash(const Napi::CallbackInfo& info) {
    Result<uint64_t> seed = ToInteger(info[0], "seed");
    if (!seed.ok()) return Throw(info.Env(), seed.status());
    std::unique_ptr<FaultFileSystem> after = disk_->AfterCrash(Survival::kRandom, seed.value());
    journal_.reset();
    Use(std::move(after));
    return info.Env().Undefined();
  }

  // A sector that says something, of some segment, turns: one bit of it, or all. Only of a disk that is not open.
  Napi::Value Rot(const Napi::CallbackInfo& info) {
    Result<uint64_t> seed = ToInteger(info[0], "seed");
    if (!seed.ok()) return Throw(info.Env(), seed.status());
    uint64_t random = seed.value();
    std::vector<std::string> segments = disk_->Paths();
    std::erase_if(segments, [](const std::string& path) { return path.find("/segment-") == std::string::npos; });
    if (segments.empty()) return info.Env().Undefined();
    const std::string& path = segments[NextRandom(&random) % segments.size()];
    std::vector<uint8_t> content = disk_->Content(path);
    std::vector<size_t> written;
    for (size_t at = 0; at + kSectorBytes <= content.size(); at += kSectorBytes) {
      if (std::any_of(&content[at], &content[at] + kSectorBytes, [](uint8_t byte) { return byte != 0; })) {
        written.push_back(at);
      }
    }
    if (written.empty()) return info.Env().Undefined();
    const size_t sector = written[NextRandom(&random) % written.size()];
    if (NextRandom(&random) % 2 == 0) {
      const uint64_t bit = NextRandom(&random) % (8 * kSectorBytes);
      content[sector + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    } else {
      for (size_t at = 0; at < kSectorBytes; ++at) content[sector + at] = static_cast<uint8_t>(NextRandom(&random));
    }
    disk_->SetContent(path, std::move(content));
    return info.Env().Undefined();
  }

  // The body of the durable batch that holds an index turns: one bit of it, or every byte. False if there is none, or if
  // it is known to be damaged. Whoever has the journal open finds out by reading.
  Napi::Value RotBatch(const Napi::CallbackInfo& info) {
    Result<uint64_t> index = ToInteger(info[0], "index");
    Result<uint64_t> seed = ToInteger(info[1], "seed");
    if (!index.ok() || !seed.ok()) return Throw(info.Env(), index.ok() ? seed.status() : index.status());
    Result<ReadPlan> plan = journal_->PlanRead(0, index.value(), 1);
    if (!plan.ok()) return Napi::Boolean::New(info.Env(), false);
    const ReadPlan::Piece& piece = plan.value().pieces.front();
    Status status = Turn(PathOf(piece.segment), piece.offset + kBatchHeaderBytes, piece.bytes - kBatchHeaderBytes,
                         seed.value());
    return status.ok() ? Napi::Boolean::New(info.Env(), true) : Throw(info.Env(), status);
  }

  Status Turn(const std::string& path, uint64_t offset, size_t bytes, uint64_t random) {
    Result<std::unique_ptr<File>> file = disk_->Open(path, OpenMode::kReadWrite, false);
    if (!file.ok()) return file.status();
    std::vector<uint8_t> content(bytes);
    if (Status status = ReadFully(*file.value(), content.data(), bytes, offset); !status.ok()) return status;
    if (NextRandom(&random) % 2 == 0) {
      const uint64_t bit = NextRandom(&random) % (8 * bytes);
      content[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    } else {
      for (uint8_t& byte : content) byte ^= static_cast<uint8_t>(1 + NextRandom(&random) % 255);
    }
    if (Status status = WriteFully(*file.value(), content.data(), bytes, offset, 1); !status.ok()) return status;
    return FaultFileSystem::MakeDurable(*file.value(), offset, bytes);
  }

  // From now on there is no room for another segment, or there is again, and the engine finds out as its thread would:
  // by trying, which here is done for whoever asks for more than the last segment takes.
  Napi::Value SetFull(const Napi::CallbackInfo& info) {
    full_ = info[0].ToBoolean().Value();
    disk_->SetFull(full_);
    if (!full_ && journal_) (void)journal_->Admit(1, kSegmentBytes);
    return info.Env().Undefined();
  }

  // Whether so many batches, of so many bytes together, would be taken now; with none, whether small records would be.
  Napi::Value Admits(const Napi::CallbackInfo& info) {
    Result<uint64_t> batches = ToInteger(info[0], "batches");
    Result<uint64_t> bytes = ToInteger(info[1], "bytes");
    if (!batches.ok() || !bytes.ok()) return Throw(info.Env(), batches.ok() ? bytes.status() : batches.status());
    return Napi::Boolean::New(info.Env(), journal_->Admit(batches.value(), bytes.value()).ok());
  }

  Napi::Value NoSpace(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), !journal_->space().ok());
  }

  // From now on with this bug.
  Napi::Value PutIn(const Napi::CallbackInfo& info) {
    Result<uint64_t> bug = ToInteger(info[0], "bug");
    if (!bug.ok()) return Throw(info.Env(), bug.status());
    bug_ = static_cast<Bug>(bug.value());
    return info.Env().Undefined();
  }

  Bug bug_ = Bug::kNone;
  OpenOptions options_;
  std::unique_ptr<FaultFileSystem> disk_;
  bool full_ = false;
  SteppedQueue* queue_ = nullptr;  // The journal's.
  std::unique_ptr<Journal> journal_;
  uint64_t durable_ = 0;
  Status failure_;
  std::vector<DamagedRange> found_;  // By reading, and not taken yet.
};

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  exports["EngineDisk"] = EngineDisk::Define(env);
  return exports;
}

}  // namespace
}  // namespace scriptorium::sim

using scriptorium::sim::Initialize;
NODE_API_MODULE(engine_disk, Initialize)
