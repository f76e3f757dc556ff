// Writes the inputs that fuzzing starts from, made by the engine itself: make_seeds FOLDER. The folder holds one folder
// for each target. Run when a format changes, and keep what it writes.
#include <fstream>

#include "../base_record.h"
#include "../footer.h"
#include "../test/fixture.h"
#include "../trailer.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

std::string folder;

// `first` is the byte that tells the target what to do with the rest.
void Write(const std::string& target, const std::string& name, uint8_t first, std::span<const uint8_t> bytes) {
  std::ofstream out(folder + "/" + target + "/" + name, std::ios::binary);
  out.put(static_cast<char>(first));
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void WriteBlock() {
  BlockBuffer block(AloneBlock(64 << 10));
  block.Begin({3, 8192}, 17, 16384, 4096);
  block.Append(RecordType::kBatch, 0, 40, MakeBatch(0, 2, 1, 3, 70));
  block.Append(RecordType::kHardState, 0, 41, EncodeHardState({2, Incarnation(7)}));
  block.Append(RecordType::kTruncateSuffix, 0, 42, EncodeTruncateSuffix(4));
  block.Append(RecordType::kTruncatePrefix, 0, 43, EncodeIndexTerm({2, 2}));
  block.Append(RecordType::kCommitHint, 0, 44, EncodeIndexTerm({3, 2}));
  block.Append(RecordType::kSeal, 0, 45, {});
  const BlockHeader header = block.Finish(0x1234, 16, 0xabcd);
  Write("block_fuzz", "every-record", 1, {block.data(), kBlockHeaderBytes + header.body_bytes});
}

SegmentHeader Header() {
  SegmentHeader header;
  header.number = 1;
  header.nonce = 77;
  header.segment_bytes = 1 << 20;
  header.alignment = 4096;
  return header;
}

void WriteSegmentHeader() {
  Bytes bytes(kSegmentHeaderBytes);
  EncodeSegmentHeader(Header(), bytes.data());
  Bytes both(bytes.begin(), bytes.begin() + 128);
  both.insert(both.end(), bytes.begin(), bytes.begin() + 128);
  Write("segment_header_fuzz", "both", 3, both);
}

void WriteSummary() {
  FooterBuilder footer;
  const Bytes first = MakeBatch(0, 2, 1, 3, 70);
  const Bytes second = MakeBatch(0, 2, 4, 1, 700);
  footer.Note(RecordType::kBatch, 0, first, 8192 + 88);
  footer.Note(RecordType::kHardState, 0, EncodeHardState({2, Incarnation(7)}), 9000);
  footer.Note(RecordType::kBatch, 0, second, 12288 + 88);
  for (const Bytes& payload : footer.Payloads()) Write("segment_summary_fuzz", "footer", 0, payload);
  GroupBase base;
  base.log_start = {3, 1};
  base.tail = {9, 4};
  base.commit_hint = {7, 4};
  base.hard_state = {5, Incarnation(1)};
  base.term_runs = {{1, 4}, {4, 6}};
  base.configurations = {5};
  Write("segment_summary_fuzz", "base", 1, EncodeGroupBase(base));
  Write("segment_summary_fuzz", "base-head", 1, EncodeBaseHead({.groups = 3}));
  Trailer trailer{1, 77, 1, 9, 1, 12, 0, 0x1234, 12288, 16384};
  Bytes bytes(kSegmentFooterBytes);
  EncodeTrailer(trailer, bytes.data());
  bytes.resize(128);
  Write("segment_summary_fuzz", "trailer", 3, bytes);
}

}  // namespace

int main(int count, char** given) {
  if (count != 2) return 64;
  folder = given[1];
  Write("batch_fuzz", "three-entries", 1, MakeBatch(7, 2, 5, 3, 20));
  Write("batch_fuzz", "no-op", 0, MakeBatch(0, 1, 1, 1, 0, 0));
  Write("identity_fuzz", "identity", 1, EncodeIdentity(MakeIdentity()));
  WriteBlock();
  WriteSegmentHeader();
  WriteSummary();
  const Bytes records{0, 1, 1, 4, 0, 2, 0, 1, 9, 3, 1, 1, 6, 1, 1, 4, 0, 7, 1, 1, 1, 0, 252, 3, 4};
  Write("log_index_fuzz", "a-few-records", 0, records);
  const Bytes zeroed{3, 2, 4, 0, 0, 16};
  const Bytes resealed{3, 0, 5, 32, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 3, 5, 5, 0, 0, 0};
  const Bytes cut{4, 4, 9, 0, 0, 0, 2, 3, 7, 0, 0, 32};
  Write("recovery_fuzz", "zeroed", 2, zeroed);
  Write("recovery_fuzz", "resealed", 3, resealed);
  Write("recovery_fuzz", "cut-and-copied", 4, cut);
  return 0;
}
