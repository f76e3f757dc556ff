// Every disk that a crash could leave of a few scripted lives, and of the recoveries from those disks, three deep. Each
// is recovered with the shipped code and held against what the life had written and what had been acknowledged by then.
#include "crash_images.h"

#include <set>

#include "../inspect.h"
#include "life.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

// No recovery of a directory of a few small segments does more; one that goes round in circles does.
constexpr uint64_t kMaxOperations = 5000;

struct Effort {
  uint64_t every = 1;             // Of how many disks one is tried.
  uint64_t nested_every[3] = {};  // Of how many disks one has its recovery crashed as well, by depth; 0 for none.
};

struct Counts {
  uint64_t images = 0;
  uint64_t nested = 0;  // Those left by a crash inside the recovery from another one.
  uint64_t torn = 0;
};

class Enumeration {
 public:
  explicit Enumeration(const Effort& effort) : effort_(effort) {}

  // Tries every disk that a crash could leave of what was traced, beginning with `base`.
  void Try(const DiskImage& base, const Trace& trace, const History& history, size_t depth) {
    CrashImages images(base, trace);
    std::set<uint64_t> seen;
    for (;;) {
      const size_t now = images.done();
      const uint64_t first = history.FormattedAt(now) ? 1 + history.FirstAt(now) : 0;
      images.Visit(seed_, [&](const DiskImage& image) {
        // The same disk is another case when more had been acknowledged.
        if (!seen.insert(image.Fingerprint() * 31 + first).second) return;
        if (seen.size() % effort_.every != 0) return;
        ++counts_.images;
        counts_.nested += depth > 0 ? 1 : 0;
        Check(image, history, now, depth);
      });
      if (images.finished()) return;
      images.Step();
    }
  }

  void SetSeed(uint64_t seed) { seed_ = seed; }
  const Counts& counts() const { return counts_; }

 private:
  void Check(const DiskImage& image, const History& history, uint64_t now, size_t depth) {
    const auto disk = FaultFileSystem::FromImage(image, counts_.images);
    const Inspection inspection = InspectDirectory(*disk, kDirectory, 1);
    if (!history.FormattedAt(now)) {
      // Either answer is right, but it must be one of these; and formatting again works unless it had finished.
      if (inspection.verdict.code() == Code::kNotFormatted) {
        CHECK_OK(Journal::Format(*disk, TinyFormat()));
        return;
      }
      CHECK_OK(inspection.verdict);
      return;
    }
    CHECK_OK(inspection.verdict);
    CheckRecovery(*disk, image, inspection);
    GoOn(*disk, image, history, now, depth);
    CHECK(disk->operations() < kMaxOperations);
  }

  // Recovery changes nothing, gives the same answer twice, and the same as the inspection.
  void CheckRecovery(FaultFileSystem& disk, const DiskImage& image, const Inspection& inspection) {
    const RecoveryOptions options;
    Result<Recovered> first = Recover(disk, kDirectory, MakeIdentity(), options);
    CHECK_OK(first.status());
    CHECK_EQUAL(disk.Image().Fingerprint(), image.Fingerprint());
    Result<Recovered> second = Recover(disk, kDirectory, MakeIdentity(), options);
    CHECK_OK(second.status());
    CHECK(first.value().resume == second.value().resume);
    CHECK_EQUAL(first.value().next_ordinal, second.value().next_ordinal);
    CHECK_EQUAL(first.value().report.torn_bytes, second.value().report.torn_bytes);
    CHECK(first.value().report.end == inspection.report.end);
    CHECK_EQUAL(first.value().report.blocks, inspection.report.blocks);
    CHECK_EQUAL(first.value().report.torn, inspection.report.torn);
    counts_.torn += first.value().report.torn ? 1 : 0;
  }

