// Values between JavaScript and the engine. Whatever comes from JavaScript is checked here, and what is wrong with it
// is said in one sentence that names the argument.
#ifndef SCRIPTORIUM_ADDON_VALUES_H_
#define SCRIPTORIUM_ADDON_VALUES_H_

#include <napi.h>

#include <span>
#include <string>

#include "inspect.h"
#include "journal.h"
#include "offline_repair.h"
#include "probe_disk.h"

namespace scriptorium::addon {

// What the addon offers; the engine itself works with far smaller ones.
inline constexpr uint64_t kMinOfferedSegmentBytes = 16 << 20;

Napi::Error ToError(Napi::Env env, const Status& status);
Napi::Value Throw(Napi::Env env, const Status& status);
Status BadArgument(const std::string& what);
Result<uint64_t> ToInteger(const Napi::Value& value, const char* name);
Status ReadInteger(const Napi::Object& object, const char* name, uint64_t minimum, uint64_t maximum, uint64_t* value);
Result<Id128> ToId(const Napi::Value& value, const char* name);
Result<std::string> ToScribeId(const Napi::Value& value);
Result<std::span<const uint8_t>> ToBytes(const Napi::Value& value, const char* name);
Result<std::string> ToDirectory(const Napi::Value& value);
Result<HardState> ToHardState(const Napi::Value& term, const Napi::Value& voted_for);
Napi::Number ToNumber(Napi::Env env, uint64_t value);
Napi::Object ToObject(Napi::Env env, const IndexTerm& value);
Napi::Object ToObject(Napi::Env env, const Identity& identity);
Napi::Object ToObject(Napi::Env env, const RecoveryReport& report);
Napi::Object ToObject(Napi::Env env, const GroupLog& log);
Napi::Object ToObject(Napi::Env env, const DamagedRange& range);
Napi::Array ToArray(Napi::Env env, const std::vector<DamagedRange>& ranges);
Napi::Object ToObject(Napi::Env env, const Inspection& inspection);
Napi::Object ToObject(Napi::Env env, const RepairPlan& plan);
Napi::Object ToObject(Napi::Env env, const Repaired& repaired);
Napi::Object ToObject(Napi::Env env, const DiskProbe& probe);

}  // namespace scriptorium::addon

#endif  // SCRIPTORIUM_ADDON_VALUES_H_
