#include "trailer.h"

#include "aligned_buffer.h"
#include "crc32c.h"

namespace scriptorium {
namespace {

constexpr uint64_t kTrailerMagic = 0x4c49415254474553;  // "SEGTRAIL"
constexpr uint32_t kTrailerVersion = 1;

}  // namespace

void EncodeTrailer(const Trailer& trailer, uint8_t* to) {
  std::memset(to, 0, kSegmentFooterBytes);
  Store<uint64_t>(to, kTrailerMagic);
  Store<uint32_t>(to + 8, kTrailerVersion);
  Store<uint64_t>(to + 16, trailer.number);
  Store<uint64_t>(to + 24, trailer.nonce);
  Store<uint64_t>(to + 32, trailer.first_sequence);
  Store<uint64_t>(to + 40, trailer.last_sequence);
  Store<uint64_t>(to + 48, trailer.first_ordinal);
  Store<uint64_t>(to + 56, trailer.next_ordinal);
  Store<uint32_t>(to + 64, trailer.previous_crc);
  Store<uint32_t>(to + 68, trailer.last_crc);
  Store<uint32_t>(to + 72, trailer.footer_offset);
  Store<uint32_t>(to + 76, trailer.footer_end);
  Store<uint32_t>(to + 80, trailer.has_sums ? 1 : 0);
  Store<uint32_t>(to + 84, trailer.sums_crc);
  Store<uint32_t>(to + kSegmentFooterBytes - 4, Crc32c(to, kSegmentFooterBytes - 4));
}

bool DecodeTrailer(const uint8_t* at, const SegmentHeader& header, Trailer* trailer) {
  if (Load<uint64_t>(at) != kTrailerMagic || Load<uint32_t>(at + 8) != kTrailerVersion) return false;
  if (Load<uint32_t>(at + kSegmentFooterBytes - 4) != Crc32c(at, kSegmentFooterBytes - 4)) return false;
  trailer->number = Load<uint64_t>(at + 16);
  trailer->nonce = Load<uint64_t>(at + 24);
  trailer->first_sequence = Load<uint64_t>(at + 32);
  trailer->last_sequence = Load<uint64_t>(at + 40);
  trailer->first_ordinal = Load<uint64_t>(at + 48);
  trailer->next_ordinal = Load<uint64_t>(at + 56);
  trailer->previous_crc = Load<uint32_t>(at + 64);
  trailer->last_crc = Load<uint32_t>(at + 68);
  trailer->footer_offset = Load<uint32_t>(at + 72);
  trailer->footer_end = Load<uint32_t>(at + 76);
  trailer->has_sums = Load<uint32_t>(at + 80) == 1;
  trailer->sums_crc = Load<uint32_t>(at + 84);
  return trailer->number == header.number && trailer->nonce == header.nonce &&
         trailer->first_sequence < trailer->last_sequence && trailer->first_ordinal < trailer->next_ordinal &&
         trailer->footer_offset >= header.blocks_begin() && trailer->footer_offset < trailer->footer_end &&
         trailer->footer_end <= header.blocks_end() && trailer->footer_offset % header.alignment == 0 &&
         trailer->footer_end % header.alignment == 0;
}

bool CanWriteTrailer(const SegmentHeader& header, uint32_t alignment) {
  return header.alignment >= alignment && header.segment_bytes % header.alignment == 0;
}

Status WriteTrailer(File& file, const SegmentHeader& header, const Trailer& trailer) {
  const uint64_t begin = header.blocks_end();
  AlignedBuffer bytes(header.segment_bytes - begin, kMaxAlignment);
  const size_t count = header.segment_bytes - begin;
  EncodeTrailer(trailer, bytes.data() + count - kSegmentFooterBytes);
  if (Status status = WriteFully(file, bytes.data(), count, begin, header.alignment); !status.ok()) return status;
  return file.DataSync();
}

}  // namespace scriptorium
