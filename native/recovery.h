// Recovery: what a directory holds after a restart, decided from its bytes alone.
//
// The happy path. Segments are opened in order of number and their blocks walked in order of sequence, each checked
// against its place, its segment's nonce, the chain of header checksums and its own two checksums; each record goes
// through the same checks as when it was appended (log_index.h). Where the walk meets zeros and nothing but zeros
// follows, the journal ends: a clean tail. Everything read is then made durable before anyone is told of it (R30).
//
// The end of a segment. A segment ends where no block stands any more and the first block of a later segment goes on
// with exactly the next sequence and chain. The writer never submits the first block of a segment before all blocks of
// the segments before it are durable, so damage at the end of one segment can never be mistaken for its end.
//
// When a block at p, with expected sequence s, does not hold, three things may have happened (R29):
//   torn       The power went while s was being written; it was never acknowledged. Dropped, and reported.
//   rotten     s was durable and the disk lost it. The witness: any later block that says "durable through ≥ s". One of
//              a later segment always does. If the block proves all but the bodies of batches (self_proof.h), it is
//              kept and those batches are damage; else recovery refuses, names file and offset, and changes nothing.
//   uncertain  Nothing witnesses s, yet every sector of it was written (a block records how many of its sectors are
//              zero by intent; an unwritten sector shows the zeros that lay there before). A torn write of 512-byte
//              sectors does not look like that, so s was written whole and then rotted, whether or not it had been
//              acknowledged. It is kept if it proves itself, as above; if not, nobody can say what it was, and recovery
//              refuses too.
// One bad read proves nothing: a block is read again before it is judged. A read that the disk refuses is an I/O error,
// never a verdict. Valid blocks that follow a hole and witness nothing beyond it were in flight together with what is
// missing; they go with it.
//
// Self-contained segments. A segment begins with base records, the state of every group at that moment, and ends with a
// footer and a trailer (footer.h, trailer.h). A full one is opened by its footer: the trailer must go on exactly where
// the stream stands, the footer's blocks are checked like any others up to the checksum that the trailer names, and its
// entries go through the same checks as records do. Whatever does not hold is only a shortcut lost, and the segment is
// walked block by block. Inspection always walks, and compares each base with what the records before it came to.
//
// The lowest segment. Segments that a release record let go may be missing. The stream then starts in the lowest one
// present that has a whole base; nothing below it is looked at, and a release record at least that high must be met
// later on, else what is missing was needed. What a base tells of a log is a hole until moved batches fill it or a
// dropped prefix takes it away; a hole that is left in the end is a batch that was lost.
//
// After a torn tail the journal goes on in the next untouched segment, so that nothing of what was dropped can ever be
// read as the continuation of what is written next. Segments are never rewritten and never deleted here.
//
// Failure modes. A crash during recovery changes nothing, for recovery writes nothing. Lengths found on disk are
// bounded by the segment and by kMaxBlockBytes before they are used. A missing segment, one of another directory, one
// that is shorter than it was made, and one of a newer format are each refused by name.
#ifndef SCRIPTORIUM_RECOVERY_H_
#define SCRIPTORIUM_RECOVERY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "file.h"
#include "log_index.h"
#include "segment.h"
#include "trailer.h"

namespace scriptorium {

struct RecoveryReport {
  uint64_t segments = 0;
  uint64_t blocks = 0;
  uint64_t records = 0;
  uint64_t batches = 0;
  uint64_t bytes = 0;  // Of the blocks kept.
  uint64_t last_sequence = 0;
  Position end;                     // Where the kept stream ends; segment 0 if it does not begin.
  bool finished = false;            // That segment has its whole footer, so no block can stand behind.
  bool torn = false;                // Something after it was dropped:
  uint64_t torn_bytes = 0;          //   bytes from there to the last one that was written,
  uint64_t dropped_blocks = 0;      //   valid blocks among them.
  bool sealed = false;              // The last block kept is a seal: the directory was idle or closed.
  uint64_t damaged_blocks = 0;      // Kept although they do not hold, for they prove themselves (self_proof.h).
  uint64_t rebuilt_blocks = 0;      // Those among them whose header is lost; what the others lack is batches.
  uint64_t header_copies_used = 0;  // Segments whose first header was bad.
  uint64_t footers = 0;             // Segments that were opened by their footer, unread otherwise.
};

struct BlockSummary {
  uint64_t segment;
  BlockHeader header;
};

struct RecoveryOptions {
  bool direct = true;
  uint32_t alignment = 4096;
  // Whether to make what was read durable; inspection does not.
  bool make_durable = true;
  // Whether full segments may be opened by their footers; inspection reads everything.
  bool use_footers = true;
  // Takes the stream to end here, whatever follows: what a cut there would leave (offline_repair.h).
  std::optional<Position> end_at;
  // Called for each kept block; may be empty.
  std::function<void(const BlockSummary&)> on_block;
};

struct Recovered {
  RecoveryReport report;
  LogIndex index;
  std::vector<SegmentHeader> segments;    // From the start of the stream, without gaps.
  Position resume;                        // Where the next block goes; its segment may not exist yet.
  SegmentProgress progress;               // Of the segment in which it goes, unless it is the first there.
  std::vector<uint64_t> based;            // Segments that begin with a whole base.
  uint64_t released = 0;                  // Highest number that a release record names: segments below may go.
  std::vector<Trailer> missing_trailers;  // Of full segments that have none.
  std::vector<uint64_t> dead;             // Numbers of segments below the start of the stream.
  std::vector<uint64_t> spares;           // Numbers of spare files.
  uint32_t previous_crc = 0;
  uint64_t next_ordinal = 1;
};

// Reads the directory of `identity`. `partial`, when given, receives the report also if the answer is a refusal.
Result<Recovered> Recover(FileSystem& files, const std::string& directory, const Identity& identity,
                          const RecoveryOptions& options, RecoveryReport* partial = nullptr);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_RECOVERY_H_
