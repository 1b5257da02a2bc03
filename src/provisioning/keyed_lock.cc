// SPDX-License-Identifier: Apache-2.0
#include "provisioning/keyed_lock.h"

namespace imprint::provisioning {

runtime::Task<KeyedLock::Guard> KeyedLock::lock(std::string key) {
  const runtime::Completion<bool> mine;
  bool is_free = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto [entry, is_new] = waiting_.try_emplace(key);
    is_free = is_new;
    if (!is_new) entry->second.push_back(mine);
  }
  if (!is_free) co_await mine.wait();
  co_return Guard(*this, std::move(key));
}

void KeyedLock::unlock(const std::string& key) {
  std::optional<runtime::Completion<bool>> next;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = waiting_.find(key);
    if (it->second.empty()) {
      waiting_.erase(it);
    } else {
      next = it->second.front();
      it->second.pop_front();
    }
  }
  if (next) next->complete(true);
}

}  // namespace imprint::provisioning
