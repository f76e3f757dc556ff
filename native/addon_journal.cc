#include "addon_journal.h"

#include <utility>

#include "addon_task.h"

namespace scriptorium::addon {
namespace {

constexpr uint64_t kDefaultScrubBytesPerSecond = 4 << 20;

}  // namespace

Status NativeJournal::ReadOptions(const Napi::Object& given) {
  Result<std::string> directory = ToDirectory(given.Get("directory"));
  if (!directory.ok()) return directory.status();
  options_.directory = directory.value();
  if (const Napi::Value id = given.Get("clusterId"); !id.IsUndefined()) {
    Result<Id128> value = ToId(id, "clusterId");
    if (!value.ok()) return value.status();
    options_.expected.cluster_id = value.value();
  }
  if (const Napi::Value id = given.Get("storageUuid"); !id.IsUndefined()) {
    Result<Id128> value = ToId(id, "storageUuid");
    if (!value.ok()) return value.status();
    options_.expected.storage_uuid = value.value();
  }
  if (const Napi::Value id = given.Get("scribeId"); !id.IsUndefined()) {
    Result<std::string> value = ToScribeId(id);
    if (!value.ok()) return value.status();
    options_.expected.scribe_id = value.value();
  }
  uint64_t block_bytes = options_.max_block_bytes;
  uint64_t pending_bytes = options_.max_pending_bytes;
  if (Status status =
          ReadInteger(given, "segmentBytes", kMinOfferedSegmentBytes, kMaxSegmentBytes, &options_.segment_bytes);
      !status.ok()) {
    return status;
  }
  if (options_.segment_bytes % kMaxAlignment != 0) {
    return BadArgument("segmentBytes must be a multiple of 65536");
  }
  if (Status status = ReadInteger(given, "maxBlockBytes", 64 << 10, 4 << 20, &block_bytes); !status.ok()) return status;
  if (Status status = ReadInteger(given, "maxPendingBytes", 8 << 20, 1 << 30, &pending_bytes); !status.ok()) {
    return status;
  }
  options_.scrub_bytes_per_second = kDefaultScrubBytesPerSecond;
  if (Status status = ReadInteger(given, "scrubBytesPerSecond", 0, 1 << 30, &options_.scrub_bytes_per_second);
      !status.ok()) {
    return status;
  }
  uint64_t spares = options_.max_spares;
  if (Status status = ReadInteger(given, "spareSegments", 0, 64, &spares); !status.ok()) return status;
  options_.max_spares = static_cast<uint32_t>(spares);
  options_.max_block_bytes = block_bytes;
  options_.max_pending_bytes = pending_bytes;
  options_.allow_buffered = given.Get("allowBuffered").ToBoolean();
  options_.driven_by = DrivenBy::kCaller;
  return ReadWriteOptions(given);
}

// How blocks get to the disk.
Status NativeJournal::ReadWriteOptions(const Napi::Object& given) {
  if (const Napi::Value mode = given.Get("writeMode"); !mode.IsUndefined()) {
    const std::string name = mode.IsString() ? mode.As<Napi::String>().Utf8Value() : "";
    for (const WriteMode known : {WriteMode::kRing, WriteMode::kDataSync, WriteMode::kSync}) {
      if (name == WriteModeName(known)) options_.write_mode = known;
    }
    if (!options_.write_mode && name != "auto") {
      return BadArgument("writeMode must be auto, io_uring, dsync or fdatasync");
    }
  }
  uint64_t blocks_in_flight = options_.blocks_in_flight;
  uint64_t window_bytes = options_.window_bytes;
  uint64_t linger_micros = 0;
  uint64_t linger_bytes = options_.max_block_bytes;
  if (Status status = ReadInteger(given, "blocksInFlight", 1, 64, &blocks_in_flight); !status.ok()) return status;
  if (Status status = ReadInteger(given, "windowBytes", 0, 1 << 30, &window_bytes); !status.ok()) return status;
  if (Status status = ReadInteger(given, "lingerMicros", 0, 1'000'000, &linger_micros); !status.ok()) return status;
  if (Status status = ReadInteger(given, "lingerBytes", 1, 4 << 20, &linger_bytes); !status.ok()) return status;
  options_.blocks_in_flight = static_cast<uint32_t>(blocks_in_flight);
  options_.window_bytes = window_bytes;
  if (linger_micros > 0) {
    options_.batching = std::make_shared<LingerBatching>(BatchingPolicy::Micros(linger_micros), linger_bytes);
  }
  return Status();
}

// Without an environment there is nobody left to tell.
void OnWake(Napi::Env env, Napi::Function, NativeJournal* journal, void*) {
  if (env != nullptr) journal->Deliver(env);
}

void NativeJournal::Deliver(Napi::Env env) {
  const Napi::HandleScope scope(env);
  // Before looking: what happens from here on calls again.
  wake_waits_.store(false);
  if (driveable_.exchange(false) && watch_ != nullptr) Drive();
  const uint64_t durable = durable_ticket_.load(std::memory_order_acquire);
  DeliverReads(env);
  if (durable > delivered_ticket_) {
    delivered_ticket_ = durable;
    on_durable_.Call({ToNumber(env, durable)});
  }
  Status failure;
  {
    const std::lock_guard lock(mutex_);
    failure = failure_;
  }
  if (!failure.ok() && !failure_delivered_ && !env.IsExceptionPending()) {
    failure_delivered_ = true;
    on_failure_.Call({ToError(env, failure).Value()});
  }
  DeliverDamage(env);
  if (usable_ && !env.IsExceptionPending() && space_changed_.exchange(false)) DeliverSpace(env);
  UpdateReference(env);
}

// Tells how it is now: what came and went meanwhile is no news any more.
void NativeJournal::DeliverSpace(Napi::Env env) {
  const Status space = journal_->space();
  if (std::exchange(lacked_space_, !space.ok()) == lacked_space_) return;
  on_space_.Call({space.ok() ? env.Null() : ToError(env, space).Value()});
}

void NativeJournal::DeliverDamage(Napi::Env env) {
  std::vector<DamagedRange> found;
  {
    const std::lock_guard lock(mutex_);
    found.swap(damage_);
  }
  for (const DamagedRange& range : found) {
    if (!env.IsExceptionPending()) on_damage_.Call({ToObject(env, range)});
  }
}

// Moves a driven journal on; what became durable is delivered by the caller.
void NativeJournal::Drive() {
  driving_ = true;
  journal_->Drive(false);
  driving_ = false;
}

Napi::Value NativeJournal::Flush(const Napi::CallbackInfo& info) {
  // Nothing to drive: the engine has a thread for it, or the journal was closed since the tick began.
  if (watch_ == nullptr) return info.Env().Undefined();
  // What completed has signalled the loop as well, which delivers it: never from within a call of the caller's.
  Drive();
  return info.Env().Undefined();
}

void NativeJournal::DeliverReads(Napi::Env env) {
  std::vector<AnsweredRead> answered;
  {
    const std::lock_guard lock(mutex_);
    answered.swap(answered_);
  }
  for (const AnsweredRead& answer : answered) {
    const std::unique_ptr<PendingRead> read(answer.read);
    --pending_reads_;
    if (answer.status.ok()) {
      read->deferred.Resolve(read->bytes.Value());
    } else {
      read->deferred.Reject(ToError(env, answer.status).Value());
    }
  }
}

void NativeJournal::UpdateReference(Napi::Env env) {
  const bool waits = pending_reads_ > 0 || (last_ticket_ > delivered_ticket_ && !failure_delivered_);
  if (waits == referenced_ || !usable_) return;
  referenced_ = waits;
  if (watch_ != nullptr) watch_->Reference(waits);
  if (waits) {
    wake_.Ref(env);
  } else {
    wake_.Unref(env);
  }
}

Napi::Value NativeJournal::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (std::exchange(opened_, true)) return Rejected(env, BadArgument("a journal is opened once"));
  // The object must outlive the last queued call, so it is let go when the function is finalized.
  Ref();
  wake_ = Wake::New(env, "scriptorium journal", 0, 1, this,
                    [](Napi::Env, void*, NativeJournal* journal) { journal->Unref(); });
  wake_.Unref(env);
  napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  return Task::Start(
      env,
      [this] {
        auto opened = Journal::Open(PosixFileSystem(), options_, *this);
        if (opened.ok()) journal_ = std::move(opened.value());
        return opened.status();
      },
      [this](Napi::Env env) -> Napi::Value {
        if (journal_ == nullptr) {
          LetGo(env);
          return env.Undefined();
        }
        reads_ = std::make_unique<ReadQueue>(*journal_);
        if (const int event = journal_->event_descriptor(); event >= 0) {
          watch_ = LoopWatch::Start(env, event, [this](Napi::Env env) {
            Drive();
            Deliver(env);
          });
        }
        recovered_ = true;
        usable_ = true;
        if (space_changed_) WakeUp();
        Napi::Object answer = Napi::Object::New(env);
        answer["identity"] = ToObject(env, journal_->identity());
        answer["report"] = ToObject(env, journal_->report());
        return answer;
      });
}

