// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "mqtt/retained.h"

namespace imprint::server {

/// The retained messages of all shards, behind one lock, since they are rarely written or read.
class RetainedStore {
 public:
  explicit RetainedStore(mqtt::RetainedMessages::Bounds bounds) : messages_(bounds) {}

  mqtt::RetainedMessages::Outcome store(mqtt::MessagePtr message, mqtt::QoS qos, Monotonic now);
  std::optional<mqtt::RetainedMessages::Retained> find(std::string_view filter, Monotonic now);

 private:
  std::mutex mutex_;
  mqtt::RetainedMessages messages_;
};

}  // namespace imprint::server
