// SPDX-License-Identifier: Apache-2.0
#include "server/presence.h"

#include <algorithm>
#include <utility>

namespace imprint::server {

PresenceWatch::Arrival PresenceWatch::arrived(const CertificateId& certificate,
                                              identity::LiveConnection connection,
                                              bool is_watched) {
  const Monotonic now = clock_.monotonic();
  const std::string address = connection.address;
  Arrival arrival{.presence =
                      std::make_shared<Presence>(certificate, std::move(connection), is_watched)};
  const std::scoped_lock lock(mutex_);
  auto& live = live_[certificate];
  if (!is_watched) {
    live.insert(arrival.presence);
    return arrival;
  }
  for (const PresencePtr& one : live) {
    Presence& other = *one;
    if (!other.is_watched || other.connection.address == address || other.is_contested) continue;
    other.other_address = address;
    other.contested_since = now;
    other.is_contested = true;
  }
  live.insert(arrival.presence);
  arrival.twin = note_move(certificate, address, now);
  return arrival;
}

/// With takeovers there is only one connection at a time, so count how often its address changes.
std::optional<PresenceWatch::Twin> PresenceWatch::note_move(const CertificateId& certificate,
                                                            const std::string& address,
                                                            Monotonic now) {
  if (now - swept_ > kFlappingWindow) {
    std::erase_if(moves_,
                  [&](const auto& entry) { return now - entry.second.seen > kFlappingWindow; });
    swept_ = now;
  }
  auto it = moves_.find(certificate);
  if (it == moves_.end()) {
    if (moves_.size() >= kMaxMoves) return std::nullopt;
    moves_.emplace(certificate, Moves{.last_address = address, .seen = now});
    return std::nullopt;
  }
  Moves& moves = it->second;
  moves.seen = now;
  if (moves.last_address == address) return std::nullopt;
  const std::string before = std::exchange(moves.last_address, address);
  moves.changes.push_back(now);
  if (moves.changes.size() > kChanges) moves.changes.pop_front();
  if (moves.changes.size() < kChanges || now - moves.changes.front() > kFlappingWindow)
    return std::nullopt;
  return Twin{address, before};
}

void PresenceWatch::left(const PresencePtr& presence) {
  const std::scoped_lock lock(mutex_);
  const auto live = live_.find(presence->certificate);
  if (live == live_.end()) return;
  live->second.erase(presence);
  if (live->second.empty()) live_.erase(live);
}

std::optional<PresenceWatch::Twin> PresenceWatch::spoke(const PresencePtr& presence) {
  const std::scoped_lock lock(mutex_);
  if (clock_.monotonic() - presence->contested_since < kInFlightTime) return std::nullopt;
  presence->is_contested = false;
  return Twin{presence->connection.address, presence->other_address};
}

std::optional<identity::LiveConnection> PresenceWatch::newest_of(
    const CertificateId& certificate) const {
  const std::scoped_lock lock(mutex_);
  const auto live = live_.find(certificate);
  if (live == live_.end()) return std::nullopt;
  return (*std::ranges::max_element(live->second, {},
                                    [](const PresencePtr& one) { return one->connection.since; }))
      ->connection;
}

}  // namespace imprint::server
