#include "segment_set.h"

#include <algorithm>

#include "segment_scanner.h"
#include "spare.h"

namespace scriptorium {

Status SegmentSet::List() {
  Result<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  numbers_ = SegmentNumbers(names.value());
  for (const std::string& name : names.value()) {
    if (const auto number = ParseSpareName(name)) spares_.push_back(*number);
  }
  std::sort(spares_.begin(), spares_.end());
  if (numbers_.empty()) return Status(Code::kRotten, PathOf(1) + ": this segment is missing");
  if (numbers_.back() > UINT32_MAX || numbers_.front() == 0) {
    return Status(Code::kRotten, directory_ + ": a segment number that cannot be");
  }
  size_t first = numbers_.size() - 1;
  while (first > 0 && numbers_[first - 1] + 1 == numbers_[first]) --first;
  left_over_.assign(numbers_.begin(), numbers_.begin() + static_cast<ptrdiff_t>(first));
  numbers_.erase(numbers_.begin(), numbers_.begin() + static_cast<ptrdiff_t>(first));
  return Status();
}

Result<OpenedSegment> SegmentSet::Open(uint64_t number) const {
  const std::string path = PathOf(number);
  Result<std::unique_ptr<File>> file = files_.Open(path, OpenMode::kRead, direct_);
  if (!file.ok()) return file.status();
  Result<uint64_t> size = file.value()->Size();
  if (!size.ok()) return size.status();
  if (size.value() == 0 && number == numbers_.back() && number > 1) return OpenedSegment();
  if (size.value() < kMinSegmentBytes) {
    return Status::At(Code::kRotten, path, size.value(), "the file ends here, shorter than any segment");
  }
  Result<ReadSegmentHeader> header = LoadSegmentHeader(*file.value(), number, identity_);
  if (!header.ok()) return header.status();
  if (size.value() < header.value().header.segment_bytes) {
    return Status::At(Code::kRotten, path, size.value(),
                      "the file ends here, but its header says " + std::to_string(header.value().header.segment_bytes));
  }
  return OpenedSegment{header.value().header, std::move(file.value()), header.value().from_copy};
}

Result<std::optional<BlockHeader>> SegmentSet::FirstBlockOf(uint64_t number, uint32_t alignment) const {
  const std::optional<BlockHeader> none;
  if (number > numbers_.back()) return none;
  Result<OpenedSegment> opened = Open(number);
  if (!opened.ok() && opened.status().code() != Code::kRotten) return opened.status();
  if (!opened.ok() || opened.value().file == nullptr) return none;
  SegmentScanner scanner(*opened.value().file, opened.value().header, alignment, alignment);
  BlockHeader header;
  Result<bool> is_header = scanner.HeaderAt(opened.value().header.blocks_begin(), &header);
  if (!is_header.ok()) return is_header.status();
  return is_header.value() ? std::optional<BlockHeader>(header) : none;
}

}  // namespace scriptorium
