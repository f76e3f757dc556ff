// Base records, footers, trailers and tables of prior content as bytes: what goes in comes out, and no other bytes are
// taken for them.
#include "../footer.h"
#include "../log_index.h"
#include "../prior_content.h"
#include "../trailer.h"
#include "../varint.h"
#include "check.h"
#include "fixture.h"

using namespace scriptorium;
using namespace scriptorium::test;

namespace {

GroupBase SomeBase() {
  GroupBase base;
  base.log_start = {10, 2};
  base.tail = {(uint64_t{1} << 53) - 2, 9};
  base.commit_hint = {77, 3};
  base.hard_state = {9, Incarnation(0xab)};
  base.term_runs = {{2, 11}, {5, 40}, {9, uint64_t{1} << 40}};
  base.configurations = {11, 12, uint64_t{1} << 50};
  return base;
}

SegmentHeader SomeHeader() {
  SegmentHeader header;
  header.number = 5;
  header.nonce = 0x1234;
  header.segment_bytes = 1 << 20;
  header.alignment = 4096;
  return header;
}

struct Told {
  RecordType type;
  uint64_t ordinal, group, term, first_index, count, bytes;
  uint32_t offset;
  Bytes payload;
  bool operator==(const Told&) const = default;
};

Result<std::vector<Told>> ReadAll(const std::vector<Bytes>& payloads, FooterReader* reader) {
  std::vector<Told> told;
  for (const Bytes& payload : payloads) {
    Status status = reader->Read(payload, [&](const FooterEntry& entry) {
      const bool batch = entry.payload.empty() && entry.batch.count > 0;
      told.push_back({entry.type, entry.ordinal, entry.group, entry.batch.term, entry.batch.first_index,
                      entry.batch.count, batch ? entry.batch.bytes() : 0, entry.offset,
                      Bytes(entry.payload.begin(), entry.payload.end())});
      return Status();
    });
    if (!status.ok()) return status;
  }
  return told;
}

}  // namespace

TEST("a number takes as few bytes as it needs, has one spelling, and is never read past the end") {
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 53, UINT64_MAX}) {
    Bytes bytes;
    PutVarint(&bytes, value);
    VarintReader reader(bytes);
    CHECK_EQUAL(reader.Next(), value);
    CHECK(reader.done());
    VarintReader cut(std::span<const uint8_t>(bytes).first(bytes.size() - 1));
    CHECK_EQUAL(cut.Next(), 0U);
    CHECK(!cut.ok());
  }
  for (const Bytes& bytes :
       {Bytes{0x80, 0x00}, Bytes(11, 0xff), Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}}) {
    VarintReader reader(bytes);
    CHECK_EQUAL(reader.Next(), 0U);
    CHECK(!reader.ok());
  }
}

TEST("S51: a group's base comes back as it was, up to the largest index, and cut or possible bytes only") {
  const GroupBase base = SomeBase();
  const Bytes bytes = EncodeGroupBase(base);
  Result<GroupBase> decoded = DecodeGroupBase(bytes);
  CHECK_OK(decoded.status());
  CHECK(decoded.value() == base);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    CHECK_CODE(DecodeGroupBase(std::span<const uint8_t>(bytes).first(cut)).status(), Code::kRotten);
  }
  // Whatever is decoded can be encoded to the same bytes: nothing else was let through.
  uint64_t random = 1;
  for (int sample = 0; sample < 20000; ++sample) {
    Bytes changed = bytes;
    for (int change = 0; change < 1 + sample % 3; ++change) {
      changed[NextRandom(&random) % changed.size()] = static_cast<uint8_t>(NextRandom(&random));
    }
    Result<GroupBase> read = DecodeGroupBase(changed);
    if (read.ok()) CHECK(EncodeGroupBase(read.value()) == changed);
  }
  // A count beyond what the bytes can hold is refused before anything is made for it.
  Bytes huge = EncodeGroupBase(GroupBase());
  huge.resize(huge.size() - 2);
  PutVarint(&huge, uint64_t{1} << 60);
  huge.push_back(0);
  CHECK_CODE(DecodeGroupBase(huge).status(), Code::kRotten);
}

TEST("a base that no sequence of records can lead to is refused") {
  const auto refused = [](void (*change)(GroupBase*)) {
    GroupBase base = SomeBase();
    change(&base);
    CHECK_CODE(DecodeGroupBase(EncodeGroupBase(base)).status(), Code::kRotten);
  };
  refused([](GroupBase* base) { base->log_start.index = uint64_t{1} << 53; });
  refused([](GroupBase* base) { base->tail.term = 8; });
  refused([](GroupBase* base) { base->tail = base->log_start; });
  refused([](GroupBase* base) { base->term_runs.clear(); });
  refused([](GroupBase* base) { base->term_runs[0].first_index = 12; });
  refused([](GroupBase* base) { base->term_runs[0].term = 1; });
  refused([](GroupBase* base) { base->configurations = {12, 12}; });
  refused([](GroupBase* base) { base->configurations.back() = base->tail.index + 1; });
}

