// What an operation of the engine came to. The engine uses no exceptions: every fallible call returns a Status or a
// Result, and `[[nodiscard]]` makes forgetting one a warning. Codes map one to one to the table in src/errors.ts; the
// message is one line that names the file, and the offset where there is one. Never carries bytes of the log.
#ifndef SCRIPTORIUM_STATUS_H_
#define SCRIPTORIUM_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace scriptorium {

enum class Code : uint8_t {
  kOk,
  kBadOption,
  kBadBatch,
  kTooLarge,
  kOverloaded,
  kClosed,
  kNotFormatted,
  kNotEmpty,
  kWrongIdentity,
  kLocked,
  kNewerFormat,
  kRotten,
  kUncertainTail,
  kNoDirectIo,
  kNoSpace,
  kReadOnly,
  kIoError,
  kJournalFailed,
  kRangeGone,
  kBeyondTail,
};

constexpr const char* CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kBadOption:
      return "BAD_OPTION";
    case Code::kBadBatch:
      return "BAD_BATCH";
    case Code::kTooLarge:
      return "TOO_LARGE";
    case Code::kOverloaded:
      return "OVERLOADED";
    case Code::kClosed:
      return "CLOSED";
    case Code::kNotFormatted:
      return "NOT_FORMATTED";
    case Code::kNotEmpty:
      return "NOT_EMPTY";
    case Code::kWrongIdentity:
      return "WRONG_IDENTITY";
    case Code::kLocked:
      return "LOCKED";
    case Code::kNewerFormat:
      return "NEWER_FORMAT";
    case Code::kRotten:
      return "ROTTEN";
    case Code::kUncertainTail:
      return "UNCERTAIN_TAIL";
    case Code::kNoDirectIo:
      return "NO_DIRECT_IO";
    case Code::kNoSpace:
      return "NO_SPACE";
    case Code::kReadOnly:
      return "READ_ONLY";
    case Code::kIoError:
      return "IO_ERROR";
    case Code::kJournalFailed:
      return "JOURNAL_FAILED";
    case Code::kRangeGone:
      return "RANGE_GONE";
    case Code::kBeyondTail:
      return "BEYOND_TAIL";
  }
  return "IO_ERROR";
}

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  // A status about one place of one file.
  static Status At(Code code, std::string file, uint64_t offset, const std::string& message) {
    Status status(code, file + " at offset " + std::to_string(offset) + ": " + message);
    status.file_ = std::move(file);
    status.offset_ = offset;
    return status;
  }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  // The file and offset the status is about; empty when it is not about a place.
  const std::string& file() const { return file_; }
  uint64_t offset() const { return offset_; }

  // The same event under another code: what an I/O error means for the journal as a whole.
  Status As(Code code) const {
    Status status = *this;
    status.code_ = code;
    return status;
  }

 private:
  Code code_ = Code::kOk;
  uint64_t offset_ = 0;
  std::string message_;
  std::string file_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  T& value() { return *value_; }
  const T& value() const { return *value_; }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_STATUS_H_
