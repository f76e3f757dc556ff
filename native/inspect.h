// Looking at a directory without touching it: the same recovery code, nothing written, not even the lock file. On a
// directory that a process has open the answer describes some moment of it. Everything is read, block by block; where
// that fails and the engine would not have noticed, for a footer spares it the blocks, the verdict is the engine's, and
// every batch is read to say which are damaged.
#ifndef SCRIPTORIUM_INSPECT_H_
#define SCRIPTORIUM_INSPECT_H_

#include <optional>
#include <string>
#include <vector>

#include "recovery.h"

namespace scriptorium {

struct Inspection {
  std::optional<Identity> identity;
  std::vector<SegmentHeader> segments;
  std::vector<BlockSummary> blocks;  // The newest ones of those kept, at most as many as asked for.
  RecoveryReport report;
  Status verdict;                    // What opening the directory would say.
  std::vector<DamagedRange> damage;  // What is part of a log and does not hold, if it can be opened.
};

Inspection InspectDirectory(FileSystem& files, const std::string& directory, size_t max_blocks);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_INSPECT_H_
