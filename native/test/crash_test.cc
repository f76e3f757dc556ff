// Crashes at every operation of a scripted life, on the disk that fails: quick, and with another idea of what a crash
// leaves than crash_images_test.cc. What must hold afterwards is written at Verify.
#include <algorithm>

#include "verify.h"

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

// Runs the script once without faults and says how many operations it took.
uint64_t CountOperations(WriteMode mode) {
  FaultFileSystem disk(42);
  Life life(disk, LifeOptions{.mode = mode});
  CHECK_OK(life.Run());
  // The life went through all stages of a segment's: the quiet batch was moved out of the first one, which was let go.
  life.journal()->VisitGroup(9, [](const GroupLog& log) { CHECK(log.batches().at(0).segment > 1); });
  const std::vector<std::string> paths = disk.Paths();
  CHECK(std::find(paths.begin(), paths.end(), JoinPath(kDirectory, SegmentName(1))) == paths.end());
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
      Life life(disk, LifeOptions{.mode = mode});
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
      Life life(disk, LifeOptions{.mode = mode});
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
