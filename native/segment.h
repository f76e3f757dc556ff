// Segment files: fixed size, their content made durable before the first block goes in, so that appending never changes
// the file's length or its extents and an fdatasync has nothing but data to wait for. A new one is filled with zeros;
// one that is used again keeps what lies there and gets a table of it (prior_content.h).
//
// A segment is prepared under the name "prepare.tmp" and renamed when it is whole: a file called segment-… is never
// half made, whenever the power goes. Two identical headers stand at its start; the second is read if the first is bad.
#ifndef SCRIPTORIUM_SEGMENT_H_
#define SCRIPTORIUM_SEGMENT_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "block.h"
#include "file.h"
#include "identity.h"
#include "prior_content.h"

namespace scriptorium {

inline constexpr size_t kSegmentHeaderBytes = 4096;
// Kept free at the end of a segment for its trailer.
inline constexpr size_t kSegmentFooterBytes = 4096;
inline constexpr uint64_t kDefaultSegmentBytes = 64 << 20;
inline constexpr uint64_t kMaxSegmentBytes = 1 << 30;
// What the engine can work with at all, so that the headers can be read at any alignment; the addon asks for far more.
inline constexpr uint64_t kMinSegmentBytes = kMaxAlignment;

inline constexpr char kPrepareName[] = "prepare.tmp";

// From this version on segments begin with a base, end with a footer, and have room for a table of prior content.
inline constexpr uint32_t kSelfContainedVersion = 2;

struct SegmentHeader {
  uint32_t version = kFormatVersion;
  Id128 cluster_id{};
  Id128 storage_uuid{};
  uint64_t number = 0;
  uint64_t nonce = 0;
  uint64_t segment_bytes = 0;
  uint32_t alignment = 0;
  uint64_t created_millis = 0;
  bool used_before = false;  // Then a table of prior content stands behind the headers:
  uint32_t prior_crc = 0;    //   its checksum.

  bool self_contained() const { return version >= kSelfContainedVersion; }
  // Blocks stand in [blocks_begin, blocks_end). There is room for a table whether there is one or not, so that places
  // in a segment are known before it is made.
  uint32_t blocks_begin() const {
    const uint64_t table_bytes = self_contained() ? PriorTableBytes(segment_bytes) : 0;
    return static_cast<uint32_t>(RoundUp(2 * kSegmentHeaderBytes + table_bytes, alignment));
  }
  uint32_t blocks_end() const {
    return static_cast<uint32_t>(RoundDown(segment_bytes - kSegmentFooterBytes, alignment));
  }
};

// Numbers in names: 16 lower-case hex digits between a prefix and a suffix, and nothing that only looks like it.
std::string HexNumber(uint64_t number);
std::optional<uint64_t> ParseNumberedName(const std::string& name, const std::string& prefix,
                                          const std::string& suffix);
std::string SegmentName(uint64_t number);
// The number in a segment's file name; nothing if it is not exactly such a name.
std::optional<uint64_t> ParseSegmentName(const std::string& name);
// Of the segments among the files of a directory, ascending.
std::vector<uint64_t> SegmentNumbers(const std::vector<std::string>& names);
std::string JoinPath(const std::string& directory, const std::string& name);

void EncodeSegmentHeader(const SegmentHeader& header, uint8_t* to);

struct ReadSegmentHeader {
  SegmentHeader header;
  bool from_copy = false;      // The first header was bad and the second was used.
  bool copies_differ = false;  // One of them, then, does not hold.
};

// Reads and checks the header of a segment file: ROTTEN, NEWER_FORMAT, or WRONG_IDENTITY if it is not of `identity`.
Result<ReadSegmentHeader> LoadSegmentHeader(File& file, uint64_t number, const Identity& identity);

// What lay in the segment before its life began. ROTTEN if the table does not hold.
Result<PriorContent> LoadPriorContent(File& file, const SegmentHeader& header);

// Makes the segment durable under its own name. Stops early with CLOSED when `*abandon` becomes true. NO_SPACE if the
// disk is full, and then nothing was left there; a flush that fails for want of space is an IO_ERROR like any other.
Status PrepareSegment(FileSystem& files, const std::string& directory, const SegmentHeader& header, bool direct,
                      const std::atomic<bool>* abandon);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_H_
