// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/thread.h"

namespace imprint::runtime {

/// One thread that takes all waiting jobs from its queue at once and handles them as one batch, so
/// that they share work such as a commit. submit() is safe from any thread and returns false when
/// the queue is full or closed.
template <class Job>
class BatchWorker {
 public:
  using Handler = std::function<void(std::vector<Job>)>;

  template <std::size_t kSize>
  BatchWorker(const char (&name)[kSize], std::size_t max_waiting, Handler handler)
      : max_waiting_(max_waiting),
        handler_(std::move(handler)),
        thread_(start_thread(name, [this] { run(); })) {}

  BatchWorker(const BatchWorker&) = delete;
  BatchWorker& operator=(const BatchWorker&) = delete;

  /// Finishes the accepted jobs, then ends.
  ~BatchWorker() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    ready_.notify_one();
    thread_.join();
  }

  bool submit(Job job) {
    bool wake = false;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_ || waiting_.size() >= max_waiting_) return false;
      wake = waiting_.empty();
      waiting_.push_back(std::move(job));
    }
    if (wake) ready_.notify_one();
    return true;
  }

 private:
  void run() {
    while (true) {
      std::vector<Job> batch;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      handler_(std::move(batch));
    }
  }

  const std::size_t max_waiting_;
  Handler handler_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Job> waiting_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace imprint::runtime
