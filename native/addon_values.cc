#include "addon_values.h"

#include <cmath>

namespace scriptorium::addon {

Napi::Error ToError(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  // A thread that is being terminated gets no objects; it must not end the process for that.
  if (error.IsEmpty()) return error;
  error.Set("code", Napi::String::New(env, CodeName(status.code())));
  if (!status.file().empty()) {
    error.Set("file", Napi::String::New(env, status.file()));
    error.Set("offset", Napi::Number::New(env, static_cast<double>(status.offset())));
  }
  return error;
}

Napi::Value Throw(Napi::Env env, const Status& status) {
  const Napi::Error error = ToError(env, status);
  if (!error.IsEmpty()) error.ThrowAsJavaScriptException();
  return env.Undefined();
}

Status BadArgument(const std::string& what) { return Status(Code::kBadOption, what); }

Result<uint64_t> ToInteger(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0) || number > static_cast<double>(kMaxInteger) || number != std::floor(number)) {
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
  if (text.empty() || text.size() > kMaxScribeIdBytes) {
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

Result<HardState> ToHardState(const Napi::Value& term, const Napi::Value& voted_for) {
  Result<uint64_t> number = ToInteger(term, "term");
  if (!number.ok()) return number.status();
  HardState state;
  state.term = number.value();
  if (!voted_for.IsNull()) {
    Result<Id128> incarnation = ToId(voted_for, "votedFor");
    if (!incarnation.ok()) return incarnation.status();
    state.voted_for = incarnation.value();
  }
  return state;
}

Napi::Number ToNumber(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Object ToObject(Napi::Env env, const IndexTerm& value) {
  Napi::Object object = Napi::Object::New(env);
  object["index"] = ToNumber(env, value.index);
  object["term"] = ToNumber(env, value.term);
  return object;
}

Napi::Object ToObject(Napi::Env env, const Identity& identity) {
  Napi::Object object = Napi::Object::New(env);
  object["clusterId"] = Napi::String::New(env, ToHex(identity.cluster_id));
  object["scribeId"] = Napi::String::New(env, identity.scribe_id);
  object["storageUuid"] = Napi::String::New(env, ToHex(identity.storage_uuid));
  return object;
}

Napi::Object ToObject(Napi::Env env, const RecoveryReport& report) {
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
  object["damagedBlocks"] = ToNumber(env, report.damaged_blocks);
  object["rebuiltBlocks"] = ToNumber(env, report.rebuilt_blocks);
  object["headerCopiesUsed"] = ToNumber(env, report.header_copies_used);
  return object;
}

Napi::Object ToObject(Napi::Env env, const GroupLog& log) {
  Napi::Object hard_state = Napi::Object::New(env);
  hard_state["term"] = ToNumber(env, log.hard_state().term);
  if (log.hard_state().voted_for == Id128{}) {
    hard_state["votedFor"] = env.Null();
  } else {
    hard_state["votedFor"] = Napi::String::New(env, ToHex(log.hard_state().voted_for));
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

Napi::Object ToObject(Napi::Env env, const DamagedRange& range) {
  Napi::Object object = Napi::Object::New(env);
  object["group"] = ToNumber(env, range.group);
  object["from"] = ToNumber(env, range.from);
  object["to"] = ToNumber(env, range.to);
  const bool hole = range.at.segment == 0;
  object["segment"] = hole ? env.Null() : Napi::String::New(env, SegmentName(range.at.segment));
  object["offset"] = hole ? env.Null() : ToNumber(env, range.at.offset);
  return object;
}

Napi::Array ToArray(Napi::Env env, const std::vector<DamagedRange>& ranges) {
  Napi::Array array = Napi::Array::New(env, ranges.size());
  for (uint32_t at = 0; at < ranges.size(); ++at) array[at] = ToObject(env, ranges[at]);
  return array;
}

Napi::Object ToObject(Napi::Env env, const Inspection& inspection) {
  Napi::Object object = Napi::Object::New(env);
  object["identity"] = inspection.identity ? ToObject(env, *inspection.identity) : env.Null();
  Napi::Array segments = Napi::Array::New(env, inspection.segments.size());
  for (uint32_t at = 0; at < inspection.segments.size(); ++at) {
    const SegmentHeader& header = inspection.segments[at];
    Napi::Object segment = Napi::Object::New(env);
    segment["name"] = Napi::String::New(env, SegmentName(header.number));
    segment["number"] = ToNumber(env, header.number);
    segment["segmentBytes"] = ToNumber(env, header.segment_bytes);
    segment["alignment"] = ToNumber(env, header.alignment);
    segment["createdMillis"] = ToNumber(env, header.created_millis);
    segments[at] = segment;
  }
  object["segments"] = segments;
  Napi::Array blocks = Napi::Array::New(env, inspection.blocks.size());
  for (uint32_t at = 0; at < inspection.blocks.size(); ++at) {
    const BlockSummary& summary = inspection.blocks[at];
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
  object["damage"] = ToArray(env, inspection.damage);
  object["failure"] = inspection.verdict.ok() ? env.Null() : ToError(env, inspection.verdict).Value();
  return object;
}

namespace {

Napi::Array ToNames(Napi::Env env, const std::vector<uint64_t>& segments) {
  Napi::Array names = Napi::Array::New(env, segments.size());
  for (uint32_t at = 0; at < segments.size(); ++at) names[at] = Napi::String::New(env, SegmentName(segments[at]));
  return names;
}

Napi::Object ToObject(Napi::Env env, const Cut& cut) {
  Napi::Object object = Napi::Object::New(env);
  object["segment"] = Napi::String::New(env, SegmentName(cut.at.segment));
  object["offset"] = ToNumber(env, cut.at.offset);
  Napi::Array keeps = Napi::Array::New(env, cut.keeps.size());
  for (uint32_t at = 0; at < cut.keeps.size(); ++at) {
    Napi::Object kept = Napi::Object::New(env);
    kept["group"] = ToNumber(env, cut.keeps[at].group);
    kept["tail"] = addon::ToObject(env, cut.keeps[at].tail);
    keeps[at] = kept;
  }
  object["keeps"] = keeps;
  const BehindEnd& loses = cut.loses;
  Napi::Array ranges = Napi::Array::New(env);
  for (const auto& [group, range] : loses.lost) {
    Napi::Object lost = Napi::Object::New(env);
    lost["group"] = ToNumber(env, group);
    lost["from"] = ToNumber(env, range.from);
    lost["to"] = ToNumber(env, range.to);
    ranges[ranges.Length()] = lost;
  }
  Napi::Object behind = Napi::Object::New(env);
  behind["bytes"] = ToNumber(env, loses.bytes);
  behind["blocks"] = ToNumber(env, loses.blocks);
  behind["batches"] = ranges;
  behind["votes"] = Napi::Boolean::New(env, loses.votes);
  behind["segments"] = ToNames(env, loses.segments);
  object["loses"] = behind;
  return object;
}

}  // namespace

Napi::Object ToObject(Napi::Env env, const RepairPlan& plan) {
  Napi::Object object = ToObject(env, plan.inspection);
  object["headers"] = ToNames(env, plan.headers);
  object["cut"] = plan.cut ? ToObject(env, *plan.cut) : env.Null();
  return object;
}

Napi::Object ToObject(Napi::Env env, const Repaired& repaired) {
  Napi::Array set_aside = Napi::Array::New(env, repaired.set_aside.size());
  for (uint32_t at = 0; at < repaired.set_aside.size(); ++at) {
    set_aside[at] = Napi::String::New(env, repaired.set_aside[at]);
  }
  Napi::Object object = Napi::Object::New(env);
  object["headers"] = ToNames(env, repaired.headers);
  object["setAside"] = set_aside;
  return object;
}

Napi::Object ToObject(Napi::Env env, const DiskProbe& probe) {
  Napi::Array rows = Napi::Array::New(env, probe.rows.size());
  for (uint32_t at = 0; at < probe.rows.size(); ++at) {
    const ProbedWrites& row = probe.rows[at];
    Napi::Object object = Napi::Object::New(env);
    object["writeMode"] = Napi::String::New(env, WriteModeName(row.mode));
    object["inFlight"] = ToNumber(env, row.in_flight);
    object["bytes"] = ToNumber(env, row.bytes);
    object["p50Micros"] = Napi::Number::New(env, row.p50_micros);
    object["p99Micros"] = Napi::Number::New(env, row.p99_micros);
    object["writesPerSecond"] = Napi::Number::New(env, row.writes_per_second);
    object["failure"] = row.status.ok() ? env.Null() : Napi::String::New(env, row.status.message());
    rows[at] = object;
  }
  Napi::Object object = Napi::Object::New(env);
  object["fileSystem"] = Napi::String::New(env, probe.volume.file_system);
  object["directIo"] = Napi::Boolean::New(env, probe.volume.direct);
  object["alignment"] = ToNumber(env, probe.volume.alignment);
  object["rows"] = rows;
  return object;
}

}  // namespace scriptorium::addon
