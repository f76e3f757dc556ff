#include "segment.h"

#include <algorithm>

#include "crc32c.h"
#include "little_endian.h"

namespace scriptorium {
namespace {

constexpr uint64_t kSegmentMagic = 0x544e454d47455353;  // "SSEGMENT"
constexpr char kPrefix[] = "segment-";
constexpr char kSuffix[] = ".log";
constexpr size_t kNumberDigits = 16;
// Small enough that the writer's blocks get a turn between two of them.
constexpr size_t kZeroChunkBytes = 256 << 10;

enum class HeaderVerdict { kGood, kBad, kNewer };

HeaderVerdict DecodeSegmentHeader(const uint8_t* at, SegmentHeader* header, uint32_t* version) {
  if (Load<uint64_t>(at) != kSegmentMagic) return HeaderVerdict::kBad;
  if (Load<uint32_t>(at + kSegmentHeaderBytes - 4) != Crc32c(at, kSegmentHeaderBytes - 4)) return HeaderVerdict::kBad;
  *version = Load<uint32_t>(at + 8);
  if (*version > kFormatVersion) return HeaderVerdict::kNewer;
  std::memcpy(header->cluster_id.data(), at + 16, 16);
  std::memcpy(header->storage_uuid.data(), at + 32, 16);
  header->number = Load<uint64_t>(at + 48);
  header->nonce = Load<uint64_t>(at + 56);
  header->segment_bytes = Load<uint64_t>(at + 64);
  header->alignment = Load<uint32_t>(at + 72);
  header->created_millis = Load<uint64_t>(at + 80);
  header->version = *version;
  const auto table_bytes = Load<uint32_t>(at + 88);
  header->used_before = table_bytes != 0;
  header->prior_crc = Load<uint32_t>(at + 92);
  const uint32_t alignment = header->alignment;
  const bool sane =
      header->segment_bytes >= kMinSegmentBytes && header->segment_bytes <= kMaxSegmentBytes &&
      alignment >= kSectorBytes && alignment <= kMaxAlignment && (alignment & (alignment - 1)) == 0 &&
      (table_bytes == 0 || (header->self_contained() && table_bytes == PriorTableBytes(header->segment_bytes)));
  return sane ? HeaderVerdict::kGood : HeaderVerdict::kBad;
}

// Of a failed flush nothing is known, whatever the reason (R30).
Status AsFlush(const Status& status) { return status.code() == Code::kNoSpace ? status.As(Code::kIoError) : status; }

// Makes the whole content durable.
Status FillSegment(FileSystem& files, const std::string& path, const SegmentHeader& header, bool direct,
                   const std::atomic<bool>* abandon) {
  Result<std::unique_ptr<File>> opened = files.Open(path, OpenMode::kCreateOrReplace, direct);
  if (!opened.ok()) return opened.status();
  File& file = *opened.value();
  // Space first: a full disk is found here, before anything depends on the segment.
  if (Status status = file.Allocate(header.segment_bytes); !status.ok()) return status;
  AlignedBuffer bytes(kZeroChunkBytes, kMaxAlignment);
  EncodeSegmentHeader(header, bytes.data());
  EncodeSegmentHeader(header, bytes.data() + kSegmentHeaderBytes);
  // Zeros are written, not just reserved: the first write to a reserved extent costs a journal commit at its fsync.
  for (uint64_t offset = 0; offset < header.segment_bytes; offset += bytes.size()) {
    if (abandon != nullptr && abandon->load(std::memory_order_relaxed)) {
      return Status(Code::kClosed, "preparing a segment was abandoned");
    }
    const size_t chunk = std::min<uint64_t>(bytes.size(), header.segment_bytes - offset);
    if (Status status = WriteFully(file, bytes.data(), chunk, offset, header.alignment); !status.ok()) return status;
    if (offset == 0) std::memset(bytes.data(), 0, 2 * kSegmentHeaderBytes);
  }
  return AsFlush(file.Sync());
}

}  // namespace

std::string HexNumber(uint64_t number) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string digits(kNumberDigits, '0');
  for (size_t at = kNumberDigits; at-- > 0; number >>= 4) digits[at] = kDigits[number & 15];
  return digits;
}

std::optional<uint64_t> ParseNumberedName(const std::string& name, const std::string& prefix,
                                          const std::string& suffix) {
  if (name.size() != prefix.size() + kNumberDigits + suffix.size()) return std::nullopt;
  uint64_t number = 0;
  for (const char digit : name.substr(prefix.size(), kNumberDigits)) {
    const bool decimal = digit >= '0' && digit <= '9';
    if (!decimal && !(digit >= 'a' && digit <= 'f')) return std::nullopt;
    number = (number << 4) | static_cast<uint64_t>(decimal ? digit - '0' : digit - 'a' + 10);
  }
  if (prefix + HexNumber(number) + suffix != name) return std::nullopt;
  return number;
}

std::string SegmentName(uint64_t number) { return kPrefix + HexNumber(number) + kSuffix; }

std::optional<uint64_t> ParseSegmentName(const std::string& name) { return ParseNumberedName(name, kPrefix, kSuffix); }

