// What must hold of any disk that a life left behind, however it ended.
#ifndef SCRIPTORIUM_TEST_VERIFY_H_
#define SCRIPTORIUM_TEST_VERIFY_H_

#include "life.h"

namespace scriptorium::test {

inline uint64_t images_recovered = 0;

// After any crash: the directory opens; what it holds is what the journal should have held after some number of
// records, at least all that were acknowledged and none that was never appended; recovery changes nothing and gives the
// same answer again; and the journal takes and keeps new records.
inline void Verify(FaultFileSystem& disk, const History& history, bool and_go_on) {
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

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_VERIFY_H_
