// The Node-API layer: checks arguments, converts values, keeps promises; decides nothing. The engine's threads reach
// JavaScript through one thread-safe function per journal, and at most one call of it waits at any time, however many
// records became durable or reads were answered since.
#include <napi.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <utility>

#include "crc32c.h"
#include "inspect.h"
#include "journal.h"
#include "read_queue.h"

namespace {

using scriptorium::Code;
using scriptorium::Id128;
using scriptorium::Result;
using scriptorium::Status;

constexpr uint64_t kMinSegmentBytesHere = 16 << 20;

// ---- Values ---------------------------------------------------------------------------------------------------------

Napi::Error ToError(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  error.Set("code", Napi::String::New(env, scriptorium::CodeName(status.code())));
  if (!status.file().empty()) {
    error.Set("file", Napi::String::New(env, status.file()));
    error.Set("offset", Napi::Number::New(env, static_cast<double>(status.offset())));
  }
  return error;
}

Napi::Value Throw(Napi::Env env, const Status& status) {
  ToError(env, status).ThrowAsJavaScriptException();
  return env.Undefined();
}

Status BadArgument(const std::string& what) { return Status(Code::kBadOption, what); }

Result<uint64_t> ToInteger(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0) || number > static_cast<double>(scriptorium::kMaxInteger) || number != std::floor(number)) {
    return BadArgument(std::string(name) + " must be an integer from 0 to 2^53-1");
  }
  return static_cast<uint64_t>(number);
}

// An absent property leaves `value` as it is.
Status ReadInteger(const Napi::Object& object, const char* name, uint64_t minimum, uint64_t maximum, uint64_t* value) {
  const Napi::Value given = object.Get(name);
  if (given.IsUndefined()) return Status();
  Result<uint64_t> number = ToInteger(given, name);
  if (!number.ok()) return number.status();
  if (number.value() < minimum || number.value() > maximum) {
    return BadArgument(std::string(name) + " must be from " + std::to_string(minimum) + " to " +
                       std::to_string(maximum));
  }
  *value = number.value();
  return Status();
}

Result<Id128> ToId(const Napi::Value& value, const char* name) {
  const Status wrong = BadArgument(std::string(name) + " must be 32 hexadecimal digits");
  if (!value.IsString()) return wrong;
  const std::string text = value.As<Napi::String>().Utf8Value();
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != std::string::npos) return wrong;
  Id128 id{};
  for (size_t at = 0; at < id.size(); ++at) {
    id[at] = static_cast<uint8_t>(std::stoul(text.substr(2 * at, 2), nullptr, 16));
  }
  return id;
}

Result<std::string> ToScribeId(const Napi::Value& value) {
  std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (text.empty() || text.size() > scriptorium::kMaxScribeIdBytes) {
    return BadArgument("scribeId must be a string of 1 to 64 bytes");
  }
  return text;
}

Result<std::span<const uint8_t>> ToBytes(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return BadArgument(std::string(name) + " must be a Uint8Array");
  }
  const auto array = value.As<Napi::Uint8Array>();
  return std::span<const uint8_t>(array.Data(), array.ByteLength());
}

Result<std::string> ToDirectory(const Napi::Value& value) {
  std::string directory = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (directory.empty() || directory.find('\0') != std::string::npos) {
    return BadArgument("directory must be a non-empty string");
  }
  return directory;
}

Result<scriptorium::HardState> ToHardState(const Napi::Value& term, const Napi::Value& voted_for) {
  Result<uint64_t> number = ToInteger(term, "term");
  if (!number.ok()) return number.status();
  scriptorium::HardState state;
  state.term = number.value();
  if (!voted_for.IsNull()) {
    Result<Id128> incarnation = ToId(voted_for, "votedFor");
    if (!incarnation.ok()) return incarnation.status();
    state.voted_for = incarnation.value();
  }
  return state;
}

