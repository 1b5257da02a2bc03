// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "runtime/task.h"

namespace imprint::provisioning {

/// A lock for each key, which coroutines wait for in the order in which they came: a device whose
/// connection broke may ask again, on another shard, while its first request is still running. Any
/// thread.
class KeyedLock {
 public:
  /// Holds the lock of a key; its destructor passes it to the next that waits.
  class Guard {
   public:
    Guard(KeyedLock& lock, std::string key) : lock_(&lock), key_(std::move(key)) {}
    Guard(Guard&& other) noexcept
        : lock_(std::exchange(other.lock_, nullptr)), key_(std::move(other.key_)) {}
    Guard& operator=(Guard&&) = delete;
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (lock_ != nullptr) lock_->unlock(key_);
    }

   private:
    KeyedLock* lock_;
    std::string key_;
  };

  runtime::Task<Guard> lock(std::string key);

 private:
  void unlock(const std::string& key);

  std::mutex mutex_;
  /// A key that is locked has an entry, with those who wait for it.
  std::map<std::string, std::deque<runtime::Completion<bool>>> waiting_;
};

}  // namespace imprint::provisioning
