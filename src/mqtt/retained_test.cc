// SPDX-License-Identifier: Apache-2.0
#include "mqtt/retained.h"

#include <gtest/gtest.h>

namespace imprint::mqtt {
namespace {

constexpr Monotonic kStart{Seconds(1000)};

using Outcome = RetainedMessages::Outcome;

MessagePtr message(std::string topic, std::string_view payload,
                   std::optional<Seconds> expiry = {}) {
  Message m{.topic = std::move(topic), .payload = {}};
  m.payload.assign(payload.begin(), payload.end());
  m.expiry = expiry;
  m.received = kStart;
  return std::make_shared<const Message>(std::move(m));
}

TEST(RetainedMessages, KeepsTheLastMessageOfATopic) {
  RetainedMessages retained({});
  EXPECT_EQ(retained.store(message("a", "1"), QoS::at_most_once, kStart), Outcome::stored);
  EXPECT_EQ(retained.store(message("a", "22"), QoS::at_least_once, kStart), Outcome::stored);
  const auto* found = retained.find("a", kStart);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(as_text(found->message->payload), "22");
  EXPECT_EQ(found->qos, QoS::at_least_once);
  EXPECT_EQ(retained.size(), 1U);
}

TEST(RetainedMessages, FindsMessagesByTheExactFilterOnly) {
  RetainedMessages retained({});
  retained.store(message("a/b", "1"), QoS::at_most_once, kStart);
  EXPECT_NE(retained.find("a/b", kStart), nullptr);
  for (const char* filter : {"a/+", "a/#", "#", "$share/g/a/b", "a", "a/b/"})
    EXPECT_EQ(retained.find(filter, kStart), nullptr) << filter;
}

TEST(RetainedMessages, AreRemovedByAnEmptyPayload) {
  RetainedMessages retained({});
  retained.store(message("a", "1"), QoS::at_most_once, kStart);
  EXPECT_EQ(retained.store(message("a", ""), QoS::at_most_once, kStart), Outcome::cleared);
  EXPECT_EQ(retained.find("a", kStart), nullptr);
  EXPECT_EQ(retained.bytes(), 0U);
  EXPECT_EQ(retained.store(message("b", ""), QoS::at_most_once, kStart), Outcome::cleared);
}

TEST(RetainedMessages, HidesExpiredMessagesAndSweepsThem) {
  RetainedMessages retained({});
  retained.store(message("a", "1", Seconds(10)), QoS::at_most_once, kStart);
  retained.store(message("b", "1"), QoS::at_most_once, kStart);
  EXPECT_NE(retained.find("a", kStart + Seconds(9)), nullptr);
  EXPECT_EQ(retained.find("a", kStart + Seconds(10)), nullptr);
  EXPECT_EQ(retained.sweep(kStart + Seconds(10)), 1U);
  EXPECT_EQ(retained.size(), 1U);
}

TEST(RetainedMessages, AreLimitedInNumber) {
  RetainedMessages retained({.messages = 2});
  retained.store(message("a", "1", Seconds(60)), QoS::at_most_once, kStart);
  EXPECT_EQ(retained.store(message("b", "1"), QoS::at_most_once, kStart), Outcome::stored);
  EXPECT_EQ(retained.store(message("c", "1"), QoS::at_most_once, kStart), Outcome::full);
  EXPECT_EQ(retained.find("c", kStart), nullptr);
  EXPECT_EQ(retained.store(message("b", "2"), QoS::at_most_once, kStart), Outcome::stored);
  // There is room again after a message has expired.
  EXPECT_EQ(retained.store(message("c", "1"), QoS::at_most_once, kStart + Seconds(61)),
            Outcome::stored);
  EXPECT_EQ(retained.find("a", kStart), nullptr);
}

TEST(RetainedMessages, AreLimitedInBytes) {
  const std::size_t one = weight(*message("a", "1234"));
  RetainedMessages retained({.messages = 100, .bytes = 2 * one});
  EXPECT_EQ(retained.store(message("a", "1234"), QoS::at_most_once, kStart), Outcome::stored);
  EXPECT_EQ(retained.store(message("b", "12345"), QoS::at_most_once, kStart), Outcome::full);
  EXPECT_EQ(retained.store(message("b", "1234"), QoS::at_most_once, kStart), Outcome::stored);
  EXPECT_EQ(retained.bytes(), 2 * one);
  EXPECT_EQ(retained.store(message("a", "12345"), QoS::at_most_once, kStart), Outcome::full);
  EXPECT_EQ(as_text(retained.find("a", kStart)->message->payload), "1234");
}

TEST(RetainedMessages, ReplacesAMessageThatTheSweepRemoved) {
  RetainedMessages retained({.messages = 1, .bytes = weight(*message("a", "12"))});
  retained.store(message("a", "1", Seconds(1)), QoS::at_most_once, kStart);
  EXPECT_EQ(retained.store(message("a", "12"), QoS::at_most_once, kStart + Seconds(100)),
            Outcome::stored);
  EXPECT_EQ(retained.bytes(), weight(*message("a", "12")));
}

}  // namespace
}  // namespace imprint::mqtt
