// What the native tests share: batches made by hand, a journal without threads on a disk that fails, and a model of
// what a journal should hold that shares no code with the engine.
#ifndef SCRIPTORIUM_TEST_FIXTURE_H_
#define SCRIPTORIUM_TEST_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../crc32c.h"
#include "../file_fault.h"
#include "../journal.h"
#include "../little_endian.h"

namespace scriptorium::test {

using Bytes = std::vector<uint8_t>;

inline constexpr char kDirectory[] = "/disk/journal";
inline constexpr uint64_t kTinySegment = 84 << 10;

inline Bytes MakeBatch(uint64_t group, uint64_t term, uint64_t first_index, uint32_t count, uint32_t entry_bytes,
                       uint8_t kind = 1) {
  Bytes bytes(56 + size_t{count} * (4 + entry_bytes));
  uint8_t* at = bytes.data();
  for (uint32_t entry = 0; entry < count; ++entry) {
    uint8_t* to = at + 56 + size_t{entry} * (4 + entry_bytes);
    Store<uint32_t>(to, entry_bytes);
    // Half of the entries are mostly zeros, so that a zero sector proves nothing by itself.
    for (uint32_t byte = 0; byte < entry_bytes; ++byte) {
      to[4 + byte] = static_cast<uint8_t>((first_index + entry) % 2 == 0 || byte % 700 == 0 ? first_index + byte : 0);
    }
  }
  Store<uint32_t>(at, 0x54414253);
  at[4] = 1;
  at[5] = kind;
  Store<uint64_t>(at + 8, group);
  Store<uint64_t>(at + 16, term);
  Store<uint64_t>(at + 24, first_index);
  Store<uint64_t>(at + 32, 1'700'000'000'000);
  Store<uint32_t>(at + 40, count);
  Store<uint32_t>(at + 44, static_cast<uint32_t>(bytes.size() - 56));
  Store<uint32_t>(at + 48, Crc32c(at + 56, bytes.size() - 56));
  Store<uint32_t>(at + 52, Crc32c(at, 52));
  return bytes;
}

inline Identity MakeIdentity() {
  Identity identity;
  identity.cluster_id.fill(0xc1);
  identity.scribe_id = "scribe-1";
  identity.storage_uuid.fill(0x51);
  return identity;
}

inline Id128 Incarnation(uint8_t byte) {
  Id128 id;
  id.fill(byte);
  return id;
}

class Recorder final : public JournalListener {
 public:
  void OnDurable(uint64_t ticket) override {
    // Acknowledgements are in order and never follow a failure.
    if (ticket <= durable || failures > 0) std::abort();
    durable = ticket;
  }
  void OnFailure(const Status& status) override {
    ++failures;
    failure = status;
  }
  void OnSpace() override { ++spaces; }
  uint64_t durable = 0;
  int failures = 0;
  int spaces = 0;
  Status failure;
};

inline FormatOptions TinyFormat() {
  FormatOptions options;
  options.directory = kDirectory;
  options.identity = MakeIdentity();
  options.segment_bytes = kTinySegment;
  return options;
}

inline OpenOptions TinyOpen(WriteMode mode = WriteMode::kSync) {
  OpenOptions options;
  options.directory = kDirectory;
  options.max_block_bytes = 64 << 10;
  options.max_pending_bytes = 1 << 20;
  options.driven_by = DrivenBy::kNobody;
  options.write_mode = mode;
  return options;
}

// Everything a journal says about itself, as text; batches are read back through the engine.
inline std::string Describe(Journal& journal) {
  std::string text;
  for (const uint64_t group : journal.Groups()) {
    uint64_t first = 0;
    uint64_t tail = 0;
    journal.VisitGroup(group, [&](const GroupLog& log) {
      text += "group " + std::to_string(group) + " start " + std::to_string(log.log_start().index) + "/" +
              std::to_string(log.log_start().term) + " tail " + std::to_string(log.tail().index) + "/" +
              std::to_string(log.tail().term) + " hard " + std::to_string(log.hard_state().term) + "/" +
              ToHex(log.hard_state().voted_for) + " hint " + std::to_string(log.commit_hint().index) + "/" +
              std::to_string(log.commit_hint().term) + "\n";
      first = log.log_start().index + 1;
      tail = log.tail().index;
    });
    if (first > tail) continue;
    Result<ReadPlan> plan = journal.PlanRead(group, first, SIZE_MAX);
    if (!plan.ok()) return text + "unreadable: " + plan.status().message();
    Bytes bytes(plan.value().bytes);
    if (Status status = journal.Read(plan.value(), bytes.data()); !status.ok()) return text + status.message();
    text += std::to_string(bytes.size()) + " bytes, crc " + std::to_string(Crc32c(bytes.data(), bytes.size())) + "\n";
  }
  return text;
}

// The same text from plain facts.
class Model {
 public:
  void Append(const Bytes& batch) {
    Group& group = groups_[Load<uint64_t>(&batch[8])];
    const auto first = Load<uint64_t>(&batch[24]);
    group.batches.push_back({first, first + Load<uint32_t>(&batch[40]) - 1, Load<uint64_t>(&batch[16]), batch});
  }
  void HardState(uint64_t group, uint64_t term, const Id128& vote) {
    groups_[group].hard = std::to_string(term) + "/" + ToHex(vote);
  }
  void Hint(uint64_t group, uint64_t index, uint64_t term) {
    groups_[group].hint = std::to_string(index) + "/" + std::to_string(term);
  }
  void CutSuffix(uint64_t group, uint64_t from) {
    auto& batches = groups_[group].batches;
    while (!batches.empty() && batches.back().first >= from) batches.pop_back();
  }
  void CutPrefix(uint64_t group, uint64_t index, uint64_t term) {
    Group& cut = groups_[group];
    cut.start_index = index;
    cut.start_term = term;
    while (!cut.batches.empty() && cut.batches.front().last <= index) cut.batches.erase(cut.batches.begin());
  }
  uint64_t Tail(uint64_t group) { return TailOf(groups_[group]).first; }
  uint64_t TailTerm(uint64_t group) { return TailOf(groups_[group]).second; }

  std::string Describe() const {
    std::string text;
    for (const auto& [number, group] : groups_) {
      const auto [index, term] = TailOf(group);
      text += "group " + std::to_string(number) + " start " + std::to_string(group.start_index) + "/" +
              std::to_string(group.start_term) + " tail " + std::to_string(index) + "/" + std::to_string(term) +
              " hard " + group.hard + " hint " + group.hint + "\n";
      if (index <= group.start_index) continue;
      Bytes all;
      for (const Batch& batch : group.batches) all.insert(all.end(), batch.bytes.begin(), batch.bytes.end());
      text +=
          std::to_string(all.size()) + " bytes, crc " + std::to_string(Crc32cPortable(all.data(), all.size())) + "\n";
    }
    return text;
  }

 private:
  struct Batch {
    uint64_t first, last, term;
    Bytes bytes;
  };
  struct Group {
    uint64_t start_index = 0, start_term = 0;
    std::string hard = "0/00000000000000000000000000000000";
    std::string hint = "0/0";
    std::vector<Batch> batches;
  };
  static std::pair<uint64_t, uint64_t> TailOf(const Group& group) {
    if (group.batches.empty()) return {group.start_index, group.start_term};
    return {group.batches.back().last, group.batches.back().term};
  }
  std::map<uint64_t, Group> groups_;
};

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_FIXTURE_H_
