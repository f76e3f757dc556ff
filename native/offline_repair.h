// Putting a directory right that nobody has open. What the engine says of it when it opens it is what counts here too;
// this only tells what could be done, and does what it is told to:
//
//   headers    A segment stores its header twice; where one copy does not hold, the other is written over it, which
//              loses nothing.
//   a cut      Where opening is refused for what stands at the end of the stream (a rotten block, an uncertain tail),
//              the stream can be made to end there. That may lose what was acknowledged, a vote among it, so whoever
//              wants it names the place, and is told before what is lost. Not offered where nothing would be kept, or
//              where what is kept could not be opened.
//
// Never destroys a byte that says something: a segment of which a part is cut off is copied first, one that goes as a
// whole is renamed; both are then called segment-N.log.corrupt, durably, before anything else happens. A crash in
// between leaves a directory that is still refused, or the one that was asked for.
#ifndef SCRIPTORIUM_OFFLINE_REPAIR_H_
#define SCRIPTORIUM_OFFLINE_REPAIR_H_

#include <optional>
#include <string>
#include <vector>

#include "behind_end.h"
#include "inspect.h"

namespace scriptorium {

// What a cut would keep and lose.
struct Cut {
  Position at;
  struct Kept {
    uint64_t group;
    IndexTerm tail;
  };
  std::vector<Kept> keeps;
  BehindEnd loses;
};

struct RepairPlan {
  Inspection inspection;
  std::vector<uint64_t> headers;  // Segments of whose headers one copy does not hold.
  std::optional<Cut> cut;         // Only of a directory that is refused.
};

// Writes nothing. A status that is not ok: the directory could not be looked at.
Result<RepairPlan> PlanRepair(FileSystem& files, const std::string& directory);

struct Repaired {
  std::vector<uint64_t> headers;       // As planned.
  std::vector<std::string> set_aside;  // Names of the files that hold what was cut off.
};

// Restores headers; cuts the stream at `cut`, if given, which must be the place that planning named. BAD_OPTION
// otherwise, LOCKED if a process has the directory open; in both cases nothing was changed.
Result<Repaired> RepairDirectory(FileSystem& files, const std::string& directory, std::optional<Position> cut);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_OFFLINE_REPAIR_H_
