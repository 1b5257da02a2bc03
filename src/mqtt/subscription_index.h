// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mqtt/packet.h"
#include "mqtt/topic.h"

namespace imprint::mqtt {

/// The host's id for a session. Assigning increasing ids makes subscribing to a popular filter
/// cheap.
enum class SubscriberId : std::uint64_t {};

/// The subscriptions of all sessions of one owner (a shard). Not thread-safe.
///
/// Each filter is an entry of a hash table. The lookup of a topic takes one access for the topic
/// itself and one for each wildcard shape in use. A shape consists of the number of levels, the set
/// of levels that are '+', and whether the filter ends with '#'. A fleet uses only a few shapes,
/// however many filters it has. With the eight levels that AWS allows, at most 510 shapes can match
/// a topic, which limits the work even for the worst set of subscriptions.
class SubscriptionIndex {
 public:
  /// One delivery. Each subscriber appears once, with the most that its subscriptions grant.
  struct Match {
    SubscriberId subscriber = {};
    QoS qos = QoS::at_most_once;       ///< Highest granted among the matching subscriptions.
    bool retain_as_published = false;  ///< Requested by any of them.
    friend bool operator==(const Match&, const Match&) = default;
  };

  /// Adds a subscription or replaces its options [MQTT-3.8.4-3]. The filter must come from
  /// parse_filter and have at most kMaxLevels levels.
  void subscribe(SubscriberId subscriber, const TopicFilter& filter,
                 const SubscribeOptions& options);

  /// Marks a member of a share group as away or present (initially present). Present members take
  /// precedence. No effect if there is no such member.
  void set_away(SubscriberId subscriber, const TopicFilter& filter, bool away);

  /// The member whose turn it is in the filter's share group; nullopt if the group has no members.
  std::optional<Match> next_of_group(const TopicFilter& filter);

  /// False if there was no such subscription.
  bool unsubscribe(SubscriberId subscriber, const TopicFilter& filter);

  /// Replaces the content of `out` with the deliveries of a message that `publisher` published to
  /// `topic`, ordered by subscriber. One member of each share group is chosen, in turn; a member
  /// that is away is chosen only if all are away.
  void match(std::string_view topic, SubscriberId publisher, std::vector<Match>& out);

  /// The number of subscriptions.
  [[nodiscard]] std::size_t size() const { return size_; }

  static constexpr std::size_t kMaxLevels = 16;

 private:
  struct Member {
    SubscriberId subscriber = {};
    QoS qos = QoS::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    bool is_away = false;
  };
  using Members = std::vector<Member>;  // ordered by subscriber

  struct Group {
    std::string name;
    Members members;
    SubscriberId last = {};  // the member that was chosen last
  };

  struct Entry {
    Members members;
    std::vector<Group> groups;
  };

  struct Shape {
    std::uint16_t plus_levels = 0;  // bit n: level n is '+'
    std::uint8_t levels = 0;        // without the '#'
    bool hash = false;
    friend bool operator==(const Shape&, const Shape&) = default;
  };
  struct ShapeInUse {
    Shape shape;
    std::size_t entries = 0;
  };

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Entries = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

  static Shape shape_of(std::string_view filter);
  void shape_added(std::string_view filter);
  void shape_removed(std::string_view filter);
  static Match take_turn(Group& group);
  Group* find_group(const TopicFilter& filter);
  void collect(std::string_view filter, SubscriberId publisher, std::vector<Match>& out);

  Entries entries_;
  std::vector<ShapeInUse> shapes_;
  std::string candidate_;  // scratch memory for lookups
  std::size_t size_ = 0;
};

}  // namespace imprint::mqtt
