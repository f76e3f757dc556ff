// Any sequence of records, as recovery would meet them; what the index says afterwards must hang together.
#include "../log_index.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;

namespace {

void CheckLog(const GroupLog& log) {
  REQUIRE(log.log_start().index <= log.tail().index && log.log_start().term <= log.tail().term);
  uint64_t previous = 0;
  for (const BatchEntry& entry : log.batches()) {
    REQUIRE(entry.first_index > previous && entry.first_index <= log.tail().index);
    previous = entry.first_index;
  }
  if (log.tail().index > log.log_start().index) {
    REQUIRE(!log.batches().empty() && log.batches().front().first_index <= log.log_start().index + 1);
    REQUIRE(log.TermAt(log.tail().index) == log.tail().term);
    const uint64_t middle = log.log_start().index + (log.tail().index - log.log_start().index + 1) / 2;
    REQUIRE(log.batches()[log.Find(middle)].first_index <= middle);
    REQUIRE(log.TermAt(middle) >= log.log_start().term && log.TermAt(middle) <= log.tail().term);
  }
  uint64_t term = 0;
  previous = 0;
  for (const TermRun& run : log.term_runs()) {
    REQUIRE((previous == 0 || run.term > term) && run.first_index > previous);
    REQUIRE(run.first_index <= log.tail().index);
    term = run.term;
    previous = run.first_index;
  }
  previous = 0;
  for (const uint64_t configuration : log.configurations()) {
    REQUIRE(configuration > previous && configuration <= log.tail().index);
    previous = configuration;
  }
}

// Mostly what might come next, now and then any number at all.
uint64_t Near(Input* input, uint64_t value) {
  const auto chosen = input->Take<uint8_t>();
  if (chosen < 200) return value + chosen % 4 - (chosen % 16 == 7 ? 2 : 0);
  return chosen < 250 ? chosen : input->Take<uint64_t>();
}

std::vector<uint8_t> Payload(RecordType type, uint64_t group, const GroupLog& log, Input* input) {
  const auto filled = [](std::span<const uint8_t> bytes) { return std::vector<uint8_t>(bytes.begin(), bytes.end()); };
  const uint64_t index = Near(input, log.tail().index);
  const uint64_t term = Near(input, log.tail().term);
  if (type == RecordType::kHardState) return filled(EncodeHardState({term, {input->Take<uint8_t>()}}));
  if (type == RecordType::kTruncateSuffix) return filled(EncodeTruncateSuffix(index));
  if (type != RecordType::kBatch) return filled(EncodeIndexTerm({index, term}));
  const uint32_t count = 1 + input->Take<uint8_t>() % 5;
  std::vector<uint8_t> batch(kBatchHeaderBytes + 4 * size_t{count});
  Store<uint32_t>(&batch[0], kBatchMagic);
  batch[4] = kBatchVersion;
  batch[5] = input->Take<uint8_t>() % 4;
  Store<uint64_t>(&batch[8], group);
  Store<uint64_t>(&batch[16], term);
  Store<uint64_t>(&batch[24], index);
  Store<uint32_t>(&batch[40], count);
  Store<uint32_t>(&batch[44], 4 * count);
  Seal(&batch, 52);
  return batch;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr RecordType kTypes[] = {RecordType::kBatch,          RecordType::kBatch,          RecordType::kHardState,
                                   RecordType::kTruncateSuffix, RecordType::kTruncatePrefix, RecordType::kCommitHint};
  Input input(data, size);
  LogIndex index;
  for (uint64_t ordinal = 1; !input.empty() && ordinal < 200; ++ordinal) {
    const auto choice = input.Take<uint8_t>();
    const RecordType type = kTypes[choice % std::size(kTypes)];
    const uint64_t group = choice / std::size(kTypes) % 3;
    std::vector<uint8_t> payload = Payload(type, group, index.Find(group), &input);
    if (choice > 250 && !payload.empty()) payload.resize(input.Take<uint8_t>() % payload.size());
    const IndexTerm tail = index.Find(group).tail();
    const Status status = index.Replay({type, group, ordinal, payload, 88}, {1, 8192});
    if (!status.ok()) REQUIRE(index.Find(group).tail().index == tail.index);
    CheckLog(index.Find(group));
  }
  return 0;
}