Napi::Number ToNumber(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Object ToObject(Napi::Env env, const scriptorium::IndexTerm& value) {
  Napi::Object object = Napi::Object::New(env);
  object["index"] = ToNumber(env, value.index);
  object["term"] = ToNumber(env, value.term);
  return object;
}

Napi::Object ToObject(Napi::Env env, const scriptorium::Identity& identity) {
  Napi::Object object = Napi::Object::New(env);
  object["clusterId"] = Napi::String::New(env, scriptorium::ToHex(identity.cluster_id));
  object["scribeId"] = Napi::String::New(env, identity.scribe_id);
  object["storageUuid"] = Napi::String::New(env, scriptorium::ToHex(identity.storage_uuid));
  return object;
}

Napi::Object ToObject(Napi::Env env, const scriptorium::RecoveryReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object["segments"] = ToNumber(env, report.segments);
  object["blocks"] = ToNumber(env, report.blocks);
  object["records"] = ToNumber(env, report.records);
  object["batches"] = ToNumber(env, report.batches);
  object["bytes"] = ToNumber(env, report.bytes);
  object["lastSequence"] = ToNumber(env, report.last_sequence);
  object["endSegment"] = ToNumber(env, report.end.segment);
  object["endOffset"] = ToNumber(env, report.end.offset);
  object["tail"] = Napi::String::New(env, report.torn ? "torn" : "clean");
  object["tornBytes"] = ToNumber(env, report.torn_bytes);
  object["droppedBlocks"] = ToNumber(env, report.dropped_blocks);
  object["sealed"] = Napi::Boolean::New(env, report.sealed);
  object["headerCopiesUsed"] = ToNumber(env, report.header_copies_used);
  return object;
}

Napi::Object ToObject(Napi::Env env, const scriptorium::GroupLog& log) {
  Napi::Object hard_state = Napi::Object::New(env);
  hard_state["term"] = ToNumber(env, log.hard_state().term);
  if (log.hard_state().voted_for == Id128{}) {
    hard_state["votedFor"] = env.Null();
  } else {
    hard_state["votedFor"] = Napi::String::New(env, scriptorium::ToHex(log.hard_state().voted_for));
  }
  Napi::Array term_runs = Napi::Array::New(env, log.term_runs().size());
  for (uint32_t at = 0; at < log.term_runs().size(); ++at) {
    Napi::Object run = Napi::Object::New(env);
    run["term"] = ToNumber(env, log.term_runs()[at].term);
    run["firstIndex"] = ToNumber(env, log.term_runs()[at].first_index);
    term_runs[at] = run;
  }
  Napi::Array configurations = Napi::Array::New(env, log.configurations().size());
  for (uint32_t at = 0; at < log.configurations().size(); ++at) {
    configurations[at] = ToNumber(env, log.configurations()[at]);
  }
  Napi::Object object = Napi::Object::New(env);
  object["logStart"] = ToObject(env, log.log_start());
  object["tail"] = ToObject(env, log.tail());
  object["hardState"] = hard_state;
  object["commitHint"] = ToObject(env, log.commit_hint());
  object["termRuns"] = term_runs;
  object["configurations"] = configurations;
  object["batches"] = ToNumber(env, log.batches().size());
  return object;
}

// ---- Work that waits for the disk, off the main thread
// ---------------------------------------------------------------

// Runs `work` on another thread, then settles a promise: with `value`'s result, or with the status of `work`.
class Task final : public Napi::AsyncWorker {
 public:
  using Work = std::function<Status()>;
  using Value = std::function<Napi::Value(Napi::Env)>;

  static Napi::Promise Start(Napi::Env env, Work work, Value value) {
    auto* task = new Task(env, std::move(work), std::move(value));
    Napi::Promise promise = task->deferred_.Promise();
    task->Queue();
    return promise;
  }

 protected:
  void Execute() override { status_ = work_(); }
  void OnOK() override {
    const Napi::HandleScope scope(Env());
    // The value first: it also puts things in order when the work failed.
    const Napi::Value value = value_(Env());
    if (status_.ok()) {
      deferred_.Resolve(value);
    } else {
      deferred_.Reject(ToError(Env(), status_).Value());
    }
  }

 private:
  Task(Napi::Env env, Work work, Value value)
      : AsyncWorker(env, "scriptorium"), deferred_(env), work_(std::move(work)), value_(std::move(value)) {}

  Napi::Promise::Deferred deferred_;
  Work work_;
  Value value_;
  Status status_;
};

Napi::Value Rejected(Napi::Env env, const Status& status) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(ToError(env, status).Value());
  return deferred.Promise();
}

