// Which way of writing a directory gets: what the options force, or the first in the order of preference that works
// there, found out by writing.
#ifndef SCRIPTORIUM_WRITE_MODE_H_
#define SCRIPTORIUM_WRITE_MODE_H_

#include <memory>
#include <optional>
#include <string>

#include "file.h"

namespace scriptorium {

struct ChosenQueue {
  WriteMode mode = WriteMode::kSync;
  std::unique_ptr<WriteQueue> queue;
  uint32_t depth = 1;
};

// `wanted` empty: the best that works. BAD_OPTION if the kernel does not offer a wanted mode, the
// error of the trial if it failed. Leaves nothing
// behind but the scratch file that preparing a segment overwrites. Buffered volumes get write and fdatasync.
Result<ChosenQueue> ChooseQueue(FileSystem& files, const std::string& directory, const Volume& volume,
                                std::optional<WriteMode> wanted, uint32_t depth);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_WRITE_MODE_H_
