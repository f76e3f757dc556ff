// Watches a descriptor from the event loop of one environment: how a driven journal hears of its disk without a thread
// in between. All calls on the environment's own thread. The object ends itself: after Stop, or when the environment
// does, the callback is not called any more.
#ifndef SCRIPTORIUM_ADDON_LOOP_H_
#define SCRIPTORIUM_ADDON_LOOP_H_

#include <napi.h>
#include <uv.h>

#include <functional>

namespace scriptorium::addon {

class LoopWatch {
 public:
  // `ready` is called in a scope of its own each time the descriptor, an eventfd, was signalled. Holds nothing alive
  // until Reference(true). Null if the loop takes no more handles.
  static LoopWatch* Start(Napi::Env env, int descriptor, std::function<void(Napi::Env)> ready);
  // Whether the process stays alive for this.
  void Reference(bool alive);
  // Ends the watch; the pointer is not to be used afterwards.
  void Stop();

 private:
  LoopWatch(Napi::Env env, int descriptor, std::function<void(Napi::Env)> ready)
      : env_(env), context_(env, "scriptorium journal"), descriptor_(descriptor), ready_(std::move(ready)) {}
  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* watch);

  Napi::Env env_;
  Napi::AsyncContext context_;
  int descriptor_;
  std::function<void(Napi::Env)> ready_;
  uv_poll_t poll_{};
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool stopped_ = false;
};

}  // namespace scriptorium::addon

#endif  // SCRIPTORIUM_ADDON_LOOP_H_
