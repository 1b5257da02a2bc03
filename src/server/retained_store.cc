// SPDX-License-Identifier: Apache-2.0
#include "server/retained_store.h"

#include <utility>

namespace imprint::server {

mqtt::RetainedMessages::Outcome RetainedStore::store(mqtt::MessagePtr message, mqtt::QoS qos,
                                                     Monotonic now) {
  const std::scoped_lock lock(mutex_);
  return messages_.store(std::move(message), qos, now);
}

std::optional<mqtt::RetainedMessages::Retained> RetainedStore::find(std::string_view filter,
                                                                    Monotonic now) {
  const std::scoped_lock lock(mutex_);
  const auto* found = messages_.find(filter, now);
  if (found == nullptr) return std::nullopt;
  return *found;
}

}  // namespace imprint::server
