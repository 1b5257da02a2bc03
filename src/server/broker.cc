// SPDX-License-Identifier: Apache-2.0
#include "server/broker.h"

namespace imprint::server {

namespace {
constexpr unsigned kNumberBits = 48;
}

mqtt::SubscriberId to_subscriber(SessionAddress address) {
  return static_cast<mqtt::SubscriberId>(std::uint64_t{address.shard} << kNumberBits |
                                         address.number);
}

SessionAddress to_address(mqtt::SubscriberId subscriber) {
  const auto value = static_cast<std::uint64_t>(subscriber);
  return {static_cast<std::uint16_t>(value >> kNumberBits),
          value & ((std::uint64_t{1} << kNumberBits) - 1)};
}

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
