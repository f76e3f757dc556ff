#include "base_record.h"

#include <cstring>

#include "varint.h"

namespace scriptorium {
namespace {

constexpr uint8_t kHead = 0;
constexpr uint8_t kGroup = 1;

Status Rotten(const char* what) { return Status(Code::kRotten, std::string("a base record ") + what); }

void Put(std::vector<uint8_t>* to, IndexTerm value) {
  PutVarint(to, value.index);
  PutVarint(to, value.term);
}

IndexTerm NextIndexTerm(VarintReader* from) {
  const uint64_t index = from->NextUpTo(kMaxInteger);
  return {index, from->NextUpTo(kMaxInteger)};
}

// What GroupLog takes for granted of its own state.
bool Possible(const GroupBase& base) {
  if (base.tail.index < base.log_start.index || base.tail.term < base.log_start.term) return false;
  if (base.tail.index == base.log_start.index) {
    return base.tail == base.log_start && base.term_runs.empty() && base.configurations.empty();
  }
  if (base.term_runs.empty() || base.term_runs.front().first_index != base.log_start.index + 1) return false;
  uint64_t term = base.log_start.term;
  for (const TermRun& run : base.term_runs) {
    if (run.term < term || run.first_index > base.tail.index) return false;
    term = run.term;
  }
  if (term != base.tail.term) return false;
  return base.configurations.empty() || base.configurations.back() <= base.tail.index;
}

}  // namespace

std::vector<uint8_t> EncodeGroupBase(const GroupBase& base) {
  std::vector<uint8_t> bytes{kGroup};
  Put(&bytes, base.log_start);
  Put(&bytes, base.tail);
  Put(&bytes, base.commit_hint);
  PutVarint(&bytes, base.hard_state.term);
  bytes.insert(bytes.end(), base.hard_state.voted_for.begin(), base.hard_state.voted_for.end());
  PutVarint(&bytes, base.term_runs.size());
  TermRun last{0, 0};
  for (const TermRun& run : base.term_runs) {
    PutVarint(&bytes, run.term - last.term);
    PutVarint(&bytes, run.first_index - last.first_index);
    last = run;
  }
  PutVarint(&bytes, base.configurations.size());
  uint64_t previous = 0;
  for (const uint64_t index : base.configurations) {
    PutVarint(&bytes, index - previous);
    previous = index;
  }
  return bytes;
}

Result<GroupBase> DecodeGroupBase(std::span<const uint8_t> payload) {
  if (payload.empty() || payload[0] != kGroup) return Rotten("is of no known kind");
  VarintReader reader(payload.subspan(1));
  GroupBase base;
  base.log_start = NextIndexTerm(&reader);
  base.tail = NextIndexTerm(&reader);
  base.commit_hint.index = reader.Next();
  base.commit_hint.term = reader.Next();
  base.hard_state.term = reader.NextUpTo(kMaxInteger);
  if (const auto vote = reader.Bytes(base.hard_state.voted_for.size()); !vote.empty()) {
    std::memcpy(base.hard_state.voted_for.data(), vote.data(), vote.size());
  }
  // A run takes at least two bytes and a configuration one, which bounds what is allocated for them.
  const uint64_t runs = reader.NextUpTo(reader.left() / 2);
  TermRun last{0, 0};
  for (uint64_t run = 0; run < runs && reader.ok(); ++run) {
    const uint64_t term_step = reader.NextUpTo(kMaxInteger - last.term);
    const uint64_t index_step = reader.NextUpTo(kMaxInteger - last.first_index);
    if (run > 0 && (term_step == 0 || index_step == 0)) return Rotten("has term runs out of order");
    last = {last.term + term_step, last.first_index + index_step};
    base.term_runs.push_back(last);
  }
  const uint64_t configurations = reader.NextUpTo(reader.left());
  uint64_t previous = 0;
  for (uint64_t at = 0; at < configurations && reader.ok(); ++at) {
    const uint64_t step = reader.NextUpTo(kMaxInteger - previous);
    if (step == 0) return Rotten("has configurations out of order");
    previous += step;
    base.configurations.push_back(previous);
  }
  if (!reader.done()) return Rotten("has the wrong length");
  if (!Possible(base)) return Rotten("tells of a log that cannot be");
  return base;
}

std::vector<uint8_t> EncodeBaseHead(const BaseHead& head) {
  std::vector<uint8_t> bytes{kHead};
  PutVarint(&bytes, head.groups);
  return bytes;
}

bool IsBaseHead(std::span<const uint8_t> payload) { return !payload.empty() && payload[0] == kHead; }

Result<BaseHead> DecodeBaseHead(std::span<const uint8_t> payload) {
  if (!IsBaseHead(payload)) return Rotten("is not the head where one must stand");
  VarintReader reader(payload.subspan(1));
  BaseHead head;
  head.groups = reader.Next();
  if (!reader.done()) return Rotten("has the wrong length");
  return head;
}

}  // namespace scriptorium
