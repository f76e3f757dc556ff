// Work that waits for the disk, off the main thread, answered by a promise. For opening, formatting, closing and
// inspecting only: appending and reading have threads of their own.
#ifndef SCRIPTORIUM_ADDON_TASK_H_
#define SCRIPTORIUM_ADDON_TASK_H_

#include <napi.h>

#include <functional>
#include <utility>

#include "addon_promise.h"
#include "addon_values.h"

namespace scriptorium::addon {

// Runs `work` on another thread, then settles a promise: with `value`'s result, or with the status of `work`.
class Task final : public Napi::AsyncWorker {
 public:
  using Work = std::function<Status()>;
  using Value = std::function<Napi::Value(Napi::Env)>;

  static Napi::Value Start(Napi::Env env, Work work, Value value) {
    auto* task = new Task(env, std::move(work), std::move(value));
    const Napi::Value promise = task->deferred_.Promise();
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

  Deferred deferred_;
  Work work_;
  Value value_;
  Status status_;
};

inline Napi::Value Rejected(Napi::Env env, const Status& status) {
  Deferred deferred(env);
  deferred.Reject(ToError(env, status).Value());
  return deferred.Promise();
}

}  // namespace scriptorium::addon

#endif  // SCRIPTORIUM_ADDON_TASK_H_