Napi::Value NativeJournal::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!CheckOpen(env)) return env.Undefined();
  usable_ = false;
  StopWatching();
  return Task::Start(
      env,
      [this] {
        reads_->Stop();
        return journal_->Close();
      },
      [this](Napi::Env env) -> Napi::Value {
        Deliver(env);
        LetGo(env);
        return env.Undefined();
      });
}

Napi::Value NativeJournal::Ticket(Napi::Env env, const Result<uint64_t>& ticket) {
  if (!ticket.ok()) return Throw(env, ticket.status());
  last_ticket_ = ticket.value();
  UpdateReference(env);
  return ToNumber(env, ticket.value());
}

Napi::Value NativeJournal::Append(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<std::span<const uint8_t>> batch = ToBytes(info[0], "batch");
  if (!batch.ok()) return Throw(info.Env(), batch.status());
  return Ticket(info.Env(), journal_->Append(batch.value()));
}

// Arguments (bytes, length): the batches stand in the first `length` bytes.
Napi::Value NativeJournal::SealAndAppend(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return Throw(info.Env(), BadArgument("batches must be a Uint8Array"));
  }
  auto array = info[0].As<Napi::Uint8Array>();
  Result<uint64_t> length = ToInteger(info[1], "length");
  if (!length.ok()) return Throw(info.Env(), length.status());
  if (length.value() > array.ByteLength()) return Throw(info.Env(), BadArgument("length must lie within batches"));
  return Ticket(info.Env(), journal_->SealAndAppend(std::span(array.Data(), length.value())));
}