// ---- The journal ----------------------------------------------------------------------------------------------------

class NativeJournal;
void OnWake(Napi::Env env, Napi::Function, NativeJournal* journal, void*);
using Wake = Napi::TypedThreadSafeFunction<NativeJournal, void, &OnWake>;

// new NativeJournal(options, onDurable, onFailure); then open(), the rest, close(). Between open() and the end of
// close() the object holds itself: an open journal is not collected.
class NativeJournal final : public Napi::ObjectWrap<NativeJournal>, private scriptorium::JournalListener {
 public:
  static Napi::Function Class(Napi::Env env) {
    return DefineClass(
        env, "NativeJournal",
        {InstanceMethod<&NativeJournal::Open>("open"), InstanceMethod<&NativeJournal::Close>("close"),
         InstanceMethod<&NativeJournal::Append>("append"),
         InstanceMethod<&NativeJournal::SaveHardState>("saveHardState"),
         InstanceMethod<&NativeJournal::TruncateSuffix>("truncateSuffix"),
         InstanceMethod<&NativeJournal::TruncatePrefix>("truncatePrefix"),
         InstanceMethod<&NativeJournal::SaveCommitHint>("saveCommitHint"), InstanceMethod<&NativeJournal::Read>("read"),
         InstanceMethod<&NativeJournal::Group>("group"), InstanceMethod<&NativeJournal::Groups>("groups"),
         InstanceMethod<&NativeJournal::Stats>("stats")});
  }

  explicit NativeJournal(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    if (Status status = ReadOptions(info[0].As<Napi::Object>()); !status.ok()) {
      Throw(info.Env(), status);
      return;
    }
    on_durable_ = Napi::Persistent(info[1].As<Napi::Function>());
    on_failure_ = Napi::Persistent(info[2].As<Napi::Function>());
  }

  ~NativeJournal() override { ShutDown(); }

  // Hands JavaScript what happened since the last time.
  void Deliver(Napi::Env env);

 private:
  struct PendingRead {
    Napi::Promise::Deferred deferred;
    Napi::Reference<Napi::Uint8Array> bytes;
  };
  struct AnsweredRead {
    PendingRead* read;
    Status status;
  };
  Status ReadOptions(const Napi::Object& given);

  // The engine's threads.
  void OnDurable(uint64_t ticket) override {
    durable_ticket_.store(ticket, std::memory_order_release);
    WakeUp();
  }
  void OnFailure(const Status& status) override {
    {
      const std::lock_guard lock(mutex_);
      failure_ = status;
    }
    WakeUp();
  }
  void WakeUp() {
    if (!wake_waits_.exchange(true)) wake_.NonBlockingCall();
  }

  void DeliverReads(Napi::Env env);
  // Keeps the process alive exactly while somebody waits for an answer.
  void UpdateReference(Napi::Env env);

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Append(const Napi::CallbackInfo& info);
  Napi::Value SaveHardState(const Napi::CallbackInfo& info);
  Napi::Value TruncateSuffix(const Napi::CallbackInfo& info);
  Napi::Value TruncatePrefix(const Napi::CallbackInfo& info);
  Napi::Value SaveCommitHint(const Napi::CallbackInfo& info);
  using IndexTermCall = Result<uint64_t> (scriptorium::Journal::*)(uint64_t, scriptorium::IndexTerm);
  Napi::Value SaveIndexTerm(const Napi::CallbackInfo& info, IndexTermCall call);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Group(const Napi::CallbackInfo& info);
  Napi::Value Groups(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);

