// What a disk holds, as a value: for tests that try a great many disks which differ in a few sectors. Copies share
// their pages until one of them is written, and a page is checksummed once however many disks hold it.
#ifndef SCRIPTORIUM_DISK_IMAGE_H_
#define SCRIPTORIUM_DISK_IMAGE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crc32c.h"

namespace scriptorium {

// The content of one file. A page that was never written is not stored and reads as zeros.
class PagedBytes {
 public:
  uint64_t size() const { return size_; }

  void Resize(uint64_t size) {
    if (size < size_ && size % kPageBytes != 0) Zero(size, std::min(size_, size - size % kPageBytes + kPageBytes));
    size_ = size;
    pages_.resize((size + kPageBytes - 1) / kPageBytes);
  }

  // Both must lie inside the file.
  void Read(uint8_t* to, size_t bytes, uint64_t offset) const {
    for (size_t done = 0; done < bytes;) {
      const uint64_t at = offset + done;
      const size_t part = std::min<uint64_t>(bytes - done, kPageBytes - at % kPageBytes);
      const auto& page = pages_[at / kPageBytes];
      if (page == nullptr) {
        std::memset(to + done, 0, part);
      } else {
        std::memcpy(to + done, &page->bytes[at % kPageBytes], part);
      }
      done += part;
    }
  }
  void Write(const uint8_t* from, size_t bytes, uint64_t offset) {
    for (size_t done = 0; done < bytes;) {
      const uint64_t at = offset + done;
      const size_t part = std::min<uint64_t>(bytes - done, kPageBytes - at % kPageBytes);
      std::memcpy(&Own(at / kPageBytes).bytes[at % kPageBytes], from + done, part);
      done += part;
    }
  }

  // Equal contents give equal numbers, and different ones almost never do.
  uint64_t Fingerprint() const {
    uint64_t mixed = size_;
    for (const auto& page : pages_) {
      mixed = (mixed ^ (page == nullptr ? kZeroPageCrc : page->Crc())) * 0x9e3779b97f4a7c15;
      mixed ^= mixed >> 29;
    }
    return mixed;
  }

 private:
  static constexpr size_t kPageBytes = 4096;
  static constexpr uint32_t kZeroPageCrc = 0x98f94189;  // CRC32C of 4096 zeros.
  struct Page {
    std::array<uint8_t, kPageBytes> bytes{};
    mutable std::optional<uint32_t> crc;
    uint32_t Crc() const {
      if (!crc) crc = Crc32c(bytes.data(), bytes.size());
      return *crc;
    }
  };

  Page& Own(size_t number) {
    std::shared_ptr<Page>& page = pages_[number];
    if (page == nullptr) {
      page = std::make_shared<Page>();
    } else if (page.use_count() > 1) {
      page = std::make_shared<Page>(*page);
    }
    page->crc.reset();
    return *page;
  }
  void Zero(uint64_t begin, uint64_t end) {
    const std::array<uint8_t, kPageBytes> zeros{};
    Write(zeros.data(), end - begin, begin);
  }

  uint64_t size_ = 0;
  std::vector<std::shared_ptr<Page>> pages_;
};

// Files by their whole path.
struct DiskImage {
  std::map<std::string, PagedBytes> files;
  std::set<std::string> directories;

  uint64_t Fingerprint() const {
    uint64_t mixed = 0;
    for (const auto& [path, content] : files) {
      mixed = (mixed ^ Crc32c(reinterpret_cast<const uint8_t*>(path.data()), path.size())) * 0x9e3779b97f4a7c15;
      mixed = (mixed ^ content.Fingerprint()) * 0x94d049bb133111eb;
      mixed ^= mixed >> 31;
    }
    return mixed;
  }
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_DISK_IMAGE_H_
