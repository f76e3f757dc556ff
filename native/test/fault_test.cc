// Every operation on the disk × every way in which it can fail: a scripted life is lived once for each, and what it
// left is held against what it had been told. Operations are counted by site, which is what is done to a file of which
// kind, so that none is forgotten; and a disk that lies is never believed.
#include <set>

#include "../inspect.h"
#include "verify.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

constexpr WriteMode kModes[] = {WriteMode::kSync, WriteMode::kRing};

// Where the engine meets the disk. A site that is not here is tried as well; one that is here must be met.
const std::set<std::string> kSites = {
    "allocate prepare.tmp",
    "durable write segment-",
    "fdatasync FORMATTING",
    "fdatasync prepare.tmp",
    "fdatasync segment-",
    "fdatasync spare-",
    "fsync disk",
    "fsync journal",
    "list journal",
    "lock LOCK",
    "make directory journal",
    "open FORMATTING",
    "open IDENTITY",
    "open prepare.tmp",
    "open segment-",
    "open spare-",
    "read IDENTITY",
    "read segment-",
    "read spare-",
    "rename FORMATTING",
    "rename prepare.tmp",
    "rename segment-",
    "rename spare-",
    "write FORMATTING",
    "write prepare.tmp",
    "write segment-",
    "write spare-",
};

struct NamedFault {
  const char* name;
  Fault fault;
};
constexpr NamedFault kFailures[] = {{"EIO", Fault::kError},
                                    {"ENOSPC", Fault::kNoSpace},
                                    {"short", Fault::kShort},
                                    {"crash before", Fault::kCrashBefore},
                                    {"crash after", Fault::kCrashAfter}};

// The sites of an undisturbed life, by number of operation.
std::vector<std::string> SitesOf(const LifeOptions& options) {
  FaultFileSystem disk(42);
  Life life(disk, options);
  CHECK_OK(life.Run());
  std::vector<std::string> sites;
  for (uint64_t operation = 1; operation <= disk.operations(); ++operation) sites.push_back(disk.SiteOf(operation));
  return sites;
}

// What the caller may be told when one operation failed, and that nothing was acknowledged after it.
void CheckTold(Life& life, const Status& status, Fault fault, const std::string& site) {
  const bool power = fault == Fault::kCrashBefore || fault == Fault::kCrashAfter;
  if (fault == Fault::kNoSpace && life.journal() != nullptr) {
    // Where a segment is made, a full disk ends nothing; of a block it does, for then nothing is known of the block.
    CHECK_EQUAL(life.failures(), site == "write segment-" && !status.ok() ? 1 : 0);
    CHECK(life.refusals() == 0 || site.ends_with("prepare.tmp"));
    if (site == "allocate prepare.tmp") CHECK_EQUAL(life.refusals(), 1);
  }
  if (life.journal() != nullptr && life.failures() > 0) {
    CHECK(!status.ok());
    CHECK_EQUAL(life.failures(), 1);
    const Code code = life.failure().code();
    CHECK_CODE(life.failure(), Code::kJournalFailed);
    const uint64_t durable = life.durable();
    CHECK_CODE(life.journal()->SaveHardState(0, {1000, {}}).status(), code);
    // What was in flight is collected, and not acknowledged.
    while (life.journal()->Drive(true)) continue;
    CHECK_CODE(life.journal()->Close(), code);
    CHECK_EQUAL(life.durable(), durable);
  } else if (!status.ok()) {
    CHECK(status.code() == Code::kIoError || (fault == Fault::kNoSpace && status.code() == Code::kNoSpace) ||
          (fault == Fault::kShort && status.code() == Code::kRotten));
  } else {
    // Space is not needed everywhere and a short transfer is gone on with; that the power went shows.
    CHECK(!power);
  }
}

// What Describe says of a batch that is read and does not hold, or is known to be lost.
constexpr char kRottenPlace[] = " at offset ";

}  // namespace

TEST(
    "S24 S25 S27 S29 S46 R30: at every site EIO, ENOSPC, a short transfer, a crash before and a crash after: nothing "
    "is "
    "acknowledged any more, and what was stays") {
  std::map<std::string, std::map<std::string, int>> tried;
  int stopped = 0;
  for (const WriteMode mode : kModes) {
    const std::vector<std::string> sites = SitesOf({.mode = mode});
    for (const auto& [name, fault] : kFailures) {
      for (uint64_t operation = 1; operation <= sites.size(); ++operation) {
        FaultFileSystem disk(42);
        disk.Plan(operation, fault);
        Life life(disk, LifeOptions{.mode = mode});
        const Status status = life.Run();
        CHECK(disk.operations() >= operation);
        CHECK_EQUAL(disk.SiteOf(operation), sites[operation - 1]);
        ++tried[sites[operation - 1]][name];
        stopped += life.failures();
        CheckTold(life, status, fault, sites[operation - 1]);
        for (const Survival survival : {Survival::kNothing, Survival::kEverything, Survival::kRandom}) {
          const auto after = disk.AfterCrash(survival, 3 * operation);
          Verify(*after, life.history(), true);
        }
      }
    }
  }
  CHECK(stopped > 100);
  int cases = 0;
  for (const auto& [site, faults] : tried) {
    CHECK_EQUAL(faults.size(), std::size(kFailures));
    for (const auto& [name, count] : faults) cases += count;
  }
  for (const std::string& site : kSites) {
    if (!tried.contains(site)) Fail(__FILE__, __LINE__, "the life never came to the site \"" + site + "\"");
  }
  std::printf("# %d cases at %zu sites\n", cases, tried.size());
}

