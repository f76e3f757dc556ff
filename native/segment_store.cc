#include "segment_store.h"

#include <algorithm>

namespace scriptorium {

SegmentStore::SegmentStore(FileSystem& files, Options options, const std::vector<SegmentHeader>& existing)
    : files_(files), options_(std::move(options)) {
  for (const SegmentHeader& header : existing) headers_[header.number] = header;
  if (options_.own_thread) thread_ = std::thread([this] { Run(); });
}

SegmentStore::~SegmentStore() { Stop(); }

Geometry SegmentStore::GeometryOf(uint64_t number) const {
  std::lock_guard lock(mutex_);
  const auto found = headers_.find(number);
  SegmentHeader header;
  header.segment_bytes = options_.segment_bytes;
  header.alignment = options_.volume.alignment;
  if (found != headers_.end()) header = found->second;
  return {header.blocks_begin(), header.blocks_end(), header.alignment};
}

bool SegmentStore::Exists(uint64_t number) const {
  std::lock_guard lock(mutex_);
  return headers_.find(number) != headers_.end();
}

Result<SegmentStore::Writable> SegmentStore::OpenForWriting(uint64_t number) {
  SegmentHeader header;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !preparing_; });
    if (headers_.find(number) == headers_.end()) {
      if (Status status = Prepare(lock, number); !status.ok()) return status;
    }
    header = headers_[number];
  }
  Result<std::unique_ptr<File>> file = files_.Open(PathOf(number), OpenMode::kReadWrite, options_.volume.direct);
  if (!file.ok()) return file.status();
  return Writable{std::move(file.value()), header};
}

bool SegmentStore::Prepared(uint64_t number) {
  if (!options_.own_thread) return true;
  PrepareAhead(number);
  std::lock_guard lock(mutex_);
  return !preparing_ && (tried_ >= number || headers_.find(number) != headers_.end());
}

void SegmentStore::OnPrepared(std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  on_prepared_ = std::move(callback);
}

Result<std::shared_ptr<File>> SegmentStore::OpenForReading(uint64_t number) {
  std::lock_guard lock(mutex_);
  for (const auto& [open_number, file] : reading_) {
    if (open_number == number) return file;
  }
  Result<std::unique_ptr<File>> opened = files_.Open(PathOf(number), OpenMode::kRead, options_.volume.direct);
  if (!opened.ok()) return opened.status();
  std::shared_ptr<File> file = std::move(opened.value());
  reading_.emplace_back(number, file);
  if (reading_.size() > kMaxReadingFiles) reading_.pop_front();
  return file;
}

void SegmentStore::PrepareAhead(uint64_t number) {
  if (!options_.own_thread) return;
  std::lock_guard lock(mutex_);
  if (number <= wanted_ || headers_.find(number) != headers_.end()) return;
  wanted_ = number;
  changed_.notify_all();
}

void SegmentStore::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::lock_guard lock(mutex_);
  reading_.clear();
}

uint64_t SegmentStore::count() const {
  std::lock_guard lock(mutex_);
  return headers_.size();
}

SegmentHeader SegmentStore::NewHeader(uint64_t number) {
  SegmentHeader header;
  header.cluster_id = options_.identity.cluster_id;
  header.storage_uuid = options_.identity.storage_uuid;
  header.number = number;
  header.nonce = files_.RandomNumber();
  header.segment_bytes = options_.segment_bytes;
  header.alignment = options_.volume.alignment;
  header.created_millis = files_.NowMillis();
  return header;
}

// Called and returns with the lock held; lets go of it while the disk works.
Status SegmentStore::Prepare(std::unique_lock<std::mutex>& lock, uint64_t number) {
  preparing_ = true;
  const SegmentHeader header = NewHeader(number);
  lock.unlock();
  Status status = PrepareSegment(files_, options_.directory, header, options_.volume.direct, &stopped_);
  lock.lock();
  preparing_ = false;
  if (status.ok()) headers_[number] = header;
  changed_.notify_all();
  return status;
}

void SegmentStore::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopped_ || (!preparing_ && wanted_ > tried_); });
    if (stopped_) return;
    const uint64_t number = wanted_;
    // A failure is not news yet: the writer meets it when it needs the segment.
    if (headers_.find(number) == headers_.end()) (void)Prepare(lock, number);
    tried_ = number;
    const auto callback = on_prepared_;
    lock.unlock();
    if (callback) callback();
    lock.lock();
  }
}

}  // namespace scriptorium
