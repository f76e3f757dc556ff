// Crashes at every operation of a scripted life, with every kind of what a crash can leave; and every way in which a
// single operation can fail. What must hold afterwards is written at Verify.
#include "life.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

constexpr WriteMode kModes[] = {WriteMode::kSync, WriteMode::kRing};

struct Image {
  Survival survival;
  uint64_t seed;
};

// Nothing, everything, and as many random subsets as the environment variable SEEDS says (8).
const std::vector<Image> kImages = [] {
  std::vector<Image> images{{Survival::kNothing, 1}, {Survival::kEverything, 2}};
  const char* seeds = std::getenv("SEEDS");
  for (uint64_t seed = 0; seed < (seeds == nullptr ? 8 : std::strtoul(seeds, nullptr, 10)); ++seed) {
    images.push_back({Survival::kRandom, seed + 3});
  }
  return images;
}();

uint64_t images_recovered = 0;

// After any crash: the directory opens; what it holds is what the journal should have held after some number of
// records, at least all that were acknowledged and none that was never appended; recovery changes nothing and gives the
// same answer again; and the journal takes and keeps new records.
void Verify(FaultFileSystem& disk, const History& history, bool and_go_on) {
  ++images_recovered;
  Recorder recorder;
  if (!history.formatted()) {
    // Formatting did not return, so either answer is right, but it must be one of these, and formatting again must work
    // unless it had finished after all.
    Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, TinyOpen(), recorder);
    if (!opened.ok()) {
      CHECK_CODE(opened.status(), Code::kNotFormatted);
      CHECK_OK(Journal::Format(disk, TinyFormat()));
      CHECK_OK(Journal::Open(disk, TinyOpen(), recorder).status());
    }
    return;
  }
  const std::vector<std::string> paths = disk.Paths();
  std::vector<Bytes> before;
  for (const std::string& path : paths) before.push_back(disk.Content(path));
  RecoveryOptions options;
  Result<Recovered> first = Recover(disk, kDirectory, MakeIdentity(), options);
  CHECK_OK(first.status());
  CHECK(disk.Paths() == paths);
  for (size_t at = 0; at < paths.size(); ++at) CHECK(disk.Content(paths[at]) == before[at]);
  Result<Recovered> second = Recover(disk, kDirectory, MakeIdentity(), options);
  CHECK_OK(second.status());
  CHECK(first.value().resume == second.value().resume);
  CHECK_EQUAL(first.value().next_ordinal, second.value().next_ordinal);

  Result<std::unique_ptr<Journal>> opened = Journal::Open(disk, TinyOpen(), recorder);
  CHECK_OK(opened.status());
  Journal& journal = *opened.value();
  history.Check(UINT64_MAX, Describe(journal));
  if (!and_go_on) return;
  uint64_t tail = 0;
  uint64_t term = 0;
  journal.VisitGroup(0, [&](const GroupLog& log) {
    tail = log.tail().index;
    term = std::max(log.tail().term, log.hard_state().term);
  });
  CHECK_OK(journal.Append(MakeBatch(0, term + 1, tail + 1, 1, 5000)).status());
  CHECK_OK(journal.SaveHardState(0, {term + 1, Incarnation(0xee)}).status());
  const bool wrote = journal.Drive(true);
  CHECK(wrote || disk.crashed());
}

// Runs the script once without faults and says how many operations it took.
uint64_t CountOperations(WriteMode mode) {
  FaultFileSystem disk(42);
  Life life(disk, {.mode = mode});
  CHECK_OK(life.Run());
  return disk.operations();
}

}  // namespace

TEST(
    "S38 S46 S06 S34 S36: after a crash at any operation, whatever subset survives, everything acknowledged is there") {
  for (const WriteMode mode : kModes) {
    const uint64_t operations = CountOperations(mode);
    CHECK(operations > 100);
    for (uint64_t operation = 1; operation <= operations; ++operation) {
      FaultFileSystem disk(42);
      disk.Plan(operation, Fault::kCrash);
      Life life(disk, {.mode = mode});
      CHECK(!life.Run().ok());
      for (const Image& image : kImages) {
        const auto after = disk.AfterCrash(image.survival, image.seed * operation);
        Verify(*after, life.history(), true);
      }
    }
    std::printf("# %s: %lu images of %lu operations\n", WriteModeName(mode), images_recovered, operations);
  }
}

