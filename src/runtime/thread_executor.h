// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "runtime/executor.h"
#include "runtime/task.h"

namespace imprint::runtime {

/// An executor for a thread that runs one task at a time and may block, such as background work.
/// Tasks resume on this thread, never on the thread that completes the operation they wait for.
/// Used by one thread; post() is safe from any thread.
class ThreadExecutor final : public Executor {
 public:
  void post(std::function<void()> work) override {
    {
      const std::scoped_lock lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    ready_.notify_one();
  }

  /// Runs a task to its end on the calling thread.
  template <class T>
  T run(Task<T> task) {
    const Scope scope(*this);
    std::optional<T> result;
    start(keep(std::move(task), &result));
    while (!result) next()();
    return std::move(*result);
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* result) {
    result->emplace(co_await std::move(task));
  }

  std::function<void()> next() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !waiting_.empty(); });
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    return work;
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace imprint::runtime
