#include "segment_store.h"

#include <algorithm>

namespace scriptorium {

SegmentStore::SegmentStore(FileSystem& files, Options options, const std::vector<SegmentHeader>& existing,
                           const std::vector<uint64_t>& dead, std::vector<uint64_t> spares)
    : files_(files), options_(std::move(options)), spares_(std::move(spares)) {
  for (const uint64_t number : dead) headers_[number] = SegmentHeader();
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

bool SegmentStore::AnyBelow(uint64_t number) const {
  std::lock_guard lock(mutex_);
  return !headers_.empty() && headers_.begin()->first < number;
}

Status SegmentStore::RoomFor(uint64_t number, bool needs) {
  {
    std::lock_guard lock(mutex_);
    if (headers_.find(number) != headers_.end()) return Status();
    if (options_.own_thread || (!needs && !space_.lacking())) return space_.lack();
  }
  Status status = Ensure(number);
  // Other failures are met by the writer.
  return status.code() == Code::kNoSpace ? status : Status();
}

Status SegmentStore::space() const {
  std::lock_guard lock(mutex_);
  return space_.lack();
}

void SegmentStore::OnSpace(std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  on_space_ = std::move(callback);
}

Status SegmentStore::Ensure(uint64_t number) {
  std::unique_lock lock(mutex_);
  const auto exists = [&] { return headers_.find(number) != headers_.end(); };
  // Another one that is being made, or tried again, holds up nobody who has this one.
  changed_.wait(lock, [&] { return exists() || !preparing_; });
  if (exists()) return Status();
  // If there is no room, the thread goes on trying.
  wanted_ = std::max(wanted_, number);
  return Prepare(lock, number);
}

// Files can be removed under a running process: what was acknowledged would then be gone without a word (S56).
Status SegmentStore::CheckPresent() {
  std::vector<uint64_t> expected;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [number, header] : headers_) expected.push_back(number);
  }
  Result<std::vector<std::string>> names = files_.List(options_.directory);
  if (!names.ok()) return names.status();
  const std::vector<uint64_t> present = SegmentNumbers(names.value());
  std::lock_guard lock(mutex_);
  for (const uint64_t number : expected) {
    // Those that were let go meanwhile are gone by right.
    if (number < released_ || headers_.find(number) == headers_.end()) continue;
    if (!std::binary_search(present.begin(), present.end(), number)) {
      return Status(Code::kIoError, PathOf(number) + ": was removed while the journal was open");
    }
  }
  return Status();
}

Result<SegmentStore::Writable> SegmentStore::OpenForWriting(uint64_t number) {
  if (Status status = Ensure(number); !status.ok()) return status;
  if (Status status = CheckPresent(); !status.ok()) return status;
  SegmentHeader header;
  std::optional<MadeSegment> made;
  {
    std::lock_guard lock(mutex_);
    header = headers_[number];
    if (made_ && made_->header.number == number) made.swap(made_);
  }
  Result<std::unique_ptr<File>> file = files_.Open(PathOf(number), OpenMode::kReadWrite, options_.volume.direct);
  if (!file.ok()) return file.status();
  if (made) return Writable{std::move(file.value()), header, std::move(made->prior)};
  Result<PriorContent> prior = LoadPriorContent(*file.value(), header);
  if (!prior.ok()) return prior.status();
  return Writable{std::move(file.value()), header, std::move(prior.value())};
}

bool SegmentStore::Prepared(uint64_t number) {
  if (!options_.own_thread) return true;
  PrepareAhead(number);
  std::lock_guard lock(mutex_);
  return !preparing_ && (headers_.find(number) != headers_.end() || (tried_ >= number && !space_.lacking()));
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
  Notify();
}

void SegmentStore::Finish(const Trailer& trailer, std::unique_ptr<SectorSums> sums) {
  std::lock_guard lock(mutex_);
  finished_.push_back({trailer, std::move(sums)});
  Notify();
}

void SegmentStore::Wake() {
  std::lock_guard lock(mutex_);
  Notify();
}

void SegmentStore::OnIdle(std::function<bool()> callback) {
  std::lock_guard lock(mutex_);
  on_idle_ = std::move(callback);
  Notify();
}

void SegmentStore::Notify() {
  ++notices_;
  changed_.notify_all();
}

void SegmentStore::Release(uint64_t number) {
  std::lock_guard lock(mutex_);
  released_ = std::max(released_, number);
  Notify();
}

bool SegmentStore::Released(uint64_t number) const {
  std::lock_guard lock(mutex_);
  return number < released_;
}

void SegmentStore::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    Notify();
  }
  if (thread_.joinable()) thread_.join();
  std::lock_guard lock(mutex_);
  reading_.clear();
}

uint64_t SegmentStore::count() const {
  std::lock_guard lock(mutex_);
  return headers_.size();
}