// Arguments (batches, bytes).
Napi::Value NativeJournal::Admits(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<uint64_t> batches = ToInteger(info[0], "batches");
  if (!batches.ok()) return Throw(info.Env(), batches.status());
  Result<uint64_t> bytes = ToInteger(info[1], "bytes");
  if (!bytes.ok()) return Throw(info.Env(), bytes.status());
  const Status status = journal_->Admit(batches.value(), bytes.value());
  const bool later = status.code() == Code::kNoSpace || status.code() == Code::kOverloaded;
  if (!status.ok() && !later) return Throw(info.Env(), status);
  return Napi::Boolean::New(info.Env(), status.ok());
}

Napi::Value NativeJournal::SaveHardState(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<uint64_t> group = ToInteger(info[0], "group");
  if (!group.ok()) return Throw(info.Env(), group.status());
  Result<HardState> state = ToHardState(info[1], info[2]);
  if (!state.ok()) return Throw(info.Env(), state.status());
  return Ticket(info.Env(), journal_->SaveHardState(group.value(), state.value()));
}

Napi::Value NativeJournal::TruncateSuffix(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<uint64_t> group = ToInteger(info[0], "group");
  if (!group.ok()) return Throw(info.Env(), group.status());
  Result<uint64_t> from = ToInteger(info[1], "fromIndex");
  if (!from.ok()) return Throw(info.Env(), from.status());
  return Ticket(info.Env(), journal_->TruncateSuffix(group.value(), from.value()));
}

Napi::Value NativeJournal::TruncatePrefix(const Napi::CallbackInfo& info) {
  return SaveIndexTerm(info, &Journal::TruncatePrefix);
}

Napi::Value NativeJournal::SaveCommitHint(const Napi::CallbackInfo& info) {
  return SaveIndexTerm(info, &Journal::SaveCommitHint);
}

// Arguments (group, index, term), for a record that holds just these.
Napi::Value NativeJournal::SaveIndexTerm(const Napi::CallbackInfo& info, IndexTermCall call) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<uint64_t> group = ToInteger(info[0], "group");
  if (!group.ok()) return Throw(info.Env(), group.status());
  Result<uint64_t> index = ToInteger(info[1], "index");
  if (!index.ok()) return Throw(info.Env(), index.status());
  Result<uint64_t> term = ToInteger(info[2], "term");
  if (!term.ok()) return Throw(info.Env(), term.status());
  return Ticket(info.Env(), ((*journal_).*call)(group.value(), {index.value(), term.value()}));
}

