// The segments of an open journal: their geometry, the files being read, and the thread that prepares the next one.
//
// The writer asks for a segment when its first block is about to be written; normally it has been waiting there since a
// quarter of the one before was full. If preparing ahead failed, it is tried once more when the segment is needed, and
// that answer counts: a full disk stops the journal only when space is really needed.
#ifndef SCRIPTORIUM_SEGMENT_STORE_H_
#define SCRIPTORIUM_SEGMENT_STORE_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "file.h"
#include "segment.h"

namespace scriptorium {

// Where blocks may stand in a segment.
struct Geometry {
  uint32_t begin;
  uint32_t end;
  uint32_t alignment;
};

class SegmentStore {
 public:
  struct Options {
    std::string directory;
    Identity identity;
    uint64_t segment_bytes;
    Volume volume;
    bool own_thread;  // Without it segments are prepared only when they are needed.
  };

  SegmentStore(FileSystem& files, Options options, const std::vector<SegmentHeader>& existing);
  ~SegmentStore();

  // Of a segment that exists, or that will exist.
  Geometry GeometryOf(uint64_t number) const;
  bool Exists(uint64_t number) const;
  // The segment opened for writing, made first if need be. The writer calls this.
  struct Writable {
    std::unique_ptr<File> file;
    SegmentHeader header;
  };
  Result<Writable> OpenForWriting(uint64_t number);
  // Whether OpenForWriting would return at once, with or without success; if not, OnPrepared's callback says when.
  bool Prepared(uint64_t number);
  void OnPrepared(std::function<void()> callback);
  // The segment opened for reading; kept open among a bounded number of others.
  Result<std::shared_ptr<File>> OpenForReading(uint64_t number);
  // Asks for the segment to be prepared in the background; returns at once.
  void PrepareAhead(uint64_t number);
  // Ends the background thread, giving up what it prepares, and closes the files. Idempotent.
  void Stop();

  uint64_t count() const;
  const Options& options() const { return options_; }

 private:
  SegmentHeader NewHeader(uint64_t number);
  Status Prepare(std::unique_lock<std::mutex>& lock, uint64_t number);
  void Run();
  std::string PathOf(uint64_t number) const { return JoinPath(options_.directory, SegmentName(number)); }

  static constexpr size_t kMaxReadingFiles = 32;

  FileSystem& files_;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, SegmentHeader> headers_;
  std::deque<std::pair<uint64_t, std::shared_ptr<File>>> reading_;
  uint64_t wanted_ = 0;
  uint64_t tried_ = 0;  // By the thread, with or without success.
  std::function<void()> on_prepared_;
  bool preparing_ = false;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_STORE_H_
