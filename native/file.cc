#include "file.h"

#include <cerrno>
#include <cstring>

namespace scriptorium {

Status ShortWrite(const File& file, uint64_t offset, size_t written, size_t wanted) {
  return Status::At(Code::kIoError, file.path(), offset,
                    "short write of " + std::to_string(written) + " of " + std::to_string(wanted) + " bytes");
}

Status WriteFully(File& file, const uint8_t* from, size_t bytes, uint64_t offset, size_t alignment) {
  size_t done = 0;
  while (done < bytes) {
    Result<size_t> written = file.WriteAt(from + done, bytes - done, offset + done);
    if (!written.ok()) return written.status();
    if (written.value() == 0 || written.value() % alignment != 0) {
      return ShortWrite(file, offset + done, written.value(), bytes - done);
    }
    done += written.value();
  }
  return Status();
}

Status ReadFully(File& file, uint8_t* to, size_t bytes, uint64_t offset) {
  size_t done = 0;
  while (done < bytes) {
    Result<size_t> read = file.ReadAt(to + done, bytes - done, offset + done);
    if (!read.ok()) return read.status();
    if (read.value() == 0) {
      return Status::At(Code::kIoError, file.path(), offset + done, "the file ends before the bytes asked for");
    }
    done += read.value();
  }
  return Status();
}

Status FromErrno(int error, const std::string& operation, const std::string& path) {
  Code code = Code::kIoError;
  if (error == ENOSPC || error == EDQUOT) code = Code::kNoSpace;
  if (error == EROFS || error == EACCES || error == EPERM) code = Code::kReadOnly;
  char text[128];
  return Status(code, operation + " " + path + ": " + strerror_r(error, text, sizeof text));
}

}  // namespace scriptorium
