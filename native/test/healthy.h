// A small journal that is whole, as the image of a disk for tests to damage by hand.
#ifndef SCRIPTORIUM_TEST_HEALTHY_H_
#define SCRIPTORIUM_TEST_HEALTHY_H_

#include "../inspect.h"
#include "check.h"
#include "fixture.h"

namespace scriptorium::test {

inline const std::string kFirst = JoinPath(kDirectory, SegmentName(1));
inline const std::string kSecond = JoinPath(kDirectory, SegmentName(2));
inline const std::string kThird = JoinPath(kDirectory, SegmentName(3));

struct Healthy {
  std::unique_ptr<FaultFileSystem> disk;
  std::vector<BlockSummary> blocks;  // All of them.
  std::string holds;
};

// A journal of `batches` blocks with one batch each, of three pages and more; closed, so sealed, or as after a kill.
inline Healthy Make(uint32_t batches, bool closed) {
  FaultFileSystem disk(7);
  Healthy made;
  CHECK_OK(Journal::Format(disk, TinyFormat()));
  Recorder recorder;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(journal.status());
  for (uint32_t index = 1; index <= batches; ++index) {
    CHECK_OK(journal.value()->Append(MakeBatch(0, 1, index, 1, 9000 + index)).status());
    CHECK(journal.value()->Drive(true));
  }
  made.holds = Describe(*journal.value());
  if (closed) CHECK_OK(journal.value()->Close());
  made.disk = disk.AfterRestart();
  made.blocks = InspectDirectory(*made.disk, kDirectory, SIZE_MAX).blocks;
  return made;
}

inline Result<std::unique_ptr<Journal>> Open(FaultFileSystem& disk) {
  static Recorder ignored;
  return Journal::Open(disk, TinyOpen(), ignored);
}

// Every batch up to the tail is either what was written or said to be damaged; how many are.
inline size_t CountDamaged(Journal& journal) {
  uint64_t tail = 0;
  journal.VisitGroup(0, [&](const GroupLog& log) { tail = log.tail().index; });
  size_t damaged = 0;
  for (uint32_t index = 1; index <= tail; ++index) {
    Result<ReadPlan> plan = journal.PlanRead(0, index, 1);
    if (!plan.ok()) {
      CHECK_CODE(plan.status(), Code::kRotten);
      ++damaged;
      continue;
    }
    Bytes bytes(plan.value().bytes);
    // What was opened by a footer is found damaged by whoever reads it.
    if (const Status status = journal.Read(plan.value(), bytes.data()); !status.ok()) {
      CHECK_CODE(status, Code::kRotten);
      ++damaged;
      continue;
    }
    CHECK(bytes == MakeBatch(0, 1, index, 1, 9000 + index));
  }
  CHECK_EQUAL(journal.Damage().size(), damaged);
  return damaged;
}

inline std::string PathOf(const BlockSummary& block) { return JoinPath(kDirectory, SegmentName(block.segment)); }

inline Bytes Patched(Bytes bytes, size_t offset, const Bytes& patch) {
  CHECK(offset + patch.size() <= bytes.size());
  std::memcpy(&bytes[offset], patch.data(), patch.size());
  return bytes;
}

inline Bytes Flipped(Bytes bytes, size_t bit) {
  bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
  return bytes;
}

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_HEALTHY_H_