  Napi::Value Ticket(Napi::Env env, const Result<uint64_t>& ticket);
  bool CheckOpen(Napi::Env env) {
    if (!usable_) Throw(env, Status(Code::kClosed, "the journal is not open"));
    return usable_;
  }
  // Questions are also answered while the journal closes and afterwards.
  bool CheckRecovered(Napi::Env env) {
    if (!recovered_) Throw(env, Status(Code::kClosed, "the journal was never open"));
    return recovered_;
  }
  void ShutDown() {
    usable_ = false;
    if (reads_ != nullptr) reads_->Stop();
    if (journal_ != nullptr) (void)journal_->Close();
  }
  static void OnEnvironmentEnd(void* self) { static_cast<NativeJournal*>(self)->ShutDown(); }
  void LetGo(Napi::Env env) {
    napi_remove_env_cleanup_hook(env, OnEnvironmentEnd, this);
    wake_.Release();
  }

  scriptorium::OpenOptions options_;
  Napi::FunctionReference on_durable_;
  Napi::FunctionReference on_failure_;
  std::unique_ptr<scriptorium::Journal> journal_;
  std::unique_ptr<scriptorium::ReadQueue> reads_;
  bool opened_ = false;
  bool recovered_ = false;
  bool usable_ = false;
  bool referenced_ = false;
  uint64_t last_ticket_ = 0;
  uint64_t delivered_ticket_ = 0;
  bool failure_delivered_ = false;
  size_t pending_reads_ = 0;

  Wake wake_;
  std::atomic<bool> wake_waits_{false};
  std::atomic<uint64_t> durable_ticket_{0};
  std::mutex mutex_;
  Status failure_;
  std::vector<AnsweredRead> answered_;
};

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
  if (Status status = ReadInteger(given, "segmentBytes", kMinSegmentBytesHere, scriptorium::kMaxSegmentBytes,
                                  &options_.segment_bytes);
      !status.ok()) {
    return status;
  }
  if (options_.segment_bytes % scriptorium::kMaxAlignment != 0) {
    return BadArgument("segmentBytes must be a multiple of 65536");
  }
  if (Status status = ReadInteger(given, "maxBlockBytes", 64 << 10, 4 << 20, &block_bytes); !status.ok()) return status;
  if (Status status = ReadInteger(given, "maxPendingBytes", 8 << 20, 1 << 30, &pending_bytes); !status.ok()) {
    return status;
  }
  options_.max_block_bytes = block_bytes;
  options_.max_pending_bytes = pending_bytes;
  options_.allow_buffered = given.Get("allowBuffered").ToBoolean();
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
  UpdateReference(env);
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
        auto opened = scriptorium::Journal::Open(scriptorium::PosixFileSystem(), options_, *this);
        if (opened.ok()) journal_ = std::move(opened.value());
        return opened.status();
      },
      [this](Napi::Env env) -> Napi::Value {
        if (journal_ == nullptr) {
          LetGo(env);
          return env.Undefined();
        }
        reads_ = std::make_unique<scriptorium::ReadQueue>(*journal_);
        recovered_ = true;
        usable_ = true;
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

Napi::Value NativeJournal::SaveHardState(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return info.Env().Undefined();
  Result<uint64_t> group = ToInteger(info[0], "group");
  if (!group.ok()) return Throw(info.Env(), group.status());
  Result<scriptorium::HardState> state = ToHardState(info[1], info[2]);
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
  return SaveIndexTerm(info, &scriptorium::Journal::TruncatePrefix);
}

Napi::Value NativeJournal::SaveCommitHint(const Napi::CallbackInfo& info) {
  return SaveIndexTerm(info, &scriptorium::Journal::SaveCommitHint);
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
  Result<scriptorium::ReadPlan> plan = journal_->PlanRead(group.value(), from.value(), max_bytes.value());
  if (!plan.ok()) return Rejected(env, plan.status());
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, plan.value().bytes);
  auto* read = new PendingRead{Napi::Promise::Deferred::New(env), Napi::Persistent(bytes)};
  ++pending_reads_;
  UpdateReference(env);
  const Napi::Promise promise = read->deferred.Promise();
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
  journal_->VisitGroup(group.value(), [&](const scriptorium::GroupLog& log) { answer = ToObject(info.Env(), log); });
  return answer;
}