uint64_t SegmentStore::spares() const {
  std::lock_guard lock(mutex_);
  return spares_.size();
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

// What follows is called, and returns, with the lock held, and lets go of it while the disk works.

Status SegmentStore::Prepare(std::unique_lock<std::mutex>& lock, uint64_t number) {
  preparing_ = true;
  tried_ = std::max(tried_, number);
  SegmentHeader header = NewHeader(number);
  std::optional<uint64_t> spare;
  if (!spares_.empty()) {
    spare = spares_.back();
    spares_.pop_back();
  }
  lock.unlock();
  Result<MadeSegment> made = Make(header, spare);
  lock.lock();
  preparing_ = false;
  if (made.ok()) {
    headers_[number] = made.value().header;
    made_ = std::move(made.value());
  }
  Notify();
  if (space_.Tried(made.status(), Space::Clock::now()) && on_space_) {
    const auto callback = on_space_;
    lock.unlock();
    callback();
    lock.lock();
  }
  return made.status();
}

Result<MadeSegment> SegmentStore::Make(SegmentHeader header, std::optional<uint64_t> spare) {
  const bool direct = options_.volume.direct;
  if (spare) {
    Result<MadeSegment> made = RecycleSegment(files_, options_.directory, *spare, header, direct, &stopped_);
    if (made.ok() || made.status().code() == Code::kClosed) return made;
    // Not worth a second try: another size than is asked for now, or a file that the disk does not read.
    (void)files_.Remove(JoinPath(options_.directory, SpareName(*spare)));
    header.nonce = files_.RandomNumber();
  }
  Status status = PrepareSegment(files_, options_.directory, header, direct, &stopped_);
  if (!status.ok()) return status;
  return MadeSegment{header, PriorContent()};
}

bool SegmentStore::DueToRetry() const {
  return options_.own_thread && space_.lacking() && space_.next_try() <= Space::Clock::now();
}

bool SegmentStore::Work(std::unique_lock<std::mutex>& lock) {
  if ((wanted_ > tried_ || DueToRetry()) && !preparing_) {
    const uint64_t number = wanted_;
    // A failure is not news yet: the writer meets it when it needs the segment.
    if (headers_.find(number) == headers_.end()) (void)Prepare(lock, number);
    tried_ = number;
    if (space_.lacking()) return true;
    const auto callback = on_prepared_;
    lock.unlock();
    if (callback) callback();
    lock.lock();
  } else if (!finished_.empty()) {
    WriteTrailerOf(lock);
  } else if (freed_ < released_) {
    Free(lock);
  } else if (spares_.size() > options_.max_spares) {
    RemoveSpare(lock);
  } else {
    return false;
  }
  return true;
}

void SegmentStore::WriteTrailerOf(std::unique_lock<std::mutex>& lock) {
  Finished finished = std::move(finished_.front());
  finished_.pop_front();
  const auto found = headers_.find(finished.trailer.number);
  if (found == headers_.end() || !CanWriteTrailer(found->second, options_.volume.alignment)) return;
  const SegmentHeader header = found->second;
  lock.unlock();
  Result<std::unique_ptr<File>> file = files_.Open(PathOf(header.number), OpenMode::kReadWrite, options_.volume.direct);
  if (file.ok()) {
    const bool sums = finished.sums != nullptr;
    const Status status = sums ? finished.sums->Write(*file.value(), header, &finished.trailer) : Status();
    if (status.ok()) (void)WriteTrailer(*file.value(), header, finished.trailer);
  }
  lock.lock();
}

void SegmentStore::Free(std::unique_lock<std::mutex>& lock) {
  const uint64_t below = released_;
  std::vector<uint64_t> numbers;
  for (auto at = headers_.begin(); at != headers_.end() && at->first < below; at = headers_.erase(at)) {
    numbers.push_back(at->first);
  }
  std::erase_if(reading_, [&](const auto& open) { return open.first < below; });
  size_t room = options_.max_spares - std::min<size_t>(options_.max_spares, spares_.size());
  lock.unlock();
  std::vector<uint64_t> spares;
  Status status;
  for (const uint64_t number : numbers) {
    const bool keep = spares.size() < room;
    status = keep ? files_.Rename(PathOf(number), JoinPath(options_.directory, SpareName(number)))
                  : files_.Remove(PathOf(number));
    if (!status.ok()) break;
    if (keep) spares.push_back(number);
  }
  if (status.ok()) status = files_.SyncDirectory(options_.directory);
  lock.lock();
  freed_ = below;
  space_.Freed();
  if (status.ok()) spares_.insert(spares_.begin(), spares.begin(), spares.end());
}

void SegmentStore::RemoveSpare(std::unique_lock<std::mutex>& lock) {
  const std::string path = JoinPath(options_.directory, SpareName(spares_.back()));
  spares_.pop_back();
  lock.unlock();
  (void)files_.Remove(path);
  lock.lock();
  space_.Freed();
}

bool SegmentStore::RunOnce() {
  std::unique_lock lock(mutex_);
  return Work(lock);
}

void SegmentStore::Run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const uint64_t noticed = notices_;
    if (Work(lock)) continue;
    const auto callback = on_idle_;
    lock.unlock();
    const bool more = callback && callback();
    lock.lock();
    if (more) continue;
    const auto news = [&] { return stopped_ || notices_ != noticed; };
    if (space_.lacking()) {
      changed_.wait_until(lock, space_.next_try(), news);
    } else {
      changed_.wait(lock, news);
    }
  }
  while (!finished_.empty()) WriteTrailerOf(lock);
}

}  // namespace scriptorium