TEST("a base gives the same state as the records it stands for, and holes where the batches were") {
  LogIndex index;
  Result<GroupLog*> made = index.Make(3);
  CHECK_OK(made.status());
  GroupLog& log = *made.value();
  for (uint64_t first = 1; first <= 9; first += 2) {
    log.ApplyAppend(ParseBatch(MakeBatch(3, first < 5 ? 1 : 2, first, 2, 10)).value(),
                    {1, static_cast<uint32_t>(first * 1000)});
  }
  log.ApplyTruncatePrefix({3, 1});
  LogIndex other;
  CHECK_OK(other.ReplayBase(3, log.Base(), true));
  CHECK_CODE(other.ReplayBase(3, SomeBase(), true), Code::kRotten);
  CHECK_CODE(other.ReplayBase(3, SomeBase(), false), Code::kRotten);
  GroupLog& copy = *other.Make(3).value();
  CHECK(copy.Base() == log.Base());
  CHECK_EQUAL(copy.batches().size(), 1U);
  CHECK(copy.batches()[0].hole());
  // Moved batches fill the hole from any side; what follows the tail, or has another term, does not.
  CHECK_CODE(copy.CheckMove(ParseBatch(MakeBatch(3, 2, 3, 2, 10)).value()), Code::kBadOption);
  CHECK_CODE(copy.CheckMove(ParseBatch(MakeBatch(3, 2, 10, 2, 10)).value()), Code::kBadOption);
  for (const uint64_t first : {uint64_t{7}, uint64_t{3}, uint64_t{9}, uint64_t{5}}) {
    const BatchHeader batch = ParseBatch(MakeBatch(3, first < 5 ? 1 : 2, first, 2, 10)).value();
    CHECK_OK(copy.CheckMove(batch));
    copy.ApplyMove(batch, {2, static_cast<uint32_t>(first * 1000)});
  }
  CHECK_EQUAL(copy.batches().size(), 4U);
  for (size_t at = 0; at < 4; ++at) {
    CHECK_EQUAL(copy.batches()[at].first_index, log.batches()[at].first_index);
    CHECK_EQUAL(copy.batches()[at].segment, 2U);
  }
  CHECK_EQUAL(other.use().live_bytes().at(2), 4 * MakeBatch(3, 1, 3, 2, 10).size());
  copy.ApplyTruncateSuffix(7);
  CHECK_EQUAL(other.use().live_bytes().at(2), 2 * MakeBatch(3, 1, 3, 2, 10).size());
  copy.ApplyTruncatePrefix({6, 2});
  CHECK(other.use().live_bytes().empty());
}

TEST("a hole is cut from both ends like what stood there, and keeps the rest") {
  GroupBase base;
  base.tail = {100, 1};
  base.term_runs = {{1, 1}};
  base.configurations = {7, 60};
  GroupLog log;
  log.Adopt(base);
  CHECK_OK(log.CheckTruncateSuffix(51));
  log.ApplyTruncateSuffix(51);
  CHECK_OK(log.CheckTruncatePrefix({20, 1}));
  log.ApplyTruncatePrefix({20, 1});
  CHECK(log.configurations().empty());
  CHECK_EQUAL(log.batches().size(), 1U);
  CHECK_EQUAL(log.batches()[0].first_index, 21U);
  CHECK_EQUAL(log.LastIndexOf(0), 50U);
}