TEST("S47: crashes during recovery and just after it, at any operation, lose nothing either") {
  for (const WriteMode mode : kModes) {
    const uint64_t operations = CountOperations(mode);
    images_recovered = 0;
    for (uint64_t operation = 5; operation <= operations; operation += mode == WriteMode::kRing ? 3 : 1) {
      FaultFileSystem disk(42);
      disk.Plan(operation, Fault::kCrash);
      Life life(disk, {.mode = mode});
      CHECK(!life.Run().ok());
      if (!life.history().formatted()) continue;
      for (const Image& image : {kImages.back(), kImages[kImages.size() - 2]}) {
        const auto once = disk.AfterCrash(image.survival, image.seed * operation);
        const auto undisturbed = once->AfterRestart();
        Recorder recorder;
        { CHECK_OK(Journal::Open(*undisturbed, TinyOpen(), recorder).status()); }
        for (uint64_t nested = 1; nested <= undisturbed->operations(); ++nested) {
          const auto again = once->AfterRestart();
          again->Plan(nested, Fault::kCrash);
          Recorder ignored;
          (void)Journal::Open(*again, TinyOpen(), ignored);
          const auto after = again->AfterCrash(Survival::kRandom, nested * 31 + operation);
          Verify(*after, life.history(), false);
        }
      }
    }
    std::printf("# %s: %lu images\n", WriteModeName(mode), images_recovered);
  }
}

TEST("S24 S25 S27 R30: after any operation that fails, nothing is acknowledged any more, and what was stays") {
  for (const WriteMode mode : kModes) {
    const uint64_t operations = CountOperations(mode);
    int stopped = 0;
    for (const Fault fault : {Fault::kError, Fault::kNoSpace}) {
      for (uint64_t operation = 1; operation <= operations; ++operation) {
        FaultFileSystem disk(42);
        disk.Plan(operation, fault);
        Life life(disk, {.mode = mode});
        Status status = life.Run();
        if (status.ok()) {
          // An operation that takes no space does not run out of it, and a seal that fails at the end is noticed by
          // nobody.
          CHECK(fault == Fault::kNoSpace);
        } else if (life.journal() != nullptr && life.failures() > 0) {
          ++stopped;
          CHECK_EQUAL(life.failures(), 1);
          const Code code = life.failure().code();
          CHECK(code == Code::kJournalFailed || (fault == Fault::kNoSpace && code == Code::kNoSpace));
          const uint64_t durable = life.durable();
          CHECK_CODE(life.journal()->SaveHardState(0, {1000, {}}).status(), code);
          // What was in flight is collected, and not acknowledged.
          while (life.journal()->Drive(true)) continue;
          CHECK_CODE(life.journal()->Close(), code);
          CHECK_EQUAL(life.durable(), durable);
        } else {
          CHECK(status.code() == Code::kIoError || status.code() == Code::kNoSpace);
        }
        for (const Image& image : {kImages[0], kImages[1], kImages.back()}) {
          const auto after = disk.AfterCrash(image.survival, image.seed * operation);
          Verify(*after, life.history(), true);
        }
      }
    }
    CHECK(stopped > 40);
  }
}

TEST("S29: a short write or read is gone on with, at any operation") {
  for (const WriteMode mode : kModes) {
    const uint64_t operations = CountOperations(mode);
    for (uint64_t operation = 1; operation <= operations; ++operation) {
      FaultFileSystem disk(42);
      disk.Plan(operation, Fault::kShort);
      Life life(disk, {.mode = mode});
      const Status status = life.Run();
      // Half of one page is nothing at all, which is an error: of the smallest blocks and of small files.
      if (!status.ok())
        CHECK(status.message().find("short write of 0") != std::string::npos || status.code() == Code::kIoError ||
              status.code() == Code::kRotten);
      const auto after = disk.AfterRestart();
      Verify(*after, life.history(), true);
    }
  }
}