std::vector<uint64_t> SegmentNumbers(const std::vector<std::string>& names) {
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = ParseSegmentName(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string JoinPath(const std::string& directory, const std::string& name) { return directory + "/" + name; }

void EncodeSegmentHeader(const SegmentHeader& header, uint8_t* to) {
  std::memset(to, 0, kSegmentHeaderBytes);
  Store<uint64_t>(to, kSegmentMagic);
  Store<uint32_t>(to + 8, header.version);
  Store<uint32_t>(to + 12, kSegmentHeaderBytes);
  std::memcpy(to + 16, header.cluster_id.data(), 16);
  std::memcpy(to + 32, header.storage_uuid.data(), 16);
  Store<uint64_t>(to + 48, header.number);
  Store<uint64_t>(to + 56, header.nonce);
  Store<uint64_t>(to + 64, header.segment_bytes);
  Store<uint32_t>(to + 72, header.alignment);
  Store<uint32_t>(to + 76, kSegmentFooterBytes);
  Store<uint64_t>(to + 80, header.created_millis);
  Store<uint32_t>(to + 88, header.used_before ? static_cast<uint32_t>(PriorTableBytes(header.segment_bytes)) : 0);
  Store<uint32_t>(to + 92, header.prior_crc);
  Store<uint32_t>(to + kSegmentHeaderBytes - 4, Crc32c(to, kSegmentHeaderBytes - 4));
}

Result<ReadSegmentHeader> LoadSegmentHeader(File& file, uint64_t number, const Identity& identity) {
  // More than the headers, so that it is a whole number of blocks of any device.
  AlignedBuffer bytes(kMaxAlignment, kMaxAlignment);
  if (Status status = ReadFully(file, bytes.data(), bytes.size(), 0); !status.ok()) return status;
  ReadSegmentHeader result;
  result.copies_differ = std::memcmp(bytes.data(), bytes.data() + kSegmentHeaderBytes, kSegmentHeaderBytes) != 0;
  uint32_t version = 0;
  HeaderVerdict verdict = DecodeSegmentHeader(bytes.data(), &result.header, &version);
  if (verdict == HeaderVerdict::kBad) {
    result.from_copy = true;
    verdict = DecodeSegmentHeader(bytes.data() + kSegmentHeaderBytes, &result.header, &version);
  }
  if (verdict == HeaderVerdict::kNewer) {
    return Status(Code::kNewerFormat, file.path() + ": written by format " + std::to_string(version) +
                                          ", this build reads up to " + std::to_string(kFormatVersion));
  }
  if (verdict == HeaderVerdict::kBad) {
    return Status::At(Code::kRotten, file.path(), 0, "neither copy of the segment header is valid");
  }
  const SegmentHeader& header = result.header;
  if (header.cluster_id != identity.cluster_id) {
    return Status(Code::kWrongIdentity, file.path() + ": belongs to cluster " + ToHex(header.cluster_id) +
                                            ", the directory to cluster " + ToHex(identity.cluster_id));
  }
  if (header.storage_uuid != identity.storage_uuid) {
    return Status(Code::kWrongIdentity, file.path() + ": belongs to storage " + ToHex(header.storage_uuid) +
                                            ", the directory to storage " + ToHex(identity.storage_uuid));
  }
  if (header.number != number) {
    return Status::At(Code::kRotten, file.path(), 48, "is segment " + std::to_string(header.number) + " by its header");
  }
  return result;
}

Result<PriorContent> LoadPriorContent(File& file, const SegmentHeader& header) {
  if (!header.used_before) return PriorContent();
  const uint64_t table_bytes = PriorTableBytes(header.segment_bytes);
  // The headers as well, so that the read begins where any device wants it to.
  AlignedBuffer bytes(2 * kSegmentHeaderBytes + table_bytes, kMaxAlignment);
  const uint64_t count = std::min<uint64_t>(bytes.size(), header.segment_bytes);
  if (Status status = ReadFully(file, bytes.data(), count, 0); !status.ok()) return status;
  auto table = std::make_shared<AlignedBuffer>(table_bytes, kSectorBytes);
  std::memcpy(table->data(), bytes.data() + 2 * kSegmentHeaderBytes, table_bytes);
  if (Crc32c(table->data(), table_bytes) != header.prior_crc) {
    return Status::At(Code::kRotten, file.path(), 2 * kSegmentHeaderBytes, "the table of prior content does not hold");
  }
  return PriorContent(std::move(table));
}

Status PrepareSegment(FileSystem& files, const std::string& directory, const SegmentHeader& header, bool direct,
                      const std::atomic<bool>* abandon) {
  const std::string temporary = JoinPath(directory, kPrepareName);
  Status status = FillSegment(files, temporary, header, direct, abandon);
  if (status.ok()) status = files.Rename(temporary, JoinPath(directory, SegmentName(header.number)));
  // What was taken before the disk was full must not keep others from it.
  if (status.code() == Code::kNoSpace) (void)files.Remove(temporary);
  return status.ok() ? AsFlush(files.SyncDirectory(directory)) : status;
}

}  // namespace scriptorium
