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

/// The host's name for a session. Increasing ids keep subscribing to a popular filter cheap.
enum class SubscriberId : std::uint64_t {};

/// Who subscribed to what, over all sessions of one owner (a shard); not for several threads.
///
/// Every filter is one entry of one hash table. A topic is looked up as itself, and once for every
/// wildcard shape in use: a shape is the set of levels that are '+', the number of levels, and
/// whether a '#' ends them. A fleet uses a handful of shapes however many filters it has; within
/// AWS's eight levels at most 510 shapes can fit one topic, and that bounds the work for the worst
/// set of subscriptions.
class SubscriptionIndex {
 public:
  /// One delivery: each subscriber appears once, with the best its subscriptions grant.
  struct Match {
    SubscriberId subscriber = {};
    QoS qos = QoS::at_most_once;       ///< Highest granted among the matching subscriptions.
    bool retain_as_published = false;  ///< Any of them asks to keep the RETAIN flag.
    friend bool operator==(const Match&, const Match&) = default;
  };

  /// Adds a subscription or replaces its options [MQTT-3.8.4-3]. The filter comes from
  /// parse_filter, with at most kMaxLevels levels.
  void subscribe(SubscriberId subscriber, const TopicFilter& filter,
                 const SubscribeOptions& options);

  /// Says of a member of a share group that it is away, which it is not at first: others come
  /// before it. Nothing happens when there is no such member.
  void set_away(SubscriberId subscriber, const TopicFilter& filter, bool away);

  /// The member whose turn it is in the share group that a filter names, if it has members.
  std::optional<Match> next_of_group(const TopicFilter& filter);

  /// False when there was no such subscription.
  bool unsubscribe(SubscriberId subscriber, const TopicFilter& filter);

  /// Replaces the content of `out` by the deliveries of one message published to `topic` by
  /// `publisher`, ordered by subscriber. Of each share group one member is taken, in turn, and one
  /// who is away only when all are.
  void match(std::string_view topic, SubscriberId publisher, std::vector<Match>& out);

  /// Subscriptions held.
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
    SubscriberId last = {};  // the member that was served last
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
  std::string candidate_;  // the filter being looked up, kept for its memory
  std::size_t size_ = 0;
};

}  // namespace imprint::mqtt