TEST("S12 S13 S39: a write that is lost or goes astray, at any operation, is noticed before anything wrong is told") {
  int noticed = 0;
  int unwitnessed = 0;
  for (const WriteMode mode : kModes) {
    const LifeOptions options{.mode = mode, .reopens = false};
    const uint64_t operations = SitesOf(options).size();
    for (const Fault fault : {Fault::kLost, Fault::kMisdirected}) {
      for (uint64_t operation = 1; operation <= operations; ++operation) {
        FaultFileSystem disk(42);
        disk.Plan(operation, fault);
        Life life(disk, options);
        (void)life.Run();
        const auto after = disk.AfterRestart();
        Recorder recorder;
        Result<std::unique_ptr<Journal>> opened = Journal::Open(*after, TinyOpen(), recorder);
        const Inspection inspection = InspectDirectory(*after, kDirectory, 1);
        CHECK_CODE(inspection.verdict, opened.status().code());
        if (!opened.ok() || !inspection.damage.empty()) ++noticed;
        // Damage that opening by a footer does not see is met by whoever reads.
        if (!opened.ok() || !opened.value()->Damage().empty()) continue;
        const std::string holds = Describe(*opened.value());
        if (holds.find(kRottenPlace) != std::string::npos) continue;
        CHECK(life.history().Knows(holds));
        // Only the very last block can vanish with nobody to tell (S39), when no seal bears witness to it.
        if (life.history().states().back() == holds || !life.history().formatted()) continue;
        CHECK(!opened.value()->report().sealed);
        ++unwitnessed;
      }
    }
  }
  std::printf("# %d noticed, %d unwitnessed\n", noticed, unwitnessed);
  CHECK(noticed > 50);
  CHECK(unwitnessed <= 4);
}

TEST("S09 S12: a bit that turns while it is written or read, at any operation, never gives a wrong record") {
  for (const WriteMode mode : kModes) {
    const LifeOptions options{.mode = mode, .reopens = false};
    const uint64_t operations = SitesOf(options).size();
    for (uint64_t operation = 1; operation <= operations; ++operation) {
      FaultFileSystem disk(operation);
      disk.Plan(operation, Fault::kBitRot);
      Life life(disk, options);
      (void)life.Run();
      const auto after = disk.AfterRestart();
      Recorder recorder;
      Result<std::unique_ptr<Journal>> opened = Journal::Open(*after, TinyOpen(), recorder);
      if (!opened.ok()) continue;
      const std::string holds = Describe(*opened.value());
      CHECK(life.history().Knows(holds) || holds.find(kRottenPlace) != std::string::npos ||
            !opened.value()->Damage().empty());
    }
  }
}

TEST(
    "S14: one read that gives another place's or yesterday's bytes ends in nothing that a second opening does not "
    "mend") {
  int disturbed = 0;
  for (const WriteMode mode : kModes) {
    FaultFileSystem disk(42);
    Life life(disk, LifeOptions{.mode = mode});
    CHECK_OK(life.Run());
    const DiskImage image = disk.Image();
    const auto undisturbed = FaultFileSystem::FromImage(image, 1);
    Recorder recorder;
    { CHECK_OK(Journal::Open(*undisturbed, TinyOpen(), recorder).status()); }
    for (const Fault fault : {Fault::kStale, Fault::kMisdirected}) {
      for (uint64_t operation = 1; operation <= undisturbed->operations(); ++operation) {
        if (!undisturbed->SiteOf(operation).starts_with("read ")) continue;
        const auto once = FaultFileSystem::FromImage(image, 1);
        once->Plan(operation, fault);
        Recorder ignored;
        Result<std::unique_ptr<Journal>> opened = Journal::Open(*once, TinyOpen(), ignored);
        if (opened.ok()) {
          life.history().Check(UINT64_MAX, Describe(*opened.value()));
          continue;
        }
        ++disturbed;
        CHECK_EQUAL(once->Image().Fingerprint(), image.Fingerprint());
        const Status again = Journal::Open(*once, TinyOpen(), ignored).status();
        CHECK_OK(again);
      }
    }
  }
  std::printf("# %d openings were refused once\n", disturbed);
}
