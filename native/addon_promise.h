// A promise that may not have been made: a thread that is being terminated gets no objects, and what it is given
// instead must not be garbage. Empty, it settles nothing and its value is undefined.
#ifndef SCRIPTORIUM_ADDON_PROMISE_H_
#define SCRIPTORIUM_ADDON_PROMISE_H_

#include <napi.h>

namespace scriptorium::addon {

class Deferred {
 public:
  explicit Deferred(Napi::Env env) : env_(env) {
    if (napi_create_promise(env, &deferred_, &promise_) != napi_ok) deferred_ = nullptr;
  }
  // Only in the scope in which it was made.
  Napi::Value Promise() const { return deferred_ == nullptr ? Napi::Value() : Napi::Value(env_, promise_); }
  void Resolve(napi_value value) {
    if (deferred_ != nullptr) (void)napi_resolve_deferred(env_, deferred_, value);
  }
  void Reject(napi_value value) {
    if (deferred_ != nullptr) (void)napi_reject_deferred(env_, deferred_, value);
  }

 private:
  Napi::Env env_;
  napi_deferred deferred_ = nullptr;
  napi_value promise_ = nullptr;
};

}  // namespace scriptorium::addon

#endif  // SCRIPTORIUM_ADDON_PROMISE_H_
