#include "spare.h"

#include <algorithm>

#include "crc32c.h"
#include "sector_sums.h"

namespace scriptorium {
namespace {

constexpr char kPrefix[] = "spare-";
constexpr char kSuffix[] = ".seg";
constexpr size_t kReadChunkBytes = 256 << 10;

// Takes the table from the sums of the spare's former life; false if there are none that hold.
bool FillFromSums(File& file, uint64_t spare, const SegmentHeader& next, uint8_t* table) {
  Identity identity;
  identity.cluster_id = next.cluster_id;
  identity.storage_uuid = next.storage_uuid;
  Result<ReadSegmentHeader> former = LoadSegmentHeader(file, spare, identity);
  if (!former.ok() || former.value().header.segment_bytes != next.segment_bytes) return false;
  // What lies before the blocks has no sums.
  if (former.value().header.blocks_begin() > next.blocks_begin()) return false;
  Result<bool> loaded = LoadSectorSums(file, former.value().header, table);
  return loaded.ok() && loaded.value();
}

// Fills the table of prior content, by reading all of the file if nothing else tells.
Status NoteContent(File& file, uint64_t spare, const SegmentHeader& next, const std::atomic<bool>* abandon,
                   uint8_t* table) {
  if (FillFromSums(file, spare, next, table)) return Status();
  AlignedBuffer chunk(kReadChunkBytes, kMaxAlignment);
  for (uint64_t offset = 0; offset < next.segment_bytes; offset += chunk.size()) {
    if (abandon->load(std::memory_order_relaxed)) return Status(Code::kClosed, "preparing a segment was abandoned");
    const size_t count = std::min<uint64_t>(chunk.size(), next.segment_bytes - offset);
    if (Status status = ReadFully(file, chunk.data(), count, offset); !status.ok()) return status;
    NotePriorContent({chunk.data(), count}, offset, table);
  }
  return Status();
}

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
  if (Status status = NoteContent(file, spare, header, abandon, table->data()); !status.ok()) return status;
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
