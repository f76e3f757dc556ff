// The index of one log against a plain array with one element per entry, over random histories of everything that can
// happen to a log: appends, cuts at both ends, damage, repair, moved batches, and a base from which the rest is a hole.
#include <algorithm>
#include <map>

#include "../file_fault.h"
#include "../log_index.h"
#include "check.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

struct Slot {
  BatchHeader batch;
  Position at;  // Segment 0: a hole.
  bool damaged = false;
};

class Lived {
 public:
  explicit Lived(uint64_t seed) : random_(seed) {}

  void Step() {
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Append();
      case 4:
        return CutSuffix();
      case 5:
        return CutPrefix();
      case 6:
      case 7:
        return Damage();
      case 8:
      case 9:
        return Repair();
      case 10:
        return Move();
      default:
        if (Below(4) == 0) StartFromBase();
    }
  }

  void Check() {
    const uint64_t tail = start_.index + slots_.size();
    CHECK_EQUAL(log_.log_start().index, start_.index);
    CHECK_EQUAL(log_.log_start().term, start_.term);
    CHECK_EQUAL(log_.tail().index, tail);
    CHECK_EQUAL(log_.tail().term, slots_.empty() ? start_.term : slots_.back().batch.term);
    std::vector<uint64_t> configurations;
    for (uint64_t index = start_.index + 1; index <= tail; ++index) {
      const Slot& slot = At(index);
      CHECK_EQUAL(log_.TermAt(index), slot.batch.term);
      const size_t found = log_.Find(index);
      const BatchEntry& entry = log_.batches()[found];
      CHECK_EQUAL(entry.hole(), slot.at.segment == 0);
      CHECK_EQUAL(log_.Unreadable(found), entry.hole() || slot.damaged);
      if (!entry.hole()) {
        CHECK_EQUAL(entry.first_index, slot.batch.first_index);
        CHECK_EQUAL(log_.LastIndexOf(found), slot.batch.last_index());
        CHECK((Position{entry.segment, entry.offset} == slot.at));
        unreadable_ += slot.damaged ? 1 : 0;
      } else {
        ++holes_;
      }
      if (slot.batch.first_index == index && slot.batch.kind == kBatchConfiguration) configurations.push_back(index);
    }
    CHECK(std::vector<uint64_t>(log_.configurations().begin(), log_.configurations().end()) == configurations);
  }

  uint64_t unreadable() const { return unreadable_; }
  uint64_t holes() const { return holes_; }

 private:
  uint64_t Below(uint64_t bound) { return NextRandom(&random_) % bound; }
  Slot& At(uint64_t index) { return slots_[index - start_.index - 1]; }
  Position NewPlace() { return {1 + static_cast<uint32_t>(++places_ / 100), static_cast<uint32_t>(places_ * 64)}; }
  // Any batch of the log; null if there is none.
  Slot* Any() { return slots_.empty() ? nullptr : &slots_[Below(slots_.size())]; }
  template <typename Change>
  void Each(const BatchHeader& batch, Change change) {
    for (Slot& slot : slots_) {
      if (slot.batch.first_index == batch.first_index) change(slot);
    }
  }

  void Append() {
    const uint64_t tail_term = slots_.empty() ? start_.term : slots_.back().batch.term;
    BatchHeader batch{};
    batch.kind = Below(5) == 0 ? kBatchConfiguration : uint8_t{1};
    batch.term = tail_term + (Below(4) == 0 ? 1 : 0);
    batch.first_index = start_.index + slots_.size() + 1;
    batch.count = static_cast<uint32_t>(1 + Below(4));
    batch.body_bytes = static_cast<uint32_t>(8 * batch.count + Below(50));
    batch.body_crc = static_cast<uint32_t>(Below(UINT32_MAX));
    if (Below(6) == 0) {
      BatchHeader wrong = batch;
      if (Below(2) == 0 || tail_term == 0)
        ++wrong.first_index;
      else
        wrong.term = tail_term - 1;
      CHECK(!log_.CheckAppend(wrong).ok());
    }
    CHECK_OK(log_.CheckAppend(batch));
    const Position at = NewPlace();
    log_.ApplyAppend(batch, at);
    for (uint32_t entry = 0; entry < batch.count; ++entry) slots_.push_back({batch, at});
  }

  void CutSuffix() {
    const Slot* slot = Any();
    if (slot == nullptr || slot->batch.first_index <= start_.index) return;
    const uint64_t from = slot->batch.first_index;
    const bool held = slot->at.segment != 0;
    if (held && slot->batch.count > 1) CHECK(!log_.CheckTruncateSuffix(from + 1).ok());
    CHECK_OK(log_.CheckTruncateSuffix(from));
    log_.ApplyTruncateSuffix(from);
    slots_.resize(from - start_.index - 1);
  }

  void CutPrefix() {
    if (Below(3) != 0 || slots_.empty()) return;
    const bool beyond = Below(8) == 0;
    const uint64_t index = start_.index + (beyond ? slots_.size() + 3 : 1 + Below(slots_.size()));
    const IndexTerm start{index, beyond ? slots_.back().batch.term + 1 : At(index).batch.term};
    CHECK_OK(log_.CheckTruncatePrefix(start));
    if (!beyond) CHECK(!log_.CheckTruncatePrefix({index, start.term + 1}).ok());
    log_.ApplyTruncatePrefix(start);
    const uint64_t gone = std::min<uint64_t>(index - start_.index, slots_.size());
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<ptrdiff_t>(gone));
    start_ = start;
  }

  void Damage() {
    const Slot* slot = Any();
    if (slot == nullptr || slot->at.segment == 0) return;
    const BatchHeader batch = slot->batch;
    const bool news = !slot->damaged;
    CHECK(!log_.MarkDamaged(batch.first_index, {slot->at.segment, slot->at.offset + 1}, std::nullopt));
    const auto crc = Below(2) == 0 ? std::nullopt : std::optional(batch.body_crc);
    CHECK_EQUAL(log_.MarkDamaged(batch.first_index, slot->at, crc), news);
    if (news) known_[batch.first_index] = crc.has_value();
    Each(batch, [](Slot& each) { each.damaged = true; });
  }

  void Repair() {
    const Slot* slot = Any();
    if (slot == nullptr) return;
    const BatchHeader batch = slot->batch;
    const bool hole = slot->at.segment == 0;
    if (!hole && !slot->damaged) {
      CHECK(!log_.CheckRepair(batch).ok());
      return;
    }
    BatchHeader wrong = batch;
    ++wrong.term;
    CHECK(!log_.CheckRepair(wrong).ok());
    if (!hole) {
      wrong = batch;
      ++wrong.body_bytes;
      CHECK(!log_.CheckRepair(wrong).ok());
      wrong = batch;
      ++wrong.body_crc;
      CHECK_EQUAL(log_.CheckRepair(wrong).ok(), !known_[batch.first_index]);
    }
    CHECK_OK(log_.CheckRepair(batch));
    MoveTo(batch);
  }

  void Move() {
    const Slot* slot = Any();
    if (slot == nullptr || slot->damaged) return;
    const BatchHeader batch = slot->batch;
    CHECK_OK(log_.CheckMove(batch));
    MoveTo(batch);
  }

  void MoveTo(const BatchHeader& batch) {
    const Position at = NewPlace();
    log_.ApplyMove(batch, at);
    Each(batch, [&](Slot& each) {
      each.at = at;
      each.damaged = false;
    });
  }

  // As recovery does when the segments before a base are gone.
  void StartFromBase() {
    Result<GroupBase> base = DecodeGroupBase(EncodeGroupBase(log_.Base()));
    CHECK_OK(base.status());
    log_ = GroupLog();
    log_.Adopt(base.value());
    CHECK(log_.Base() == base.value());
    for (Slot& slot : slots_) {
      slot.at = {};
      slot.damaged = false;
    }
  }

  uint64_t random_;
  uint64_t places_ = 0;
  uint64_t unreadable_ = 0;
  uint64_t holes_ = 0;
  GroupLog log_;
  IndexTerm start_;
  std::vector<Slot> slots_;         // Of the entries behind the start.
  std::map<uint64_t, bool> known_;  // Whether the checksum of a damaged body is.
};

}  // namespace

TEST("R12 R29 S49: the index of a log says what a plain array says, over random histories of damage, cuts and moves") {
  uint64_t unreadable = 0;
  uint64_t holes = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Lived lived(seed);
    for (int step = 0; step < 150; ++step) {
      lived.Step();
      lived.Check();
    }
    unreadable += lived.unreadable();
    holes += lived.holes();
  }
  CHECK(unreadable > 10'000 && holes > 10'000);
}
