// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/session_address.h"

namespace imprint::server {

/// Maps each client id to the session that holds it, across all shards, so that a new connection
/// can take over. Thread-safe; a lock is held for one lookup only.
class ClientDirectory {
 public:
  /// Makes `owner` the holder if `expected` (if empty: no session) still is; true if it did.
  bool replace(const std::string& client_id, std::optional<SessionAddress> expected,
               SessionAddress owner);
  [[nodiscard]] std::optional<SessionAddress> find(const std::string& client_id);
  /// Frees the client id if `owner` still holds it.
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

}  // namespace imprint::server