Napi::Value NativeJournal::Read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!CheckOpen(env)) return env.Undefined();
  Result<uint64_t> group = ToInteger(info[0], "group");
  if (!group.ok()) return Throw(env, group.status());
  Result<uint64_t> from = ToInteger(info[1], "fromIndex");
  if (!from.ok()) return Throw(env, from.status());
  Result<uint64_t> max_bytes = ToInteger(info[2], "maxBytes");
  if (!max_bytes.ok()) return Throw(env, max_bytes.status());
  Result<ReadPlan> plan = journal_->PlanRead(group.value(), from.value(), max_bytes.value());
  if (!plan.ok()) return Rejected(env, plan.status());
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, plan.value().bytes);
  // A thread that is being terminated gets no memory.
  if (bytes.IsEmpty()) return env.Undefined();
  if (journal_->ReadRecent(plan.value(), bytes.Data())) {
    Deferred deferred(env);
    deferred.Resolve(bytes);
    return deferred.Promise();
  }
  auto* read = new PendingRead{Deferred(env), Napi::Persistent(bytes)};
  ++pending_reads_;
  UpdateReference(env);
  const Napi::Value promise = read->deferred.Promise();
  reads_->Submit(std::move(plan.value()), bytes.Data(), [this, read](Status status) {
    {
      const std::lock_guard lock(mutex_);
      answered_.push_back({read, std::move(status)});
    }
    WakeUp();
  });
  return promise;
}

Napi::Value NativeJournal::Group(const Napi::CallbackInfo& info) {
  if (!CheckRecovered(info.Env())) return info.Env().Undefined();
  Result<uint64_t> group = ToInteger(info[0], "group");
  if (!group.ok()) return Throw(info.Env(), group.status());
  Napi::Value answer;
  journal_->VisitGroup(group.value(), [&](const GroupLog& log) { answer = ToObject(info.Env(), log); });
  return answer;
}

Napi::Value NativeJournal::Groups(const Napi::CallbackInfo& info) {
  if (!CheckRecovered(info.Env())) return info.Env().Undefined();
  const std::vector<uint64_t> groups = journal_->Groups();
  Napi::Array answer = Napi::Array::New(info.Env(), groups.size());
  for (uint32_t at = 0; at < groups.size(); ++at) answer[at] = ToNumber(info.Env(), groups[at]);
  return answer;
}

Napi::Value NativeJournal::Repair(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<std::span<const uint8_t>> batch = ToBytes(info[0], "batch");
  if (!batch.ok()) return Throw(info.Env(), batch.status());
  return Ticket(info.Env(), journal_->Repair(batch.value()));
}

Napi::Value NativeJournal::Damage(const Napi::CallbackInfo& info) {
  if (!CheckRecovered(info.Env())) return info.Env().Undefined();
  return ToArray(info.Env(), journal_->Damage());
}

Napi::Value NativeJournal::Stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!CheckRecovered(env)) return env.Undefined();
  const JournalStats stats = journal_->stats();
  Napi::Object object = Napi::Object::New(env);
  object["blocks"] = ToNumber(env, stats.blocks);
  object["blockBytes"] = ToNumber(env, stats.block_bytes);
  object["records"] = ToNumber(env, stats.records);
  object["syncs"] = ToNumber(env, stats.syncs);
  object["lastDurableMicros"] = ToNumber(env, stats.last_durable_micros);
  object["segments"] = ToNumber(env, stats.segments);
  object["segmentBytes"] = ToNumber(env, stats.segment_bytes);
  object["alignment"] = ToNumber(env, stats.alignment);
  object["directIo"] = Napi::Boolean::New(env, stats.direct_io);
  object["fileSystem"] = Napi::String::New(env, stats.file_system);
  object["writeMode"] = Napi::String::New(env, WriteModeName(stats.write_mode));
  object["blocksInFlight"] = ToNumber(env, stats.blocks_in_flight);
  object["spareSegments"] = ToNumber(env, stats.spare_segments);
  object["noSpace"] = Napi::Boolean::New(env, stats.no_space);
  object["damaged"] = ToNumber(env, stats.damaged);
  object["repaired"] = ToNumber(env, stats.repaired);
  object["scrubbedBytes"] = ToNumber(env, stats.scrubbed_bytes);
  object["scrubPasses"] = ToNumber(env, stats.scrub_passes);
  return object;
}

}  // namespace scriptorium::addon
