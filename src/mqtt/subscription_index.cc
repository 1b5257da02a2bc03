// SPDX-License-Identifier: Apache-2.0
#include "mqtt/subscription_index.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace imprint::mqtt {

namespace {

using Match = SubscriptionIndex::Match;

/// A topic's levels, up to the number that a shape can describe.
struct Levels {
  std::array<std::string_view, SubscriptionIndex::kMaxLevels> names;
  std::size_t count = 0;  // may exceed the array: '#' matches the rest

  explicit Levels(std::string_view text) {
    for (std::size_t start = 0;; ++count) {
      const std::size_t slash = std::min(text.find('/', start), text.size());
      if (count < names.size()) names[count] = text.substr(start, slash - start);
      if (slash == text.size()) break;
      start = slash + 1;
    }
    ++count;
  }
};

/// Merges the matches of each subscriber into one, with the highest QoS [MQTT-3.3.5-1].
void merge_duplicates(std::vector<Match>& matches) {
  std::ranges::sort(matches, {}, &Match::subscriber);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < matches.size(); ++i) {
    Match& last = matches[kept];
    const Match& next = matches[i];
    if (last.subscriber == next.subscriber) {
      last.qos = std::max(last.qos, next.qos);
      last.retain_as_published |= next.retain_as_published;
    } else {
      matches[++kept] = next;
    }
  }
  if (!matches.empty()) matches.resize(kept + 1);
}

}  // namespace

SubscriptionIndex::Shape SubscriptionIndex::shape_of(std::string_view filter) {
  const Levels levels(filter);
  IMPRINT_ASSERT(levels.count <= kMaxLevels);
  Shape shape;
  shape.hash = levels.names[levels.count - 1] == "#";
  shape.levels = static_cast<std::uint8_t>(levels.count - (shape.hash ? 1 : 0));
  for (std::size_t i = 0; i < shape.levels; ++i) {
    if (levels.names[i] == "+")
      shape.plus_levels = static_cast<std::uint16_t>(shape.plus_levels | 1U << i);
  }
  return shape;
}

void SubscriptionIndex::shape_added(std::string_view filter) {
  const Shape shape = shape_of(filter);
  const auto known = std::ranges::find(shapes_, shape, &ShapeInUse::shape);
  if (known != shapes_.end()) {
    ++known->entries;
  } else {
    shapes_.push_back({shape, 1});
  }
}

void SubscriptionIndex::shape_removed(std::string_view filter) {
  const auto known = std::ranges::find(shapes_, shape_of(filter), &ShapeInUse::shape);
  IMPRINT_ASSERT(known != shapes_.end());
  if (--known->entries == 0) shapes_.erase(known);
}

void SubscriptionIndex::subscribe(SubscriberId subscriber, const TopicFilter& filter,
                                  const SubscribeOptions& options) {
  auto entry = entries_.find(filter.filter);
  if (entry == entries_.end()) {
    entry = entries_.try_emplace(std::string(filter.filter)).first;
    if (filter.has_wildcard()) shape_added(filter.filter);
  }
  Members* members = &entry->second.members;
  if (filter.is_shared()) {
    auto& groups = entry->second.groups;
    auto group = std::ranges::find(groups, filter.share_name, &Group::name);
    if (group == groups.end())
      group = groups.insert(group, Group{.name = std::string(filter.share_name), .members = {}});
    members = &group->members;
  }
  const Member member{subscriber, options.qos, options.no_local, options.retain_as_published};
  const auto place = std::ranges::lower_bound(*members, subscriber, {}, &Member::subscriber);
  if (place != members->end() && place->subscriber == subscriber) {
    *place = member;
  } else {
    members->insert(place, member);
    ++size_;
  }
}

