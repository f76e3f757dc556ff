// The journal as a JavaScript object. With io_uring the environment's own thread drives it: flush() at the end of a
// tick submits what was appended, and the event loop watches for what completed. The engine's threads, which do all of
// it in the other write modes, reach JavaScript through one thread-safe function per journal, and at most one call of
// it waits at any time, however many records became durable or reads were answered since.
#ifndef SCRIPTORIUM_ADDON_JOURNAL_H_
#define SCRIPTORIUM_ADDON_JOURNAL_H_

#include <napi.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "addon_loop.h"
#include "addon_promise.h"
#include "addon_values.h"
#include "journal.h"
#include "read_queue.h"

namespace scriptorium::addon {

class NativeJournal;
void OnWake(Napi::Env env, Napi::Function, NativeJournal* journal, void*);
using Wake = Napi::TypedThreadSafeFunction<NativeJournal, void, &OnWake>;

// new NativeJournal(options, onDurable, onFailure, onDamage, onSpace); then open(), the rest, close(). Between open()
// and the end of close() the object holds itself: an open journal is not collected.
class NativeJournal final : public Napi::ObjectWrap<NativeJournal>, private JournalListener {
 public:
  static Napi::Function Class(Napi::Env env) {
    return DefineClass(
        env, "NativeJournal",
        {InstanceMethod<&NativeJournal::Open>("open"), InstanceMethod<&NativeJournal::Close>("close"),
         InstanceMethod<&NativeJournal::Append>("append"), InstanceMethod<&NativeJournal::Flush>("flush"),
         InstanceMethod<&NativeJournal::SealAndAppend>("sealAndAppend"),
         InstanceMethod<&NativeJournal::Admits>("admits"),
         InstanceMethod<&NativeJournal::SaveHardState>("saveHardState"),
         InstanceMethod<&NativeJournal::TruncateSuffix>("truncateSuffix"),
         InstanceMethod<&NativeJournal::TruncatePrefix>("truncatePrefix"),
         InstanceMethod<&NativeJournal::SaveCommitHint>("saveCommitHint"), InstanceMethod<&NativeJournal::Read>("read"),
         InstanceMethod<&NativeJournal::Group>("group"), InstanceMethod<&NativeJournal::Groups>("groups"),
         InstanceMethod<&NativeJournal::Repair>("repair"), InstanceMethod<&NativeJournal::Damage>("damage"),
         InstanceMethod<&NativeJournal::Stats>("stats")});
  }

  explicit NativeJournal(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    if (Status status = ReadOptions(info[0].As<Napi::Object>()); !status.ok()) {
      Throw(info.Env(), status);
      return;
    }
    on_durable_ = Napi::Persistent(info[1].As<Napi::Function>());
    on_failure_ = Napi::Persistent(info[2].As<Napi::Function>());
    on_damage_ = Napi::Persistent(info[3].As<Napi::Function>());
    on_space_ = Napi::Persistent(info[4].As<Napi::Function>());
  }

  ~NativeJournal() override { ShutDown(); }

  // Hands JavaScript what happened since the last time.
  void Deliver(Napi::Env env);

 private:
  struct PendingRead {
    Deferred deferred;
    Napi::Reference<Napi::Uint8Array> bytes;
  };
  struct AnsweredRead {
    PendingRead* read;
    Status status;
  };
  Status ReadOptions(const Napi::Object& given);
  Status ReadWriteOptions(const Napi::Object& given);

  // Whichever thread moves the journal on.
  void OnDurable(uint64_t ticket) override {
    durable_ticket_.store(ticket, std::memory_order_release);
    // What the loop's own thread finds has signalled the loop as well.
    if (std::this_thread::get_id() != thread_ || !driving_) WakeUp();
  }
  void OnFailure(const Status& status) override {
    {
      const std::lock_guard lock(mutex_);
      failure_ = status;
    }
    WakeUp();
  }
  void OnDamage(const DamagedRange& range) override {
    {
      const std::lock_guard lock(mutex_);
      damage_.push_back(range);
    }
    WakeUp();
  }
  void OnSpace() override {
    space_changed_ = true;
    WakeUp();
  }
  void OnDriveable() override {
    driveable_ = true;
    WakeUp();
  }
  void WakeUp() {
    if (!wake_waits_.exchange(true)) wake_.NonBlockingCall();
  }
  void Drive();

  void DeliverReads(Napi::Env env);
  void DeliverDamage(Napi::Env env);
  void DeliverSpace(Napi::Env env);
  // Keeps the process alive exactly while somebody waits for an answer.
  void UpdateReference(Napi::Env env);

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Append(const Napi::CallbackInfo& info);
  Napi::Value SealAndAppend(const Napi::CallbackInfo& info);
  Napi::Value Admits(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value SaveHardState(const Napi::CallbackInfo& info);
  Napi::Value TruncateSuffix(const Napi::CallbackInfo& info);
  Napi::Value TruncatePrefix(const Napi::CallbackInfo& info);
  Napi::Value SaveCommitHint(const Napi::CallbackInfo& info);
  using IndexTermCall = Result<uint64_t> (Journal::*)(uint64_t, IndexTerm);
  Napi::Value SaveIndexTerm(const Napi::CallbackInfo& info, IndexTermCall call);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Group(const Napi::CallbackInfo& info);
  Napi::Value Groups(const Napi::CallbackInfo& info);
  Napi::Value Repair(const Napi::CallbackInfo& info);
  Napi::Value Damage(const Napi::CallbackInfo& info);
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
    StopWatching();
    if (reads_ != nullptr) reads_->Stop();
    if (journal_ != nullptr) (void)journal_->Close();
  }
  void StopWatching() {
    if (watch_ != nullptr) std::exchange(watch_, nullptr)->Stop();
  }
  static void OnEnvironmentEnd(void* self) { static_cast<NativeJournal*>(self)->ShutDown(); }
  void LetGo(Napi::Env env) {
    napi_remove_env_cleanup_hook(env, OnEnvironmentEnd, this);
    wake_.Release();
  }

  OpenOptions options_;
  Napi::FunctionReference on_durable_;
  Napi::FunctionReference on_failure_;
  Napi::FunctionReference on_damage_;
  Napi::FunctionReference on_space_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<ReadQueue> reads_;
  bool opened_ = false;
  bool recovered_ = false;
  bool usable_ = false;
  bool referenced_ = false;
  uint64_t last_ticket_ = 0;
  uint64_t delivered_ticket_ = 0;
  bool failure_delivered_ = false;
  size_t pending_reads_ = 0;

  const std::thread::id thread_ = std::this_thread::get_id();
  bool driving_ = false;  // Only on that thread.
  LoopWatch* watch_ = nullptr;
  std::atomic<bool> driveable_{false};
  std::atomic<bool> space_changed_{false};
  bool lacked_space_ = false;  // As far as JavaScript was told.
  Wake wake_;
  std::atomic<bool> wake_waits_{false};
  std::atomic<uint64_t> durable_ticket_{0};
  std::mutex mutex_;
  Status failure_;
  std::vector<AnsweredRead> answered_;
  std::vector<DamagedRange> damage_;  // Not yet delivered.
};

}  // namespace scriptorium::addon

#endif  // SCRIPTORIUM_ADDON_JOURNAL_H_