  // Opens the disk, holds it against the history, writes to it and closes it; then, for some, crashes in that.
  void GoOn(FaultFileSystem& disk, const DiskImage& image, const History& history, uint64_t now, size_t depth) {
    TraceFileSystem traced(disk);
    const auto clock = [&traced] { return traced.trace().operations.size(); };
    Ticker ticker(clock);
    Result<std::unique_ptr<Journal>> opened = Journal::Open(traced, TinyOpen(), ticker);
    CHECK_OK(opened.status());
    Journal& journal = *opened.value();
    std::string holds = Describe(journal);
    history.Check(now, holds);
    ticker.history.Formatted(0, holds);
    for (const uint64_t group : {uint64_t{0}, uint64_t{7}}) {
      IndexTerm tail;
      journal.VisitGroup(group, [&](const GroupLog& log) { tail = log.tail(); });
      const uint64_t at = clock();
      Result<uint64_t> ticket = journal.Append(MakeBatch(group, tail.term + 1, tail.index + 1, 1, 3000));
      CHECK_OK(ticket.status());
      // What it holds with this record can be asked only when the record is durable, and that is told before.
      while (journal.Drive(true)) continue;
      CHECK(ticker.durable >= ticket.value());  // Beyond it may be records that the journal added itself.
      holds = Describe(journal);
      ticker.history.Appended(at, ticket.value(), holds);
    }
    CHECK_OK(journal.Close());
    opened.value().reset();
    const uint64_t every = depth < 3 ? effort_.nested_every[depth] : 0;
    if (every != 0 && counts_.images % every == 0) {
      Try(image, traced.trace(), ticker.history, depth + 1);
    } else {
      Recorder recorder;
      Result<std::unique_ptr<Journal>> again = Journal::Open(disk, TinyOpen(), recorder);
      CHECK_OK(again.status());
      CHECK_EQUAL(Describe(*again.value()), holds);
    }
  }

  struct Ticker final : JournalListener {
    explicit Ticker(std::function<uint64_t()> given) : clock(std::move(given)) {}
    void OnDurable(uint64_t ticket) override {
      CHECK(ticket > durable);
      durable = ticket;
      history.Acknowledged(clock(), ticket);
    }
    void OnFailure(const Status& status) override { CHECK_OK(status); }
    std::function<uint64_t()> clock;
    uint64_t durable = 0;
    History history;
  };

  Effort effort_;
  Counts counts_;
  uint64_t seed_ = 1;
};

// By default what continuous integration has time for; IMAGES=all tries every disk, and more lives.
const bool kAll = std::getenv("IMAGES") != nullptr && std::string(std::getenv("IMAGES")) == "all";
const bool kFew = std::getenv("IMAGES") != nullptr && std::string(std::getenv("IMAGES")) == "few";

}  // namespace

TEST(
    "S38 S46 S47 S06 S22 S23 S34 S35 S36: of every disk a crash could leave, and of every one a crash in the recovery "
    "from it could leave, three deep, nothing acknowledged is lost and nothing appears that was not written") {
  Enumeration enumeration({kFew ? 40U : 1U, {kFew ? 20U : 60U, 600, 500}});
  for (uint64_t seed = 1; seed <= (kAll ? 50U : 1U); ++seed) {
    for (const WriteMode mode : {WriteMode::kSync, WriteMode::kRing}) {
      FaultFileSystem disk(seed);
      TraceFileSystem traced(disk);
      LifeOptions options;
      options.mode = mode;
      options.rounds = 14;
      options.extra_bytes = static_cast<uint32_t>(seed * 517 % 4096);
      Life life(
          traced, [&traced] { return traced.trace().operations.size(); }, options);
      CHECK_OK(life.Run());
      enumeration.SetSeed(seed);
      const uint64_t before = enumeration.counts().images;
      enumeration.Try({.files = {}, .directories = {kDirectory}}, traced.trace(), life.history(), 0);
      std::printf("# %s, seed %lu: %zu operations, %lu images\n", WriteModeName(mode), seed,
                  traced.trace().operations.size(), enumeration.counts().images - before);
      std::fflush(stdout);
    }
  }
  const Counts& counts = enumeration.counts();
  std::printf("# %lu crash images, %lu of them of crashes in a recovery, %lu with a torn tail\n", counts.images,
              counts.nested, counts.torn);
  if (!kFew) CHECK(counts.images >= 50'000);
  CHECK(counts.nested > counts.images / 20);
  CHECK(counts.torn > counts.images / 20);
}
