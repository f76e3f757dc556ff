#include "spare.h"

#include <algorithm>

#include "crc32c.h"

namespace scriptorium {
namespace {

constexpr char kPrefix[] = "spare-";
constexpr char kSuffix[] = ".seg";
constexpr size_t kReadChunkBytes = 256 << 10;

}  // namespace

std::string SpareName(uint64_t number) { return kPrefix + HexNumber(number) + kSuffix; }

std::optional<uint64_t> ParseSpareName(const std::string& name) { return ParseNumberedName(name, kPrefix, kSuffix); }

Result<MadeSegment> RecycleSegment(FileSystem& files, const std::string& directory, uint64_t spare,
                                   SegmentHeader header, bool direct, const std::atomic<bool>* abandon) {
  const std::string path = JoinPath(directory, SpareName(spare));
  Result<std::unique_ptr<File>> opened = files.Open(path, OpenMode::kReadWrite, direct);
  if (!opened.ok()) return opened.status();
  File& file = *opened.value();
  Result<uint64_t> size = file.Size();
  if (!size.ok()) return size.status();
  if (size.value() != header.segment_bytes) return Status(Code::kBadOption, path + ": has another size");

  auto table = std::make_shared<AlignedBuffer>(PriorTableBytes(header.segment_bytes), kSectorBytes);
  AlignedBuffer chunk(kReadChunkBytes, kMaxAlignment);
  for (uint64_t offset = 0; offset < header.segment_bytes; offset += chunk.size()) {
    if (abandon->load(std::memory_order_relaxed)) return Status(Code::kClosed, "preparing a segment was abandoned");
    const size_t count = std::min<uint64_t>(chunk.size(), header.segment_bytes - offset);
    if (Status status = ReadFully(file, chunk.data(), count, offset); !status.ok()) return status;
    NotePriorContent({chunk.data(), count}, offset, table->data());
  }
  header.used_before = true;
  header.prior_crc = Crc32c(table->data(), PriorTableBytes(header.segment_bytes));
  // Headers, table, and what else lies before the blocks.
  AlignedBuffer front(header.blocks_begin(), kMaxAlignment);
  EncodeSegmentHeader(header, front.data());
  EncodeSegmentHeader(header, front.data() + kSegmentHeaderBytes);
  std::memcpy(front.data() + 2 * kSegmentHeaderBytes, table->data(), PriorTableBytes(header.segment_bytes));
  Status status = WriteFully(file, front.data(), header.blocks_begin(), 0, header.alignment);
  if (status.ok()) status = file.Sync();
  if (status.ok()) status = files.Rename(path, JoinPath(directory, SegmentName(header.number)));
  if (status.ok()) status = files.SyncDirectory(directory);
  if (!status.ok()) return status;
  return MadeSegment{header, PriorContent(std::move(table))};
}

}  // namespace scriptorium
