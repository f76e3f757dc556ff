// What a segment says about itself: base records, footer, trailer. First byte: which of them.
#include "../base_record.h"
#include "../footer.h"
#include "../trailer.h"
#include "fuzz.h"

using namespace scriptorium;
using namespace scriptorium::fuzz;

namespace {

constexpr uint32_t kBegin = 8192;
constexpr uint32_t kEnd = 1 << 20;

void TryFooter(const std::vector<uint8_t>& bytes) {
  FooterReader reader(kBegin, kEnd, 7);
  uint64_t ordinal = 7;
  (void)reader.Read(bytes, [&](const FooterEntry& entry) {
    REQUIRE(entry.ordinal >= ordinal);
    ordinal = entry.ordinal + 1;
    if (entry.payload.empty()) {
      if (entry.batch.body_bytes != 0) {
        REQUIRE(entry.offset >= kBegin && entry.offset + entry.batch.bytes() <= kEnd);
      }
    } else {
      REQUIRE(entry.payload.data() >= bytes.data());
      REQUIRE(entry.payload.data() + entry.payload.size() <= bytes.data() + bytes.size());
    }
    return Status();
  });
}

void TryBase(const std::vector<uint8_t>& bytes) {
  if (IsBaseHead(bytes)) {
    const Result<BaseHead> head = DecodeBaseHead(bytes);
    if (head.ok()) REQUIRE(EncodeBaseHead(head.value()) == bytes);
    return;
  }
  const Result<GroupBase> base = DecodeGroupBase(bytes);
  if (!base.ok()) return;
  REQUIRE(EncodeGroupBase(base.value()) == bytes);
  REQUIRE(base.value().log_start.index <= base.value().tail.index);
}

void TryTrailer(std::vector<uint8_t> bytes, bool sealed) {
  bytes.resize(kSegmentFooterBytes);
  if (sealed) Seal(&bytes, kSegmentFooterBytes - 4);
  SegmentHeader header;
  header.segment_bytes = kEnd;
  header.alignment = 4096;
  // Its own number and nonce, wherever in the trailer they stand, so that more than those is tried.
  header.number = Load<uint64_t>(&bytes[16]);
  header.nonce = Load<uint64_t>(&bytes[24]);
  Trailer trailer;
  if (!DecodeTrailer(bytes.data(), header, &trailer)) return;
  REQUIRE(trailer.footer_offset >= header.blocks_begin() && trailer.footer_offset <= trailer.footer_end);
  REQUIRE(trailer.footer_end <= header.blocks_end());
  REQUIRE(trailer.first_sequence <= trailer.last_sequence && trailer.first_ordinal <= trailer.next_ordinal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const auto which = input.Take<uint8_t>();
  const std::vector<uint8_t> bytes = input.Rest();
  if (which % 4 == 0) TryFooter(bytes);
  if (which % 4 == 1) TryBase(bytes);
  if (which % 4 >= 2) TryTrailer(bytes, which % 4 == 3);
  return 0;
}
