// The files of a directory, as recovery finds them: which segments there are, which are the run that ends with the
// newest one, and each of them opened and checked when its turn comes. Changes nothing, and holds no more files open
// than it is told to.
#ifndef SCRIPTORIUM_SEGMENT_SET_H_
#define SCRIPTORIUM_SEGMENT_SET_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "file.h"
#include "segment.h"

namespace scriptorium {

struct OpenedSegment {
  SegmentHeader header;
  std::unique_ptr<File> file;
  bool from_copy = false;
};

class SegmentSet {
 public:
  SegmentSet(FileSystem& files, const std::string& directory, const Identity& identity, bool direct)
      : files_(files), directory_(directory), identity_(identity), direct_(direct) {}

  // ROTTEN unless there is a segment.
  Status List();
  // Without gaps, ascending. What lies below a gap is in `left_over`.
  const std::vector<uint64_t>& numbers() const { return numbers_; }
  const std::vector<uint64_t>& left_over() const { return left_over_; }
  const std::vector<uint64_t>& spares() const { return spares_; }
  // Without a file for the newest segment if it holds not a byte: it is made again when it is needed (S17).
  Result<OpenedSegment> Open(uint64_t number) const;
  // The header of the block that the segment begins with, if there is such a segment and one stands there.
  Result<std::optional<BlockHeader>> FirstBlockOf(uint64_t number, uint32_t alignment) const;
  std::string PathOf(uint64_t number) const { return JoinPath(directory_, SegmentName(number)); }

 private:
  FileSystem& files_;
  const std::string& directory_;
  const Identity& identity_;
  bool direct_;
  std::vector<uint64_t> numbers_;
  std::vector<uint64_t> left_over_;
  std::vector<uint64_t> spares_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_SET_H_
