// Looking at a directory without touching it: the same recovery code, nothing written, not even the lock file. On a
// directory that a process has open the answer describes some moment of it.
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
  Status verdict;  // What opening the directory would say.
};

Inspection InspectDirectory(FileSystem& files, const std::string& directory, size_t max_blocks);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_INSPECT_H_