Napi::Value NativeJournal::Groups(const Napi::CallbackInfo& info) {
  if (!CheckRecovered(info.Env())) return info.Env().Undefined();
  const std::vector<uint64_t> groups = journal_->Groups();
  Napi::Array answer = Napi::Array::New(info.Env(), groups.size());
  for (uint32_t at = 0; at < groups.size(); ++at) answer[at] = ToNumber(info.Env(), groups[at]);
  return answer;
}

Napi::Value NativeJournal::Stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!CheckRecovered(env)) return env.Undefined();
  const scriptorium::JournalStats stats = journal_->stats();
  Napi::Object object = Napi::Object::New(env);
  object["blocks"] = ToNumber(env, stats.blocks);
  object["blockBytes"] = ToNumber(env, stats.block_bytes);
  object["records"] = ToNumber(env, stats.records);
  object["syncs"] = ToNumber(env, stats.syncs);
  object["lastWriteMicros"] = ToNumber(env, stats.last_write_micros);
  object["lastSyncMicros"] = ToNumber(env, stats.last_sync_micros);
  object["segments"] = ToNumber(env, stats.segments);
  object["segmentBytes"] = ToNumber(env, stats.segment_bytes);
  object["alignment"] = ToNumber(env, stats.alignment);
  object["directIo"] = Napi::Boolean::New(env, stats.direct_io);
  object["fileSystem"] = Napi::String::New(env, stats.file_system);
  return object;
}

// ---- Functions
// --------------------------------------------------------------------------------------------------------

Napi::Value Crc32cOf(const Napi::CallbackInfo& info) {
  Result<std::span<const uint8_t>> bytes = ToBytes(info[0], "bytes");
  if (!bytes.ok()) return Throw(info.Env(), bytes.status());
  const size_t size = bytes.value().size();
  const double start = info[1].IsUndefined() ? 0 : info[1].ToNumber().DoubleValue();
  const double end = info[2].IsUndefined() ? static_cast<double>(size) : info[2].ToNumber().DoubleValue();
  if (!(start >= 0 && start <= end && end <= static_cast<double>(size))) {
    return Throw(info.Env(), BadArgument("start and end must lie within bytes"));
  }
  const auto from = static_cast<size_t>(start);
  return Napi::Number::New(info.Env(),
                           scriptorium::Crc32c(bytes.value().data() + from, static_cast<size_t>(end) - from));
}

Status ReadFormatOptions(const Napi::Object& given, scriptorium::FormatOptions* options) {
  Result<std::string> directory = ToDirectory(given.Get("directory"));
  if (!directory.ok()) return directory.status();
  options->directory = directory.value();
  Result<Id128> cluster_id = ToId(given.Get("clusterId"), "clusterId");
  if (!cluster_id.ok()) return cluster_id.status();
  options->identity.cluster_id = cluster_id.value();
  Result<Id128> storage_uuid = ToId(given.Get("storageUuid"), "storageUuid");
  if (!storage_uuid.ok()) return storage_uuid.status();
  options->identity.storage_uuid = storage_uuid.value();
  Result<std::string> scribe_id = ToScribeId(given.Get("scribeId"));
  if (!scribe_id.ok()) return scribe_id.status();
  options->identity.scribe_id = scribe_id.value();
  if (Status status = ReadInteger(given, "segmentBytes", kMinSegmentBytesHere, scriptorium::kMaxSegmentBytes,
                                  &options->segment_bytes);
      !status.ok()) {
    return status;
  }
  if (options->segment_bytes % scriptorium::kMaxAlignment != 0) {
    return BadArgument("segmentBytes must be a multiple of 65536");
  }
  options->allow_buffered = given.Get("allowBuffered").ToBoolean();
  const auto genesis = given.Get("genesis").As<Napi::Array>();
  for (uint32_t at = 0; at < genesis.Length(); ++at) {
    const Napi::Value batch = genesis.Get(at);
    Result<std::span<const uint8_t>> bytes = ToBytes(batch, "a genesis batch");
    if (!bytes.ok()) return bytes.status();
    options->genesis.emplace_back(bytes.value().begin(), bytes.value().end());
  }
  if (const Napi::Value state = given.Get("hardState"); !state.IsUndefined()) {
    const auto object = state.As<Napi::Object>();
    Result<uint64_t> group = ToInteger(object.Get("group"), "group");
    if (!group.ok()) return group.status();
    Result<scriptorium::HardState> hard_state = ToHardState(object.Get("term"), object.Env().Null());
    if (!hard_state.ok()) return hard_state.status();
    options->hard_state_group = group.value();
    options->hard_state = hard_state.value();
  }
  return Status();
}

