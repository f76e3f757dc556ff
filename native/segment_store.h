// The segments of an open journal: their geometry, the files being read, and the thread that works behind the writer:
// it prepares the next segment, writes the trailers of full ones, and frees those that are no longer needed.
//
// Freeing. Segments below a number go, oldest first, once a release record that says so is durable. Up to `max_spares`
// are renamed to spares and used again (spare.h), the rest are removed. A spare's content is not touched before its new
// name is durable: until then it may come back under the old one.
//
// None of this work is needed for what was acknowledged, so none of its failures ends the journal: a trailer that is
// missing costs time at the next opening, a segment that is not freed costs space until then.
//
// The writer asks for a segment when its first block is about to be written; normally it has been waiting there since a
// quarter of the one before was full. If preparing ahead failed, it is tried once more when the segment is needed, and
// that answer counts. A full disk is no failure: the thread goes on trying (space.h), and says when it has one.
#ifndef SCRIPTORIUM_SEGMENT_STORE_H_
#define SCRIPTORIUM_SEGMENT_STORE_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "file.h"
#include "sector_sums.h"
#include "segment.h"
#include "space.h"
#include "spare.h"
#include "trailer.h"

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
    bool own_thread;  // Without it segments are prepared only when they are needed; the rest is done by RunOnce().
    uint32_t max_spares;
  };

  // `dead` are the numbers of segments that are only there to be freed, `spares` of those that were.
  SegmentStore(FileSystem& files, Options options, const std::vector<SegmentHeader>& existing,
               const std::vector<uint64_t>& dead, std::vector<uint64_t> spares);
  ~SegmentStore();

  // Of a segment that exists, or that will exist.
  Geometry GeometryOf(uint64_t number) const;
  bool Exists(uint64_t number) const;
  // NO_SPACE if the segment is not there and, for all that is known, cannot be made. Without a thread that would know,
  // it is tried now: if a record `needs` it at once, or if it could not be made before.
  Status RoomFor(uint64_t number, bool needs);
  // The same of whichever segment comes next. OnSpace's callback hears of every change, from any thread.
  Status space() const;
  void OnSpace(std::function<void()> callback);
  bool AnyBelow(uint64_t number) const;
  // The segment opened for writing, made first if need be. The writer calls this; an error as well if a file that is
  // still needed is gone from the directory.
  struct Writable {
    std::unique_ptr<File> file;
    SegmentHeader header;
    PriorContent prior;
  };
  Result<Writable> OpenForWriting(uint64_t number);
  // Makes the segment unless it is there.
  Status Ensure(uint64_t number);
  // Whether OpenForWriting would return at once, with or without success; if not, OnPrepared's callback says when.
  bool Prepared(uint64_t number);
  void OnPrepared(std::function<void()> callback);
  // The segment opened for reading; kept open among a bounded number of others.
  Result<std::shared_ptr<File>> OpenForReading(uint64_t number);
  // Asks for the segment to be prepared in the background; returns at once.
  void PrepareAhead(uint64_t number);
  // The segment is full and its footer durable: has its trailer written, and its sums if there are any.
  void Finish(const Trailer& trailer, std::unique_ptr<SectorSums> sums);
  // A record that releases all segments below `number` is durable: has them freed.
  void Release(uint64_t number);
  // Whether the segment was released; a read from it that failed, or did not, says nothing.
  bool Released(uint64_t number) const;
  // Something became durable that the idle callback may wait for.
  void Wake();
  // What the thread does when nothing else is to be done; true if it may have more to do.
  void OnIdle(std::function<bool()> callback);
  // Does one piece of what the thread would do; false if there was none. Only without a thread.
  bool RunOnce();
  // Ends the background thread, giving up what it prepares, and closes the files. Idempotent.
  void Stop();

  uint64_t count() const;
  uint64_t spares() const;
  const Options& options() const { return options_; }

 private:
  SegmentHeader NewHeader(uint64_t number);
  Status CheckPresent();
  Status Prepare(std::unique_lock<std::mutex>& lock, uint64_t number);
  Result<MadeSegment> Make(SegmentHeader header, std::optional<uint64_t> spare);
  bool Work(std::unique_lock<std::mutex>& lock);
  bool DueToRetry() const;
  void WriteTrailerOf(std::unique_lock<std::mutex>& lock);
  void Free(std::unique_lock<std::mutex>& lock);
  void RemoveSpare(std::unique_lock<std::mutex>& lock);
  void Notify();
  void Run();
  std::string PathOf(uint64_t number) const { return JoinPath(options_.directory, SegmentName(number)); }

  static constexpr size_t kMaxReadingFiles = 32;

  FileSystem& files_;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, SegmentHeader> headers_;
  std::optional<MadeSegment> made_;  // The latest, until it is opened for writing.
  std::deque<std::pair<uint64_t, std::shared_ptr<File>>> reading_;
  uint64_t wanted_ = 0;
  uint64_t tried_ = 0;  // With or without success.
  Space space_;
  std::function<void()> on_prepared_;
  std::function<void()> on_space_;
  std::function<bool()> on_idle_;
  uint64_t notices_ = 0;  // How often the thread was told to look again.
  bool preparing_ = false;
  struct Finished {
    Trailer trailer;
    std::unique_ptr<SectorSums> sums;
  };
  std::deque<Finished> finished_;  // Full segments whose trailer is to be written.
  uint64_t released_ = 0;          // Segments below are not needed.
  uint64_t freed_ = 0;             // Segments below are gone, or could not be freed.
  std::vector<uint64_t> spares_;   // Ready to be used again.
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_SEGMENT_STORE_H_
