// Blocks that do not hold and still prove what was in them, so that damage to the bodies of batches costs those batches
// and not the directory (R29).
//
// A block's checksum covers all of its records, and a batch's header, under a checksum of its own, says what the
// checksum of the batch's body was. So where a batch's header holds and its body does not, the checksum that the block
// would have with the right body can be worked out. If that is the one in the block's header, then everything else in
// the block is proven, byte for byte: other batches, votes, cuts. A block whose own header is lost is put together from
// its place and its records, and is proven by the checksum of its header, which the block behind it carries.
//
// Says no to everything else: nothing is ever skipped, and nothing is taken that no checksum covers.
#ifndef SCRIPTORIUM_SELF_PROOF_H_
#define SCRIPTORIUM_SELF_PROOF_H_

#include <optional>
#include <vector>

#include "prior_content.h"
#include "segment_scanner.h"

namespace scriptorium {

// A block of which all but the bodies of some batches is proven.
struct ProvenBlock {
  BlockHeader header;
  bool rebuilt = false;  // The header is not what stands there.
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> damaged;  // Where in it the batches stand whose bodies do not hold.
};

// What the block that should stand there follows.
struct ExpectedBlock {
  uint64_t sequence;
  uint64_t first_ordinal;
  uint32_t previous_crc;
};

// Judges the block at `offset`. `successor` is the first block of the next segment, if there is one. A block that
// nothing bears witness to is proven only if every sector of it was written: one that is torn has some that were not,
// so what is wrong with this one happened to it later, and whether it was acknowledged or not, it is part of the log.
Result<std::optional<ProvenBlock>> ProveBlock(SegmentScanner& scanner, uint32_t offset, const ExpectedBlock& expected,
                                              const PriorContent& prior, const std::optional<BlockHeader>& successor);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SELF_PROOF_H_
