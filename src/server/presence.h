// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "identity/connections.h"

namespace imprint::server {

/// One live connection of a device, as the watch sees it. The watch sets `is_contested`; the shard
/// reads it whenever the client has sent something.
struct Presence {
  Presence(CertificateId of, identity::LiveConnection as, bool may_be_watched)
      : certificate(of), connection(std::move(as)), is_watched(may_be_watched) {}

  const CertificateId certificate;
  const identity::LiveConnection connection;
  const bool is_watched;                   ///< false for keys that may be used in several places
  std::atomic<bool> is_contested = false;  ///< the same key is live elsewhere
  std::string other_address = {};          ///< guarded by the watch
  Monotonic contested_since = {};          ///< guarded by the watch
};
using PresencePtr = std::shared_ptr<Presence>;

/// Detects one key in two places at once, which means that a device was cloned. A device that
/// changes its network leaves a dead connection behind, on which nothing more is sent; a clone
/// keeps sending, or, if both use the same client id, the two evict each other again and again. One
/// per process; thread-safe.
class PresenceWatch final : public identity::Connections {
 public:
  explicit PresenceWatch(const Clock& clock) : clock_(clock) {}

  struct Twin {
    std::string address;        ///< of the connection that revealed it
    std::string other_address;  ///< of the other one
  };

  struct Arrival {
    PresencePtr presence;
    std::optional<Twin> twin = {};
  };
  /// A connection has been accepted. Returns a twin if the key has alternated between two
  /// addresses; never for a connection that is not watched.
  Arrival arrived(const CertificateId& certificate, identity::LiveConnection connection,
                  bool is_watched = true);
  /// The connection has closed.
  void left(const PresencePtr& presence);
  /// A contested connection has sent something. Returns a twin if a device that had moved would
  /// have stopped sending on it by now.
  std::optional<Twin> spoke(const PresencePtr& presence);

  [[nodiscard]] std::optional<identity::LiveConnection> newest_of(
      const CertificateId& certificate) const override;

 private:
  /// How long data that a device sent before it moved may still be in flight.
  static constexpr std::chrono::seconds kInFlightTime{2};
  /// kChanges changes of address within this time are not one device on the move.
  static constexpr std::chrono::seconds kFlappingWindow{60};
  static constexpr std::size_t kChanges = 3;
  static constexpr std::size_t kMaxMoves = 100'000;

  struct Moves {
    std::string last_address;
    std::deque<Monotonic> changes = {};  ///< of the address, the newest last; at most kChanges
    Monotonic seen = {};
  };
  std::optional<Twin> note_move(const CertificateId& certificate, const std::string& address,
                                Monotonic now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<CertificateId, std::unordered_set<PresencePtr>> live_;
  std::unordered_map<CertificateId, Moves> moves_;  ///< of about the last kFlappingWindow
  Monotonic swept_ = {};
};

}  // namespace imprint::server
