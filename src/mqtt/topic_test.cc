// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <set>

#include "mqtt/reference_matcher.h"
#include "mqtt/subscription_index.h"

namespace imprint::mqtt {
namespace {

TEST(Topic, AcceptsNamesUpToTheLimitsOfAws) {
  for (const std::string& topic :
       {std::string("a"), std::string("/"), std::string("$aws/things/t/jobs/get"),
        std::string(256, 'x'), std::string("1/2/3/4/5/6/7/8"), std::string("///////")}) {
    EXPECT_TRUE(validate_topic(topic)) << topic;
  }
}

TEST(Topic, DoesNotCountThePrefixOfBasicIngest) {
  const std::string rule = "$aws/rules/" + std::string(128, 'r') + "/";
  for (const std::string& topic :
       {std::string("$aws/rules/r/1/2/3/4/5/6"), std::string("$aws/rules/r/1/2/3/4/5/6/7/8"),
        rule + std::string(256, 'x'), std::string("$aws/rules/r/"), std::string("$aws/rules/r"),
        std::string("$aws/rules//1/2/3/4/5")}) {
    EXPECT_TRUE(validate_topic(topic)) << topic;
  }
  for (const std::string& topic :
       {std::string("$aws/rules/r/1/2/3/4/5/6/7/8/9"), rule + std::string(257, 'x'),
        "$aws/rules/" + std::string(129, 'r') + "/" + std::string(256, 'x'),
        "$aws/rules/" + std::string(300, 'r'), std::string("$aws/rules//1/2/3/4/5/6"),
        std::string("$aws/things/t/1/2/3/4/5/6"), std::string("$aws/rules/r/1/+")}) {
    EXPECT_FALSE(validate_topic(topic)) << topic;
  }
}

TEST(Topic, RejectsInvalidNamesAndSaysWhy) {
  const struct {
    std::string topic;
    const char* part;
  } rows[] = {
      {"", "is empty"},
      {std::string(257, 'x'), "257 bytes; at most 256"},
      {"1/2/3/4/5/6/7/8/9", "8 slashes; at most 7"},
      {std::string(65535, '/'), "at most 256"},
      {"a/+", "wildcard"},
      {"a/#", "wildcard"},
      {"a+b", "wildcard"},
      {"#", "wildcard"},
  };
  for (const auto& row : rows) {
    const auto result = validate_topic(row.topic);
    ASSERT_FALSE(result) << row.topic;
    EXPECT_EQ(result.error().fault, Fault::invalid);
    EXPECT_NE(result.error().message.find(row.part), std::string::npos) << result.error().message;
  }
}

TEST(TopicFilter, SeparatesTheShareName) {
  const struct {
    std::string text;
    std::string_view share;
    std::string_view filter;
  } rows[] = {
      {"#", "", "#"},
      {"+", "", "+"},
      {"a/+/b/#", "", "a/+/b/#"},
      {"$shared/x", "", "$shared/x"},
      {"$aws/things/+/jobs/+/update/accepted", "", "$aws/things/+/jobs/+/update/accepted"},
      {"$share/g/a/+", "g", "a/+"},
      {"$share/g//", "g", "/"},
      {"$share/g/1/2/3/4/5/6/7/8", "g", "1/2/3/4/5/6/7/8"},
  };
  for (const auto& row : rows) {
    const auto filter = parse_filter(row.text);
    ASSERT_TRUE(filter) << row.text << ": " << filter.error().message;
    EXPECT_EQ(filter->share_name, row.share);
    EXPECT_EQ(filter->filter, row.filter);
    EXPECT_EQ(filter->is_shared(), !row.share.empty());
  }
  const std::string longest = "$share/" + std::string(128, 'n') + "/" + std::string(256, 'f');
  EXPECT_TRUE(parse_filter(longest));
}

TEST(TopicFilter, RejectsInvalidFiltersAndSaysWhy) {
  const struct {
    std::string text;
    const char* part;
  } rows[] = {
      {"", "is empty"},
      {"a/b+", "mixes a wildcard"},
      {"+a", "mixes a wildcard"},
      {"a/#b", "mixes a wildcard"},
      {"##", "mixes a wildcard"},
      {"#/a", "continues after '#'"},
      {"a/#/", "continues after '#'"},
      {"1/2/3/4/5/6/7/8/#", "8 slashes"},
      {std::string(257, 'x'), "257 bytes"},
      {"$share", "must be $share/NAME/FILTER"},
      {"$share/", "must be $share/NAME/FILTER"},
      {"$share/g", "must be $share/NAME/FILTER"},
      {"$share//a", "must be $share/NAME/FILTER"},
      {"$share/+/a", "must be $share/NAME/FILTER"},
      {"$share/a#/a", "must be $share/NAME/FILTER"},
      {"$share/g/", "is empty"},
      {"$share/g/a/#/b", "continues after '#'"},
      {"$share/g/1/2/3/4/5/6/7/8/9", "8 slashes"},
      {"$share/" + std::string(129, 'n') + "/a", "129 bytes; at most 128"},
      {"$share/g/" + std::string(257, 'f'), "257 bytes; at most 256"},
  };
  for (const auto& row : rows) {
    const auto filter = parse_filter(row.text);
    ASSERT_FALSE(filter) << row.text;
    EXPECT_NE(filter.error().message.find(row.part), std::string::npos) << filter.error().message;
  }
}

TEST(Matching, FollowsTheStandardExceptWhereAwsDiffers) {
  const struct {
    const char* filter;
    const char* topic;
    bool covers;
  } rows[] = {
      {"a", "a", true},         {"a", "b", false},          {"a", "a/", false},
      {"a/b", "a/b", true},     {"a/+", "a/b", true},       {"a/+", "a/", true},
      {"a/+", "a", false},      {"a/+", "a/b/c", false},    {"+", "a", true},
      {"+", "/a", false},       {"+/+", "/a", true},        {"/+", "/a", true},
      {"a/#", "a/", true},      {"a/#", "a/b", true},       {"a/#", "a/b/c", true},
      {"a/#", "a", false},  // the standard says true
      {"a/+/#", "a/b", false},  {"a/+/#", "a/b/c", true},   {"#", "a", true},
      {"#", "a/b/c", true},     {"#", "/", true},           {"#", "$aws/x", false},
      {"+/x", "$aws/x", false}, {"$aws/#", "$aws/x", true}, {"$aws/+", "$aws/x", true},
      {"a/$b", "a/$b", true},   {"a/#", "a/$b", true},      {"sport/tennis", "sport/Tennis", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(matches(row.filter, row.topic), row.covers) << row.filter << " on " << row.topic;
    EXPECT_EQ(reference::matches(row.filter, row.topic), row.covers)
        << row.filter << " on " << row.topic;
  }
}

std::string some_text(const std::vector<std::string>& alphabet, bool filter) {
  std::string text;
  const int levels = *rc::gen::inRange(1, 9);
  for (int i = 0; i < levels; ++i) {
    if (i > 0) text += '/';
    std::string level = alphabet[*rc::gen::inRange<std::size_t>(0, alphabet.size())];
    if (filter && level == "#" && i + 1 < levels) level = "+";
    text += level;
  }
  return text.empty() ? "a" : text;
}

std::string some_filter() { return some_text({"a", "b", "+", "#", "", "$x"}, true); }
std::string some_topic() { return some_text({"a", "b", "", "$x"}, false); }

TEST(Matching, AgreesWithTheReference) {
  rc::check([] {
    for (int i = 0; i < 100; ++i) {
      const std::string filter = some_filter();
      const std::string topic = some_topic();
      if (matches(filter, topic) != reference::matches(filter, topic))
        RC_FAIL(filter + " on " + topic);
    }
  });
}

using Match = SubscriptionIndex::Match;

constexpr SubscriberId kNobody{UINT64_MAX};

SubscriberId id(std::uint64_t number) { return SubscriberId{number}; }

TopicFilter filter_of(std::string_view text) { return *parse_filter(text); }

std::vector<Match> matches_of(SubscriptionIndex& index, std::string_view topic,
                              SubscriberId publisher = kNobody) {
  std::vector<Match> out;
  index.match(topic, publisher, out);
  return out;
}

TEST(SubscriptionIndex, VisitsEachSubscriberOnceWithTheHighestQos) {
  SubscriptionIndex index;
  index.subscribe(id(2), filter_of("a/b"), {QoS::at_most_once});
  index.subscribe(id(2), filter_of("a/+"), {.qos = QoS::at_least_once});
  index.subscribe(id(2), filter_of("#"), {.qos = QoS::at_most_once, .retain_as_published = true});
  index.subscribe(id(1), filter_of("a/#"), {QoS::at_most_once});
  EXPECT_EQ(matches_of(index, "a/b"), (std::vector<Match>{{id(1), QoS::at_most_once, false},
                                                          {id(2), QoS::at_least_once, true}}));
  EXPECT_EQ(matches_of(index, "a").size(), 1U);
  EXPECT_EQ(index.size(), 4U);
}

TEST(SubscriptionIndex, ReplacesOptionsOfTheSameFilter) {
  SubscriptionIndex index;
  index.subscribe(id(1), filter_of("a"), {QoS::at_least_once});
  index.subscribe(id(1), filter_of("a"), {QoS::at_most_once});
  EXPECT_EQ(index.size(), 1U);
  EXPECT_EQ(matches_of(index, "a"), (std::vector<Match>{{id(1), QoS::at_most_once, false}}));
}

TEST(SubscriptionIndex, ChoosesAnAwayMemberOnlyIfAllAreAway) {
  SubscriptionIndex index;
  const TopicFilter filter = filter_of("$share/g/a");
  for (const std::uint64_t number : {1U, 2U, 3U}) index.subscribe(id(number), filter, {});
  const auto turns = [&](int count) {
    std::multiset<std::uint64_t> out;
    for (int i = 0; i < count; ++i)
      out.insert(static_cast<std::uint64_t>(matches_of(index, "a").at(0).subscriber));
    return out;
  };
  EXPECT_EQ(turns(6), (std::multiset<std::uint64_t>{1, 1, 2, 2, 3, 3}));
  index.set_away(id(2), filter, true);
  index.set_away(id(9), filter, true);
  EXPECT_EQ(turns(4), (std::multiset<std::uint64_t>{1, 1, 3, 3}));
  index.set_away(id(1), filter, true);
  index.set_away(id(3), filter, true);
  EXPECT_EQ(turns(6), (std::multiset<std::uint64_t>{1, 1, 2, 2, 3, 3}));
  index.set_away(id(3), filter, false);
  EXPECT_EQ(index.next_of_group(filter)->subscriber, id(3));
  EXPECT_EQ(index.next_of_group(filter)->subscriber, id(3));
  EXPECT_FALSE(index.next_of_group(filter_of("$share/h/a")));
  EXPECT_FALSE(index.next_of_group(filter_of("a")));
}

TEST(SubscriptionIndex, RemovesUnsubscribedFilters) {
  SubscriptionIndex index;
  index.subscribe(id(1), filter_of("a/+"), {});
  index.subscribe(id(2), filter_of("a/+"), {});
  index.subscribe(id(1), filter_of("$share/g/a/+"), {});
  EXPECT_FALSE(index.unsubscribe(id(3), filter_of("a/+")));
  EXPECT_FALSE(index.unsubscribe(id(1), filter_of("a/#")));
  EXPECT_FALSE(index.unsubscribe(id(2), filter_of("$share/g/a/+")));
  EXPECT_FALSE(index.unsubscribe(id(1), filter_of("$share/h/a/+")));
  EXPECT_TRUE(index.unsubscribe(id(1), filter_of("a/+")));
  EXPECT_FALSE(index.unsubscribe(id(1), filter_of("a/+")));
  EXPECT_EQ(matches_of(index, "a/b").size(), 2U);
  EXPECT_TRUE(index.unsubscribe(id(2), filter_of("a/+")));
  EXPECT_TRUE(index.unsubscribe(id(1), filter_of("$share/g/a/+")));
  EXPECT_TRUE(matches_of(index, "a/b").empty());
  EXPECT_EQ(index.size(), 0U);
}

TEST(SubscriptionIndex, DoesNotDeliverAClientsOwnMessagesWithNoLocal) {
  SubscriptionIndex index;
  index.subscribe(id(1), filter_of("a"), {.no_local = true});
  index.subscribe(id(2), filter_of("a"), {});
  EXPECT_EQ(matches_of(index, "a", id(1)).size(), 1U);
  EXPECT_EQ(matches_of(index, "a", id(2)).size(), 2U);
}

TEST(SubscriptionIndex, ServesShareGroupsInTurn) {
  SubscriptionIndex index;
  for (std::uint64_t i = 1; i <= 3; ++i)
    index.subscribe(id(i), filter_of("$share/g/a/+"), {QoS::at_least_once});
  index.subscribe(id(9), filter_of("$share/h/a/+"), {});
  std::vector<SubscriberId> turns;
  for (int i = 0; i < 4; ++i) {
    const auto matches = matches_of(index, "a/b");
    ASSERT_EQ(matches.size(), 2U);
    EXPECT_EQ(matches[1].subscriber, id(9));
    turns.push_back(matches[0].subscriber);
  }
  EXPECT_EQ(turns, (std::vector{id(1), id(2), id(3), id(1)}));
  index.unsubscribe(id(2), filter_of("$share/g/a/+"));
  EXPECT_EQ(matches_of(index, "a/b")[0].subscriber, id(3));
}

TEST(SubscriptionIndex, MatchesTopicsOfAnyDepth) {
  SubscriptionIndex index;
  index.subscribe(id(1), filter_of("#"), {});
  index.subscribe(id(2), filter_of("+/+/#"), {});
  EXPECT_EQ(matches_of(index, std::string(65535, '/')).size(), 2U);
}

TEST(SubscriptionIndex, AgreesWithTheReference) {
  rc::check([] {
    SubscriptionIndex index;
    std::set<std::pair<std::uint64_t, std::string>> held;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t who = *rc::gen::inRange<std::uint64_t>(0, 6);
      const std::string filter = some_filter();
      if (*rc::gen::inRange(0, 3) > 0) {
        index.subscribe(id(who), filter_of(filter), {});
        held.insert({who, filter});
      } else if (!held.empty()) {
        auto victim = held.begin();
        std::advance(victim, *rc::gen::inRange<std::size_t>(0, held.size()));
        RC_ASSERT(index.unsubscribe(id(victim->first), filter_of(victim->second)));
        held.erase(victim);
      }
      RC_ASSERT(index.size() == held.size());
      const std::string topic = some_topic();
      std::set<SubscriberId> expected;
      for (const auto& [subscriber, text] : held) {
        if (reference::matches(text, topic)) expected.insert(id(subscriber));
      }
      std::set<SubscriberId> seen;
      for (const Match& match : matches_of(index, topic)) {
        const bool first_time = seen.insert(match.subscriber).second;
        RC_ASSERT(first_time);
      }
      RC_ASSERT(seen == expected);
    }
  });
}

}  // namespace
}  // namespace imprint::mqtt
