// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "mqtt/subscription_index.h"

namespace imprint::server {

/// A session's address in the process: its shard and its number there.
struct SessionAddress {
  std::uint16_t shard = 0;
  std::uint64_t number = 0;

  friend bool operator==(const SessionAddress&, const SessionAddress&) = default;
};

/// In a SubscriberId of the subscription index, the shard is in the upper 16 bits.
inline constexpr unsigned kSessionNumberBits = 48;

constexpr mqtt::SubscriberId to_subscriber(SessionAddress address) {
  return static_cast<mqtt::SubscriberId>(std::uint64_t{address.shard} << kSessionNumberBits |
                                         address.number);
}

constexpr SessionAddress to_address(mqtt::SubscriberId subscriber) {
  const auto value = static_cast<std::uint64_t>(subscriber);
  return {static_cast<std::uint16_t>(value >> kSessionNumberBits),
          value & ((std::uint64_t{1} << kSessionNumberBits) - 1)};
}

}  // namespace imprint::server
