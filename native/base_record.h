// Base records: what every segment begins with, so that the segments before it may go. The first one, the head, says
// how many groups follow; then comes one for each group that has any state, as it stood when the segment began. Bytes
// from disk are checked for everything that the index relies on before a group is made from them; a base is never
// applied in part.
#ifndef SCRIPTORIUM_BASE_RECORD_H_
#define SCRIPTORIUM_BASE_RECORD_H_

#include <cstdint>
#include <span>
#include <vector>

#include "batch.h"
#include "identity.h"

namespace scriptorium {

struct IndexTerm {
  uint64_t index = 0;
  uint64_t term = 0;
  bool operator==(const IndexTerm&) const = default;
};

struct HardState {
  uint64_t term = 0;
  Id128 voted_for{};  // All zeros: no vote in this term.
  bool operator==(const HardState&) const = default;
};

struct TermRun {
  uint64_t term;
  uint64_t first_index;
  bool operator==(const TermRun&) const = default;
};

// All there is to know of a group but where its batches are.
struct GroupBase {
  IndexTerm log_start;
  IndexTerm tail;
  IndexTerm commit_hint;
  HardState hard_state;
  std::vector<TermRun> term_runs;
  std::vector<uint64_t> configurations;
  bool operator==(const GroupBase&) const = default;
};

std::vector<uint8_t> EncodeGroupBase(const GroupBase& base);
// ROTTEN for anything that is not exactly the base of a possible group.
Result<GroupBase> DecodeGroupBase(std::span<const uint8_t> payload);

struct BaseHead {
  uint64_t groups = 0;  // How many group bases follow.
};

std::vector<uint8_t> EncodeBaseHead(const BaseHead& head);
// Whether the payload of a base record is a head rather than a group's.
bool IsBaseHead(std::span<const uint8_t> payload);
Result<BaseHead> DecodeBaseHead(std::span<const uint8_t> payload);

// A base record about to be written; `group` is 0 for the head.
struct BasePayload {
  uint64_t group;
  std::vector<uint8_t> bytes;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_BASE_RECORD_H_
