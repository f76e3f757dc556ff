// Segment files that are used again. A segment whose content is no longer needed is renamed to a spare; a spare becomes
// the next segment by getting a table of what lies in it, new headers with a new nonce, and a new name, in that order,
// each durable before the next. What lies in it is never written over before its blocks are, and no block of the
// earlier life can be taken for one of the new: its nonce is another.
#ifndef SCRIPTORIUM_SPARE_H_
#define SCRIPTORIUM_SPARE_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "file.h"
#include "segment.h"

namespace scriptorium {

// By the number the segment had; numbers are never given twice, so neither are these names.
std::string SpareName(uint64_t number);
std::optional<uint64_t> ParseSpareName(const std::string& name);

struct MadeSegment {
  SegmentHeader header;  // As written.
  PriorContent prior;
};

// Makes spare `spare` the segment of this header, durable under its name. On a failure the file may hold anything but
// is still a spare. Stops early with CLOSED when `*abandon` becomes true.
Result<MadeSegment> RecycleSegment(FileSystem& files, const std::string& directory, uint64_t spare,
                                   SegmentHeader header, bool direct, const std::atomic<bool>* abandon);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SPARE_H_