TEST("a footer tells what was noted, in order, within the room it asked for, whatever its length") {
  for (const size_t batches : {size_t{0}, size_t{1}, size_t{200000}}) {
    FooterBuilder builder;
    std::vector<Told> expected;
    const Bytes head = EncodeBaseHead({0});
    builder.Note(RecordType::kBase, 0, head, 8000);
    uint32_t offset = 8192 + 88;
    uint64_t ordinal = 2;
    const Bytes hint(16, 0x11);
    for (size_t at = 0; at < batches; ++at) {
      const Bytes batch = MakeBatch(at % 3, 4, at + 1, 2, static_cast<uint32_t>(at % 7));
      const RecordType type = at % 5 == 0 ? RecordType::kMovedBatch : RecordType::kBatch;
      builder.Note(type, at % 3, batch, offset);
      expected.push_back({type, ordinal++, at % 3, 4, at + 1, 2, batch.size(), offset, {}});
      offset += static_cast<uint32_t>(batch.size() + 24 + at % 2 * 4096);
      builder.Note(RecordType::kCommitHint, 9, hint, offset);
      expected.push_back({RecordType::kCommitHint, ordinal++, 9, 0, 0, 0, 0, 0, hint});
    }
    uint64_t taken = 0;
    const std::vector<Bytes> payloads = builder.Payloads();
    for (const Bytes& payload : payloads) {
      const uint64_t block = RoundUp(kBlockHeaderBytes + RecordBytes(payload.size()), 4096);
      CHECK(block <= kMaxFooterBlockBytes);
      taken += block;
    }
    CHECK(taken <= builder.SpaceWith(0, 0, 4096));
    CHECK(builder.SpaceWith(0, 0, 4096) < taken + 2 * 4096 * payloads.size());
    FooterReader reader(8192, offset + 4096, 1);
    Result<std::vector<Told>> told = ReadAll(payloads, &reader);
    CHECK_OK(told.status());
    CHECK(told.value() == expected);
    CHECK_EQUAL(reader.next_ordinal(), ordinal);
    CHECK_EQUAL(reader.base_records(), 1U);
    if (batches != 1) continue;
    for (size_t cut = 1; cut < payloads[0].size(); ++cut) {
      FooterReader short_reader(8192, offset + 4096, 1);
      Result<std::vector<Told>> part =
          ReadAll({Bytes(payloads[0].begin(), payloads[0].begin() + static_cast<ptrdiff_t>(cut))}, &short_reader);
      if (part.ok()) CHECK(part.value().size() < expected.size());
    }
  }
}

TEST("S09: a footer that was changed never points outside its segment") {
  FooterBuilder builder;
  uint32_t offset = 9000;
  for (uint64_t index = 1; index < 40; ++index) {
    builder.Note(RecordType::kBatch, 1, MakeBatch(1, 1, index, 1, 500), offset);
    offset += 600;
  }
  const Bytes whole = builder.Payloads()[0];
  uint64_t random = 5;
  for (int sample = 0; sample < 50000; ++sample) {
    Bytes bytes = whole;
    for (int change = 0; change < 1 + sample % 3; ++change) {
      bytes[NextRandom(&random) % bytes.size()] = static_cast<uint8_t>(NextRandom(&random));
    }
    FooterReader reader(8192, 60000, 1);
    (void)reader.Read(bytes, [](const FooterEntry& entry) {
      if (entry.type != RecordType::kBatch && entry.type != RecordType::kMovedBatch) return Status();
      CHECK(entry.offset >= 8192 && entry.offset + entry.batch.bytes() <= 60000);
      return Status();
    });
  }
}

TEST("S21: a trailer holds for one life of one segment, and not with any bit of it flipped") {
  const SegmentHeader header = SomeHeader();
  const Trailer trailer{5, 0x1234, 100, 120, 1000, 1500, 7, 8, 900 << 10, 908 << 10};
  Bytes bytes(kSegmentFooterBytes);
  EncodeTrailer(trailer, bytes.data());
  Trailer read;
  CHECK(DecodeTrailer(bytes.data(), header, &read));
  CHECK_EQUAL(read.last_sequence, 120U);
  CHECK_EQUAL(read.next_ordinal, 1500U);
  CHECK_EQUAL(read.last_crc, 8U);
  CHECK_EQUAL(read.footer_end, 908U << 10);
  SegmentHeader other = header;
  other.nonce = 0x1235;
  CHECK(!DecodeTrailer(bytes.data(), other, &read));
  other = header;
  other.number = 6;
  CHECK(!DecodeTrailer(bytes.data(), other, &read));
  for (size_t bit = 0; bit < bytes.size() * 8; bit += bit < 800 ? 1 : 101) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    CHECK(!DecodeTrailer(bytes.data(), header, &read));
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
  }
  Trailer outside = trailer;
  outside.footer_end = 2 << 20;
  EncodeTrailer(outside, bytes.data());
  CHECK(!DecodeTrailer(bytes.data(), header, &read));
}

TEST("S10 S21: what lay in a segment before is known sector by sector") {
  Bytes bytes(4 * kSectorBytes, 0);
  bytes[600] = 1;
  const PriorContent zeros;
  CHECK_EQUAL(zeros.CountUnwritten(bytes, 8192), 3U);
  CHECK(!zeros.AllUnwritten(bytes, 8192));
  auto table = std::make_shared<AlignedBuffer>(PriorTableBytes(64 << 10), 512);
  NotePriorContent(bytes, 8192, table->data());
  const PriorContent old(table);
  CHECK(old.AllUnwritten(bytes, 8192));
  CHECK(!old.Unwritten(bytes.data(), 8192 + 512));
  CHECK(old.Unwritten(bytes.data() + 512, 8192 + 512));
  // Beyond the table nothing is known, so nothing counts as unwritten.
  CHECK(!old.Unwritten(bytes.data(), 64 << 10));
}
