// Who a directory belongs to. A disk is a member of a cluster, not a name (R26): the identity is written once, by
// format, and every segment repeats the parts that tell it from another directory's.
#ifndef SCRIPTORIUM_IDENTITY_H_
#define SCRIPTORIUM_IDENTITY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "file.h"

namespace scriptorium {

inline constexpr uint32_t kFormatVersion = 2;
inline constexpr size_t kIdentityBytes = 128;
inline constexpr size_t kMaxScribeIdBytes = 64;

// 128 bits: a cluster id, a storage uuid, the incarnation of a worker.
using Id128 = std::array<uint8_t, 16>;

std::string ToHex(const Id128& id);

struct Identity {
  Id128 cluster_id{};
  std::string scribe_id;
  Id128 storage_uuid{};
  uint64_t created_millis = 0;
};

// What the opener believes; whatever is given must be equal to what the directory says.
struct ExpectedIdentity {
  std::optional<Id128> cluster_id;
  std::optional<std::string> scribe_id;
  std::optional<Id128> storage_uuid;
};

std::array<uint8_t, kIdentityBytes> EncodeIdentity(const Identity& identity);
// `path` is for messages. NEWER_FORMAT, or ROTTEN for anything that is not exactly a valid identity.
Result<Identity> DecodeIdentity(std::span<const uint8_t> bytes, const std::string& path);

Result<Identity> ReadIdentity(FileSystem& files, const std::string& path);
// Makes the file and its content durable; the caller makes the name durable.
Status WriteIdentity(FileSystem& files, const std::string& path, const Identity& identity);
Status CheckIdentity(const Identity& found, const ExpectedIdentity& expected, const std::string& directory);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_IDENTITY_H_
