#include "addon_loop.h"

#include <unistd.h>

#include <memory>

namespace scriptorium::addon {

LoopWatch* LoopWatch::Start(Napi::Env env, int descriptor, std::function<void(Napi::Env)> ready) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  std::unique_ptr<LoopWatch> watch(new LoopWatch(env, descriptor, std::move(ready)));
  watch->poll_.data = watch.get();
  if (uv_poll_init(loop, &watch->poll_, descriptor) != 0) return nullptr;
  LoopWatch* started = watch.release();
  uv_unref(reinterpret_cast<uv_handle_t*>(&started->poll_));
  uv_poll_start(&started->poll_, UV_READABLE, OnReadable);
  napi_add_async_cleanup_hook(env, OnEnvironmentEnd, started, &started->hook_);
  return started;
}

void LoopWatch::Reference(bool alive) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  alive ? uv_ref(handle) : uv_unref(handle);
}

void LoopWatch::Stop() {
  if (stopped_) return;
  stopped_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* watch = static_cast<LoopWatch*>(handle->data);
    const napi_async_cleanup_hook_handle hook = watch->hook_;
    delete watch;
    // Only now: the environment may end as soon as the hook is gone, and the context is the environment's.
    napi_remove_async_cleanup_hook(hook);
  });
}

void LoopWatch::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* watch) {
  static_cast<LoopWatch*>(watch)->Stop();
}

void LoopWatch::OnReadable(uv_poll_t* poll, int, int) {
  auto* watch = static_cast<LoopWatch*>(poll->data);
  uint64_t signals = 0;
  // Only clears the signal; what it is about is looked up anyway.
  if (read(watch->descriptor_, &signals, sizeof signals) < 0) return;
  const Napi::Env env = watch->env_;
  const Napi::HandleScope handles(env);
  const Napi::CallbackScope scope(env, watch->context_);
  watch->ready_(env);
  // As with any other callback from the loop: what a listener throws is an uncaught exception.
  if (env.IsExceptionPending()) napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

}  // namespace scriptorium::addon
