// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "runtime/task.h"

namespace imprint::provisioning {

/// A lock by name for coroutines. Serialises requests for the same object: after a lost connection,
/// a device may repeat its request on another shard while the first one is still running. Any
/// thread.
class Turns {
 public:
  /// Holds the lock; its destructor passes it on to the next in the queue.
  class Turn {
   public:
    Turn(Turns& turns, std::string name) : turns_(&turns), name_(std::move(name)) {}
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), name_(std::move(other.name_)) {}
    Turn& operator=(Turn&&) = delete;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->pass_on(name_);
    }

   private:
    Turns* turns_;
    std::string name_;
  };

  runtime::Task<Turn> take(std::string name);

 private:
  void pass_on(const std::string& name);

  std::mutex mutex_;
  /// An entry for each name that is locked, with the queue of those waiting for it.
  std::map<std::string, std::deque<runtime::Completion<bool>>> waiting_;
};

}  // namespace imprint::provisioning