bool SubscriptionIndex::unsubscribe(SubscriberId subscriber, const TopicFilter& filter) {
  const auto entry = entries_.find(filter.filter);
  if (entry == entries_.end()) return false;
  auto& groups = entry->second.groups;
  auto group = groups.end();
  Members* members = &entry->second.members;
  if (filter.is_shared()) {
    group = std::ranges::find(groups, filter.share_name, &Group::name);
    if (group == groups.end()) return false;
    members = &group->members;
  }
  const auto place = std::ranges::lower_bound(*members, subscriber, {}, &Member::subscriber);
  if (place == members->end() || place->subscriber != subscriber) return false;
  members->erase(place);
  --size_;
  if (group != groups.end() && group->members.empty()) groups.erase(group);
  if (entry->second.members.empty() && groups.empty()) {
    entries_.erase(entry);
    if (filter.has_wildcard()) shape_removed(filter.filter);
  }
  return true;
}

void SubscriptionIndex::collect(std::string_view filter, SubscriberId publisher,
                                std::vector<Match>& out) {
  const auto found = entries_.find(filter);
  if (found == entries_.end()) return;
  for (const Member& member : found->second.members) {
    // [MQTT-3.8.3-3, 5.0]
    if (member.no_local && member.subscriber == publisher) continue;
    out.push_back({member.subscriber, member.qos, member.retain_as_published});
  }
  for (Group& group : found->second.groups) out.push_back(take_turn(group));
}

SubscriptionIndex::Match SubscriptionIndex::take_turn(Group& group) {
  const auto after = std::ranges::upper_bound(group.members, group.last, {}, &Member::subscriber);
  auto turn = std::find_if(after, group.members.end(), [](const Member& m) { return !m.is_away; });
  if (turn == group.members.end()) {
    turn = std::find_if(group.members.begin(), after, [](const Member& m) { return !m.is_away; });
    const bool all_away = turn == after;
    if (all_away) turn = after == group.members.end() ? group.members.begin() : after;
  }
  group.last = turn->subscriber;
  return {turn->subscriber, turn->qos, turn->retain_as_published};
}

SubscriptionIndex::Group* SubscriptionIndex::find_group(const TopicFilter& filter) {
  const auto entry = entries_.find(filter.filter);
  if (entry == entries_.end() || !filter.is_shared()) return nullptr;
  auto& groups = entry->second.groups;
  const auto group = std::ranges::find(groups, filter.share_name, &Group::name);
  return group == groups.end() ? nullptr : &*group;
}

void SubscriptionIndex::set_away(SubscriberId subscriber, const TopicFilter& filter, bool away) {
  Group* group = find_group(filter);
  if (group == nullptr) return;
  const auto member = std::ranges::lower_bound(group->members, subscriber, {}, &Member::subscriber);
  if (member != group->members.end() && member->subscriber == subscriber) member->is_away = away;
}

std::optional<Match> SubscriptionIndex::next_of_group(const TopicFilter& filter) {
  Group* group = find_group(filter);
  if (group == nullptr) return std::nullopt;
  return take_turn(*group);
}

void SubscriptionIndex::match(std::string_view topic, SubscriberId publisher,
                              std::vector<Match>& out) {
  out.clear();
  collect(topic, publisher, out);
  bool ordered = std::ranges::is_sorted(out, std::ranges::less_equal{}, &Match::subscriber);
  if (!shapes_.empty()) {
    const Levels levels(topic);
    for (const ShapeInUse& use : shapes_) {
      const Shape& shape = use.shape;
      const bool has_depth =
          shape.hash ? levels.count > shape.levels : levels.count == shape.levels;
      if (!has_depth) continue;
      // [MQTT-4.7.2-1] no wildcard in the first level for topics that begin with '$'.
      const bool wild_start = shape.levels == 0 || (shape.plus_levels & 1U) != 0;
      if (wild_start && topic.starts_with('$')) continue;
      candidate_.clear();
      for (std::size_t i = 0; i < shape.levels; ++i) {
        if (i > 0) candidate_ += '/';
        if ((shape.plus_levels >> i & 1U) != 0) {
          candidate_ += '+';
        } else {
          candidate_ += levels.names[i];
        }
      }
      if (shape.hash) candidate_ += shape.levels > 0 ? "/#" : "#";
      const std::size_t before = out.size();
      collect(candidate_, publisher, out);
      if (out.size() > before) ordered = false;
    }
  }
  if (!ordered) merge_duplicates(out);
}

}  // namespace imprint::mqtt
