// The Node-API layer: checks arguments, converts values, keeps promises; decides nothing.
#include <napi.h>

#include <cstring>
#include <ctime>
#include <memory>

#include "addon_journal.h"
#include "addon_task.h"
#include "addon_values.h"
#include "crc32c.h"
#include "memory_holder.h"
#include "probe_disk.h"

namespace scriptorium::addon {
namespace {

Napi::Value Crc32cOf(const Napi::CallbackInfo& info) {
  Result<std::span<const uint8_t>> bytes = ToBytes(info[0], "bytes");
  if (!bytes.ok()) return Throw(info.Env(), bytes.status());
  const size_t size = bytes.value().size();
  Result<uint64_t> start = info[1].IsUndefined() ? Result<uint64_t>(0) : ToInteger(info[1], "start");
  Result<uint64_t> end = info[2].IsUndefined() ? Result<uint64_t>(size) : ToInteger(info[2], "end");
  if (!start.ok() || !end.ok() || start.value() > end.value() || end.value() > size) {
    return Throw(info.Env(), BadArgument("start and end must be integers within bytes"));
  }
  const size_t from = start.value();
  return Napi::Number::New(info.Env(), Crc32c(bytes.value().data() + from, end.value() - from));
}

// Whoever has no cluster to name needs an id all the same: no two directories may be taken for each other.
Result<Id128> ToIdOrChance(const Napi::Value& value, const char* name) {
  if (!value.IsUndefined()) return ToId(value, name);
  Id128 id;
  for (size_t at = 0; at < id.size(); at += sizeof(uint64_t)) {
    const uint64_t chance = PosixFileSystem().RandomNumber();
    std::memcpy(id.data() + at, &chance, sizeof chance);
  }
  return id;
}

Status ReadFormatOptions(const Napi::Object& given, FormatOptions* options) {
  Result<std::string> directory = ToDirectory(given.Get("directory"));
  if (!directory.ok()) return directory.status();
  options->directory = directory.value();
  Result<Id128> cluster_id = ToIdOrChance(given.Get("clusterId"), "clusterId");
  if (!cluster_id.ok()) return cluster_id.status();
  options->identity.cluster_id = cluster_id.value();
  Result<Id128> storage_uuid = ToIdOrChance(given.Get("storageUuid"), "storageUuid");
  if (!storage_uuid.ok()) return storage_uuid.status();
  options->identity.storage_uuid = storage_uuid.value();
  Result<std::string> scribe_id = ToScribeId(given.Get("scribeId"));
  if (!scribe_id.ok()) return scribe_id.status();
  options->identity.scribe_id = scribe_id.value();
  if (Status status =
          ReadInteger(given, "segmentBytes", kMinOfferedSegmentBytes, kMaxSegmentBytes, &options->segment_bytes);
      !status.ok()) {
    return status;
  }
  if (options->segment_bytes % kMaxAlignment != 0) {
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
    Result<HardState> hard_state = ToHardState(object.Get("term"), object.Env().Null());
    if (!hard_state.ok()) return hard_state.status();
    options->hard_state_group = group.value();
    options->hard_state = hard_state.value();
  }
  return Status();
}

Napi::Value Format(const Napi::CallbackInfo& info) {
  auto options = std::make_shared<FormatOptions>();
  if (Status status = ReadFormatOptions(info[0].As<Napi::Object>(), options.get()); !status.ok()) {
    return Rejected(info.Env(), status);
  }
  return Task::Start(
      info.Env(), [options] { return Journal::Format(PosixFileSystem(), *options); },
      [](Napi::Env env) -> Napi::Value { return env.Undefined(); });
}

// Runs `work` on another thread; settles with what it made, as an object.
template <typename Made>
Napi::Value Answer(Napi::Env env, std::function<Result<Made>()> work) {
  auto made = std::make_shared<Made>();
  return Task::Start(
      env,
      [made, work = std::move(work)] {
        Result<Made> result = work();
        if (result.ok()) *made = std::move(result.value());
        return result.status();
      },
      [made](Napi::Env answering) -> Napi::Value { return ToObject(answering, *made); });
}

Napi::Value Inspect(const Napi::CallbackInfo& info) {
  Result<std::string> directory = ToDirectory(info[0]);
  if (!directory.ok()) return Rejected(info.Env(), directory.status());
  Result<uint64_t> max_blocks = ToInteger(info[1], "maxBlocks");
  if (!max_blocks.ok()) return Rejected(info.Env(), max_blocks.status());
  return Answer<Inspection>(info.Env(), [directory = directory.value(), max_blocks = max_blocks.value()] {
    return InspectDirectory(PosixFileSystem(), directory, max_blocks);
  });
}

Napi::Value Plan(const Napi::CallbackInfo& info) {
  Result<std::string> directory = ToDirectory(info[0]);
  if (!directory.ok()) return Rejected(info.Env(), directory.status());
  return Answer<RepairPlan>(info.Env(),
                            [directory = directory.value()] { return PlanRepair(PosixFileSystem(), directory); });
}

Napi::Value Repair(const Napi::CallbackInfo& info) {
  Result<std::string> directory = ToDirectory(info[0]);
  if (!directory.ok()) return Rejected(info.Env(), directory.status());
  std::optional<Position> cut;
  if (!info[1].IsNull()) {
    const auto given = info[1].As<Napi::Object>();
    const std::optional<uint64_t> segment = ParseSegmentName(given.Get("segment").ToString());
    Result<uint64_t> offset = ToInteger(given.Get("offset"), "offset");
    if (!segment || *segment > UINT32_MAX || !offset.ok() || offset.value() > UINT32_MAX) {
      return Rejected(info.Env(), BadArgument("cut must be the name of a segment and an offset in it"));
    }
    cut = {static_cast<uint32_t>(*segment), static_cast<uint32_t>(offset.value())};
  }
  return Answer<Repaired>(
      info.Env(), [directory = directory.value(), cut] { return RepairDirectory(PosixFileSystem(), directory, cut); });
}

Napi::Value Probe(const Napi::CallbackInfo& info) {
  Result<std::string> directory = ToDirectory(info[0]);
  if (!directory.ok()) return Rejected(info.Env(), directory.status());
  Result<uint64_t> writes = ToInteger(info[1], "writes");
  if (!writes.ok()) return Rejected(info.Env(), writes.status());
  if (writes.value() < 10 || writes.value() > 100'000) {
    return Rejected(info.Env(), BadArgument("writes must be from 10 to 100000"));
  }
  return Answer<DiskProbe>(info.Env(), [directory = directory.value(), writes = static_cast<uint32_t>(writes.value())] {
    return ProbeDisk(PosixFileSystem(), directory, writes);
  });
}

Napi::Value BootMillis(const Napi::CallbackInfo& info) {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Napi::Number::New(info.Env(), static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6);
}

Napi::Value Hold(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), HoldMemory()); }

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  exports["NativeJournal"] = NativeJournal::Class(env);
  exports["crc32c"] = Napi::Function::New<Crc32cOf>(env, "crc32c");
  exports["format"] = Napi::Function::New<Format>(env, "format");
  exports["probeDisk"] = Napi::Function::New<Probe>(env, "probeDisk");
  exports["planRepair"] = Napi::Function::New<Plan>(env, "planRepair");
  exports["repair"] = Napi::Function::New<Repair>(env, "repair");
  exports["bootMillis"] = Napi::Function::New<BootMillis>(env, "bootMillis");
  exports["holdMemory"] = Napi::Function::New<Hold>(env, "holdMemory");
  exports["inspect"] = Napi::Function::New<Inspect>(env, "inspect");
  return exports;
}

}  // namespace
}  // namespace scriptorium::addon

using scriptorium::addon::Initialize;
NODE_API_MODULE(scriptorium, Initialize)
