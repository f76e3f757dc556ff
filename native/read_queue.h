// One thread that reads batches for a caller who cannot wait. Answers come in the order of the questions.
#ifndef SCRIPTORIUM_READ_QUEUE_H_
#define SCRIPTORIUM_READ_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "journal.h"

namespace scriptorium {

class ReadQueue {
 public:
  // Called on the reading thread when `to` is filled, or will not be.
  using Done = std::function<void(Status)>;

  explicit ReadQueue(Journal& journal) : journal_(journal), thread_([this] { Run(); }) {}
  ~ReadQueue() { Stop(); }

  // `to` must stay valid until `done` was called.
  void Submit(ReadPlan plan, uint8_t* to, Done done) {
    std::lock_guard lock(mutex_);
    requests_.push_back({std::move(plan), to, std::move(done)});
    changed_.notify_one();
  }

  // Answers what was asked, then ends the thread. Idempotent; nothing may be submitted afterwards.
  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Request {
    ReadPlan plan;
    uint8_t* to;
    Done done;
  };

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopped_ || !requests_.empty(); });
      if (requests_.empty()) return;
      const Request request = std::move(requests_.front());
      requests_.pop_front();
      lock.unlock();
      request.done(journal_.Read(request.plan, request.to));
      lock.lock();
    }
  }

  Journal& journal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace scriptorium

#endif  // SCRIPTORIUM_READ_QUEUE_H_
