#include "identity.h"

#include "crc32c.h"
#include "little_endian.h"

namespace scriptorium {
namespace {

constexpr uint64_t kIdentityMagic = 0x4449424952435342;  // "BSCRIBID"

Status Differs(const std::string& directory, const char* what, const std::string& found, const std::string& expected) {
  return Status(Code::kWrongIdentity,
                directory + ": belongs to " + what + " " + found + ", not to " + what + " " + expected);
}

}  // namespace

std::string ToHex(const Id128& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : id) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::array<uint8_t, kIdentityBytes> EncodeIdentity(const Identity& identity) {
  std::array<uint8_t, kIdentityBytes> bytes{};
  uint8_t* to = bytes.data();
  Store<uint64_t>(to, kIdentityMagic);
  Store<uint32_t>(to + 8, kFormatVersion);
  Store<uint32_t>(to + 12, static_cast<uint32_t>(identity.scribe_id.size()));
  std::memcpy(to + 16, identity.cluster_id.data(), 16);
  std::memcpy(to + 32, identity.storage_uuid.data(), 16);
  Store<uint64_t>(to + 48, identity.created_millis);
  std::memcpy(to + 56, identity.scribe_id.data(), identity.scribe_id.size());
  Store<uint32_t>(to + 124, Crc32c(to, 124));
  return bytes;
}

Result<Identity> DecodeIdentity(std::span<const uint8_t> bytes, const std::string& path) {
  if (bytes.size() != kIdentityBytes) {
    return Status::At(Code::kRotten, path, 0, "is " + std::to_string(bytes.size()) + " bytes long instead of 128");
  }
  const uint8_t* at = bytes.data();
  if (Load<uint64_t>(at) != kIdentityMagic) return Status::At(Code::kRotten, path, 0, "is not an identity file");
  if (Load<uint32_t>(at + 124) != Crc32c(at, 124)) return Status::At(Code::kRotten, path, 0, "fails its checksum");
  if (const auto version = Load<uint32_t>(at + 8); version > kFormatVersion) {
    return Status(Code::kNewerFormat, path + ": written by format " + std::to_string(version) +
                                          ", this build reads up to " + std::to_string(kFormatVersion));
  }
  const auto id_bytes = Load<uint32_t>(at + 12);
  if (id_bytes == 0 || id_bytes > kMaxScribeIdBytes) return Status::At(Code::kRotten, path, 12, "bad scribe id length");
  Identity identity;
  std::memcpy(identity.cluster_id.data(), at + 16, 16);
  std::memcpy(identity.storage_uuid.data(), at + 32, 16);
  identity.created_millis = Load<uint64_t>(at + 48);
  identity.scribe_id.assign(reinterpret_cast<const char*>(at + 56), id_bytes);
  return identity;
}

Result<Identity> ReadIdentity(FileSystem& files, const std::string& path) {
  Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead, false);
  if (!file.ok()) return file.status();
  // One byte more than it should hold, so that a longer file is noticed.
  std::array<uint8_t, kIdentityBytes + 1> bytes{};
  Result<size_t> read = file.value()->ReadAt(bytes.data(), bytes.size(), 0);
  if (!read.ok()) return read.status();
  return DecodeIdentity({bytes.data(), read.value()}, path);
}

Status WriteIdentity(FileSystem& files, const std::string& path, const Identity& identity) {
  Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kCreateOrReplace, false);
  if (!file.ok()) return file.status();
  const auto bytes = EncodeIdentity(identity);
  if (Status status = WriteFully(*file.value(), bytes.data(), bytes.size(), 0, 1); !status.ok()) return status;
  return file.value()->Sync();
}

Status CheckIdentity(const Identity& found, const ExpectedIdentity& expected, const std::string& directory) {
  if (expected.cluster_id && *expected.cluster_id != found.cluster_id) {
    return Differs(directory, "cluster", ToHex(found.cluster_id), ToHex(*expected.cluster_id));
  }
  if (expected.scribe_id && *expected.scribe_id != found.scribe_id) {
    return Differs(directory, "scribe", found.scribe_id, *expected.scribe_id);
  }
  if (expected.storage_uuid && *expected.storage_uuid != found.storage_uuid) {
    return Differs(directory, "storage", ToHex(found.storage_uuid), ToHex(*expected.storage_uuid));
  }
  return Status();
}

}  // namespace scriptorium
