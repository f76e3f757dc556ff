// Every bit of every segment of a small journal, turned one at a time, and every length it could be cut to, on a disk
// in memory. EVERY=1 tries them all, some minutes; otherwise a sample that never falls into step with sectors or words.
#include "healthy.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

size_t Step(size_t sampled) {
  const char* every = std::getenv("EVERY");
  return every != nullptr ? std::max<size_t>(1, std::strtoull(every, nullptr, 10)) : sampled;
}

struct Verdicts {
  size_t refused = 0;
  size_t damaged = 0;
  size_t torn = 0;
  size_t whole = 0;
};

// Opening refuses, or every batch is what was written or said to be damaged. Only where the last one never had a
// witness may it be dropped, and then that is said.
void Judge(const Healthy& healthy, uint64_t batches, bool sealed, Verdicts* verdicts) {
  Result<std::unique_ptr<Journal>> opened = Open(*healthy.disk);
  if (!opened.ok()) {
    const Code code = opened.status().code();
    CHECK(code == Code::kRotten || code == Code::kUncertainTail || code == Code::kNewerFormat);
    ++verdicts->refused;
    return;
  }
  Journal& journal = *opened.value();
  uint64_t tail = 0;
  journal.VisitGroup(0, [&](const GroupLog& log) { tail = log.tail().index; });
  if (tail < batches) {
    CHECK(!sealed);
    CHECK_EQUAL(tail, batches - 1);
    CHECK(journal.report().torn);
    ++verdicts->torn;
  }
  const size_t damaged = CountDamaged(journal);
  CHECK(damaged <= 1);
  if (damaged == 1) ++verdicts->damaged;
  if (damaged == 0 && tail == batches) ++verdicts->whole;
}

void Say(const char* what, const Verdicts& verdicts) {
  std::printf("# %s: %zu refused, %zu with a damaged batch, %zu torn, %zu whole\n", what, verdicts.refused,
              verdicts.damaged, verdicts.torn, verdicts.whole);
  CHECK(verdicts.refused > 0);
}

template <typename Change>
void ForEachSegment(const Healthy& healthy, Change change) {
  for (const std::string& path : healthy.disk->Paths()) {
    if (path.find("segment-") == std::string::npos) continue;
    const Bytes whole = healthy.disk->Content(path);
    change(path, whole);
    healthy.disk->SetContent(path, whole);
  }
}

void TurnBits(const char* what, uint32_t batches, bool sealed) {
  const Healthy healthy = Make(batches, sealed);
  Verdicts verdicts;
  ForEachSegment(healthy, [&](const std::string& path, const Bytes& whole) {
    for (size_t bit = 0; bit < whole.size() * 8; bit += Step(1499)) {
      healthy.disk->SetContent(path, Flipped(whole, bit));
      Judge(healthy, batches, sealed, &verdicts);
    }
  });
  Say(what, verdicts);
  CHECK(verdicts.damaged > 0);
  CHECK(verdicts.whole > 0);
}

}  // namespace

TEST("S08 S09: no turned bit of a sealed journal gives a wrong batch, loses one, or is passed over where it matters") {
  TurnBits("one segment", 4, true);
  TurnBits("a full segment and the next", 6, true);
}

TEST("S07 S08: no turned bit of a journal that was killed gives a wrong batch, or loses one without a word") {
  TurnBits("killed", 4, false);
}

TEST("S15: a segment cut at any byte is refused") {
  const Healthy healthy = Make(4, true);
  Verdicts verdicts;
  ForEachSegment(healthy, [&](const std::string& path, const Bytes& whole) {
    for (size_t bytes = 0; bytes < whole.size(); bytes += Step(97)) {
      healthy.disk->SetContent(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)));
      Judge(healthy, 4, true, &verdicts);
    }
  });
  Say("cut", verdicts);
  CHECK_EQUAL(verdicts.whole + verdicts.damaged + verdicts.torn, 0U);
}
