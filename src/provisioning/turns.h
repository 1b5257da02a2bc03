// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "runtime/task.h"

namespace imprint::provisioning {

/// Lets those who want the same thing at the same moment come one after the other: a device whose
/// line broke may ask again, on another shard, while its first request is still under way. Any
/// thread.
class Turns {
 public:
  /// Holds the turn; gives it to the next in line when it goes.
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
  /// Whoever holds a turn has an entry here, with those who wait for it.
  std::map<std::string, std::deque<runtime::Completion<bool>>> waiting_;
};

}  // namespace imprint::provisioning
