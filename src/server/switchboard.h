// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "identity/access_change.h"
#include "mqtt/server_session.h"
#include "mqtt/subscription_index.h"
#include "runtime/task.h"
#include "server/last_will.h"
#include "server/services.h"

namespace imprint::server {

class Shard;

/// Routes messages from publishers to the subscribers of one shard, and keeps the sessions that
/// outlive their connections. Used on its shard's thread only; other shards reach it by posting.
class Switchboard {
 public:
  Switchboard(Shard& shard, Services& services) : shard_(shard), services_(services) {}

  /// Must be called before the first connection; index n is shard n.
  void connect(std::span<Shard* const> shards) { shards_ = shards; }

  /// Publishes on all shards: stores the message if `retain` is set, then delivers it to every
  /// subscriber.
  void publish(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain,
               SessionAddress publisher);

  void subscribe(SessionAddress subscriber, std::string_view filter,
                 const mqtt::SubscribeOptions& options);
  void unsubscribe(SessionAddress subscriber, std::string_view filter);

  // ---- sessions without a connection ----

  struct Parked {
    identity::ConnectionFacts facts;
    CertificateId certificate;  ///< of the client whose session it is
    std::unique_ptr<mqtt::SessionState> state;
    Monotonic expires;
    /// For a device that connects under its own name: until its certificate expires, no other
    /// client may take over the session.
    Timestamp protected_until = {};
    std::optional<mqtt::Will> will = {};
    Monotonic will_due = {};
    std::shared_ptr<void> place = {};  ///< of the certificate; set by park()
    // For a session with shared subscriptions; set by review_all().
    std::vector<ThingName> things = {};      ///< of the certificate
    std::vector<std::string> left = {};      ///< shared filters that its client may not use now
    Timestamp review_at = Timestamp::max();  ///< when time may change that
  };
  void park(std::uint64_t number, Parked session);
  /// The same for a session whose subscriptions evict() has just removed from the indexes.
  void resume_parked(std::uint64_t number, Parked session);
  /// Publishes the wills that are due and removes expired sessions.
  void tick(Monotonic now);
  /// Ends a session whose certificate is revoked or deleted. A session whose client may no longer
  /// connect or subscribe leaves its share groups, so that their messages go to other members; it
  /// joins them again when it is resumed.
  void access_changed(const identity::AccessChange& change);

  // ---- takeover ----

  struct Eviction {
    bool refused = false;  ///< the holder is protected: it is another device under its own name
    /// The session that the newcomer may resume: its own, or that of the device whose name it owns.
    std::unique_ptr<mqtt::SessionState> state = {};
  };
  struct Newcomer {
    std::string client_id;
    CertificateId certificate;
    bool owns_name;  ///< it is attached to the thing that the client id names
    bool clean_start;
    mqtt::Version version;
  };
  /// Ends the session `number`, connected or parked, in favour of a newcomer with the same client
  /// id.
  Eviction evict(std::uint64_t number, const Newcomer& newcomer);
  /// Calls evict() on the holder's shard.
  runtime::Task<Eviction> evict_from(SessionAddress holder, Newcomer newcomer);

  /// Removes a session's subscriptions from the indexes.
  void forget_subscriptions(SessionAddress subscriber, const mqtt::SessionState& state);
  /// The same for a session that has ended; its queued messages for share groups go to other
  /// members.
  void end_session(SessionAddress subscriber, mqtt::SessionState& state);

  /// Whether this shard has any subscriptions; other shards read it to avoid needless posts.
  [[nodiscard]] bool has_subscriptions() const {
    return subscriptions_.load(std::memory_order_relaxed) > 0;
  }

  // Posted by other shards.
  void publish_here(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain,
                    SessionAddress publisher);
  void deliver_here(std::uint64_t number, const mqtt::MessagePtr& message, mqtt::QoS qos,
                    bool retain);

 private:
  [[nodiscard]] Shard& home_of(const mqtt::TopicFilter& filter);
  void index_here(SessionAddress subscriber, std::string_view filter,
                  const mqtt::SubscribeOptions& options);
  void unindex_here(SessionAddress subscriber, std::string_view filter);
  /// Runs `work` on the switchboard that has all members of the filter's share group.
  template <class Work>
  void at_home_of(std::string_view filter, Work work);
  void set_away(SessionAddress subscriber, const mqtt::SessionState& state);
  void hand_over(const std::string& filter, const mqtt::MessagePtr& message);
  void deliver_to(SessionAddress to, const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain);
  static bool may_take_over(const Parked& parked, const Newcomer& newcomer, Services& services);
  void fire_will(std::uint64_t number, Parked& session);
  void forget(std::uint64_t number);
  Parked take_out(std::unordered_map<std::uint64_t, Parked>::iterator it);
  [[nodiscard]] bool is_certificate_gone(const CertificateId& certificate) const;
  runtime::Task<void> review_all();
  void leave_groups(std::uint64_t number, const identity::Principal& principal);
  [[nodiscard]] bool may_be_member(const identity::Principal& principal, const Parked& session,
                                   std::string_view filter) const;

  Shard& shard_;
  Services& services_;
  std::span<Shard* const> shards_;
  mqtt::SubscriptionIndex index_;
  std::atomic<std::size_t> subscriptions_ = 0;
  std::unordered_map<std::uint64_t, Parked> parked_;
  std::unordered_multimap<CertificateId, std::uint64_t> parked_by_certificate_;
  /// Parked sessions with shared subscriptions; few.
  std::unordered_set<std::uint64_t> sharing_;
  std::unordered_set<std::uint64_t> to_review_;
  std::vector<std::uint64_t> unreviewed_;  ///< rights could not be read; retried in a second
  bool is_reviewing_ = false;
};

}  // namespace imprint::server
