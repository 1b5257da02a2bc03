// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "mqtt/retained.h"
#include "mqtt/subscription_index.h"

namespace imprint::server {

/// A session's address in the process: which shard, and its number there.
struct SessionAddress {
  std::uint16_t shard = 0;
  std::uint64_t number = 0;

  friend bool operator==(const SessionAddress&, const SessionAddress&) = default;
};

/// The address as the subscription index knows it: shard in the upper 16 bits.
mqtt::SubscriberId to_subscriber(SessionAddress address);
SessionAddress to_address(mqtt::SubscriberId subscriber);

/// Which session holds a client id, over all shards, so that a new connection can take over. Any
/// thread; a lock is held for one look-up.
class ClientDirectory {
 public:
  /// Makes `owner` the holder if `expected` (nobody, when empty) still is; tells whether it did.
  bool replace(const std::string& client_id, std::optional<SessionAddress> expected,
               SessionAddress owner);
  [[nodiscard]] std::optional<SessionAddress> find(const std::string& client_id);
  /// Gives the id up, if `owner` still holds it.
  void release(const std::string& client_id, SessionAddress owner);
  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t kStripes = 64;
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::string, SessionAddress> holders;
  };
  Stripe& stripe(const std::string& client_id) {
    return stripes_[std::hash<std::string>()(client_id) % kStripes];
  }
  std::array<Stripe, kStripes> stripes_;
};

/// The retained messages of all shards, behind a lock: they are few to write and seldom read.
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
