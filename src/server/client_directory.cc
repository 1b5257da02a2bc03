// SPDX-License-Identifier: Apache-2.0
#include "server/client_directory.h"

namespace imprint::server {

bool ClientDirectory::replace(const std::string& client_id, std::optional<SessionAddress> expected,
                              SessionAddress owner) {
  Stripe& s = stripe(client_id);
  const std::scoped_lock lock(s.mutex);
  const auto it = s.holders.find(client_id);
  if (it == s.holders.end()) {
    if (expected) return false;
    s.holders.emplace(client_id, owner);
    return true;
  }
  if (it->second != expected) return false;
  it->second = owner;
  return true;
}

std::optional<SessionAddress> ClientDirectory::find(const std::string& client_id) {
  Stripe& s = stripe(client_id);
  const std::scoped_lock lock(s.mutex);
  const auto it = s.holders.find(client_id);
  if (it == s.holders.end()) return std::nullopt;
  return it->second;
}

void ClientDirectory::release(const std::string& client_id, SessionAddress owner) {
  Stripe& s = stripe(client_id);
  const std::scoped_lock lock(s.mutex);
  const auto it = s.holders.find(client_id);
  if (it != s.holders.end() && it->second == owner) s.holders.erase(it);
}

std::size_t ClientDirectory::size() const {
  std::size_t all = 0;
  for (const Stripe& s : stripes_) {
    const std::scoped_lock lock(s.mutex);
    all += s.holders.size();
  }
  return all;
}

}  // namespace imprint::server
