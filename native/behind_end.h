// What stands behind the end of the stream of a directory that is refused: what a cut there would lose. As far as it
// can still be read, and for people to decide by: whatever of it holds, nothing of it is proven to follow what is kept.
// Writes nothing.
#ifndef SCRIPTORIUM_BEHIND_END_H_
#define SCRIPTORIUM_BEHIND_END_H_

#include <cstdint>
#include <map>
#include <vector>

#include "file.h"
#include "segment.h"

namespace scriptorium {

struct BehindEnd {
  struct Range {
    uint64_t from;
    uint64_t to;
  };
  uint64_t bytes = 0;              // From the end to the last one that was written, in each segment.
  uint64_t blocks = 0;             // Of which the header holds.
  std::map<uint64_t, Range> lost;  // By group: the first and last index of batches whose headers hold.
  bool votes = false;              // Records of a term or vote are among what can be read.
  std::vector<uint64_t> segments;  // Numbers of those in which something was written.
};

// Looks through all segments from `end` on, those without a header that holds among them.
Result<BehindEnd> LookBehindEnd(FileSystem& files, const std::string& directory, const Identity& identity,
                                const Volume& volume, Position end);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BEHIND_END_H_
