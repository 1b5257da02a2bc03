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

/// One live connection of a device, as the watch sees it. Its shard reads `is_contested` whenever
/// the connection has said something; the watch sets it.
struct Presence {
  Presence(CertificateId of, identity::LiveConnection as, bool may_be_watched)
      : certificate(of), connection(std::move(as)), is_watched(may_be_watched) {}

  const CertificateId certificate;
  const identity::LiveConnection connection;
  const bool is_watched;                   ///< one device's key; others may be in many places
  std::atomic<bool> is_contested = false;  ///< the same key is live elsewhere
  std::string other_address = {};          ///< guarded by the watch
  Monotonic contested_since = {};          ///< guarded by the watch
};
using PresencePtr = std::shared_ptr<Presence>;

/// One key in two places at once: a device that was cloned. A device that changes its network
/// leaves a dead connection behind, which says nothing any more; a clone goes on talking, or, with
/// the same client id, the two throw each other out again and again. One per process; any thread.
class PresenceWatch final : public identity::Connections {
 public:
  explicit PresenceWatch(const Clock& clock) : clock_(clock) {}

  struct Twin {
    std::string address;        ///< of the connection that told
    std::string other_address;  ///< of the other one
  };

  struct Arrival {
    PresencePtr presence;
    std::optional<Twin> twin = {};
  };
  /// A connection has been accepted. A twin when the key has gone to and fro between two addresses;
  /// never for one that is not to be watched.
  Arrival arrived(const CertificateId& certificate, identity::LiveConnection connection,
                  bool is_watched = true);
  /// It has ended.
  void left(const PresencePtr& presence);
  /// A contested connection has said something; a twin when it had the time to notice its end.
  std::optional<Twin> spoke(const PresencePtr& presence);

  [[nodiscard]] std::optional<identity::LiveConnection> newest_of(
      const CertificateId& certificate) const override;

 private:
  /// How long words may still be on their way when a device has moved on.
  static constexpr std::chrono::seconds kUnderWay{2};
  /// So many changes of address within so long are no device on the move.
  static constexpr std::chrono::seconds kToAndFro{60};
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
  std::unordered_map<CertificateId, Moves> moves_;  ///< of the last kToAndFro and a bit
  Monotonic swept_ = {};
};

}  // namespace imprint::server