Napi::Value Format(const Napi::CallbackInfo& info) {
  auto options = std::make_shared<scriptorium::FormatOptions>();
  if (Status status = ReadFormatOptions(info[0].As<Napi::Object>(), options.get()); !status.ok()) {
    return Rejected(info.Env(), status);
  }
  return Task::Start(
      info.Env(), [options] { return scriptorium::Journal::Format(scriptorium::PosixFileSystem(), *options); },
      [](Napi::Env env) -> Napi::Value { return env.Undefined(); });
}

Napi::Object ToObject(Napi::Env env, const scriptorium::Inspection& inspection) {
  Napi::Object object = Napi::Object::New(env);
  object["identity"] = inspection.identity ? ToObject(env, *inspection.identity) : env.Null();
  Napi::Array segments = Napi::Array::New(env, inspection.segments.size());
  for (uint32_t at = 0; at < inspection.segments.size(); ++at) {
    const scriptorium::SegmentHeader& header = inspection.segments[at];
    Napi::Object segment = Napi::Object::New(env);
    segment["name"] = Napi::String::New(env, scriptorium::SegmentName(header.number));
    segment["number"] = ToNumber(env, header.number);
    segment["segmentBytes"] = ToNumber(env, header.segment_bytes);
    segment["alignment"] = ToNumber(env, header.alignment);
    segment["createdMillis"] = ToNumber(env, header.created_millis);
    segments[at] = segment;
  }
  object["segments"] = segments;
  Napi::Array blocks = Napi::Array::New(env, inspection.blocks.size());
  for (uint32_t at = 0; at < inspection.blocks.size(); ++at) {
    const scriptorium::BlockSummary& summary = inspection.blocks[at];
    Napi::Object block = Napi::Object::New(env);
    block["segment"] = ToNumber(env, summary.segment);
    block["offset"] = ToNumber(env, summary.header.offset);
    block["sequence"] = ToNumber(env, summary.header.sequence);
    block["durableThrough"] = ToNumber(env, summary.header.durable_through);
    block["records"] = ToNumber(env, summary.header.record_count);
    block["bodyBytes"] = ToNumber(env, summary.header.body_bytes);
    block["blockBytes"] = ToNumber(env, summary.header.block_bytes);
    blocks[at] = block;
  }
  object["blocks"] = blocks;
  object["report"] = ToObject(env, inspection.report);
  object["failure"] = inspection.verdict.ok() ? env.Null() : ToError(env, inspection.verdict).Value();
  return object;
}

Napi::Value Inspect(const Napi::CallbackInfo& info) {
  Result<std::string> directory = ToDirectory(info[0]);
  if (!directory.ok()) return Rejected(info.Env(), directory.status());
  Result<uint64_t> max_blocks = ToInteger(info[1], "maxBlocks");
  if (!max_blocks.ok()) return Rejected(info.Env(), max_blocks.status());
  auto inspection = std::make_shared<scriptorium::Inspection>();
  return Task::Start(
      info.Env(),
      [inspection, directory = directory.value(), max_blocks = max_blocks.value()] {
        *inspection = scriptorium::InspectDirectory(scriptorium::PosixFileSystem(), directory, max_blocks);
        return Status();
      },
      [inspection](Napi::Env env) -> Napi::Value { return ToObject(env, *inspection); });
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  exports["NativeJournal"] = NativeJournal::Class(env);
  exports["crc32c"] = Napi::Function::New<Crc32cOf>(env, "crc32c");
  exports["format"] = Napi::Function::New<Format>(env, "format");
  exports["inspect"] = Napi::Function::New<Inspect>(env, "inspect");
  return exports;
}

}  // namespace

NODE_API_MODULE(scriptorium, Initialize)
