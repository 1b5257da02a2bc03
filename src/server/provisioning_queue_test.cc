// SPDX-License-Identifier: Apache-2.0
#include "server/provisioning_queue.h"

#include <gtest/gtest.h>

namespace imprint::server {
namespace {

constexpr const char* kCreate = "$aws/certificates/create/json";

mqtt::PublishRequest request(std::uint16_t packet_id) {
  return {.message = std::make_shared<mqtt::Message>(
              mqtt::Message{.topic = kCreate, .payload = Bytes{'{', '}'}}),
          .qos = mqtt::QoS::at_least_once,
          .packet_id = packet_id};
}

void add(ProvisioningQueue& queue, std::size_t count) {
  for (std::size_t i = 1; i <= count; ++i) {
    queue.add(request(static_cast<std::uint16_t>(i)),
              **device_api::parse_provisioning_topic(kCreate));
  }
}

device_api::Answer answer_to(device_api::Operation operation) {
  return {.topic = {}, .payload = Bytes(1200), .operation = operation};
}

TEST(ProvisioningQueue, HandsOutOneRequestAtATimeInOrder) {
  ProvisioningQueue queue;
  EXPECT_FALSE(queue.take());
  add(queue, 2);
  EXPECT_TRUE(queue.has_work());
  EXPECT_EQ(queue.take()->packet_id, 1);
  EXPECT_TRUE(queue.is_busy());
  EXPECT_FALSE(queue.has_work());
  queue.done();
  EXPECT_TRUE(queue.has_work());
  EXPECT_EQ(queue.take()->packet_id, 2);
  queue.done();
  EXPECT_FALSE(queue.has_work());
}

TEST(ProvisioningQueue, ThrottlesExcessRequestsAndDropsTheirPayloads) {
  ProvisioningQueue queue;
  add(queue, ProvisioningQueue::kMaxWaiting + 1);
  for (std::size_t i = 0; i < ProvisioningQueue::kMaxWaiting; ++i) {
    const auto next = queue.take();
    EXPECT_FALSE(next->is_throttled) << i;
    EXPECT_EQ(next->payload.size(), 2U) << i;
  }
  const auto last = queue.take();
  EXPECT_TRUE(last->is_throttled);
  EXPECT_TRUE(last->payload.empty());
}

TEST(ProvisioningQueue, IsOverfullBeyondWhatQosOneCanReach) {
  ProvisioningQueue queue;
  add(queue, ProvisioningQueue::kMaxQueued);
  EXPECT_FALSE(queue.is_overfull());
  add(queue, 1);
  EXPECT_TRUE(queue.is_overfull());
}

TEST(ProvisioningQueue, RemembersACertificateUntilItsRegistrationIsAnswered) {
  ProvisioningQueue queue;
  auto rejected = answer_to(device_api::Operation::create_keys_and_certificate);
  rejected.rejection.emplace();
  queue.note_answer(rejected);
  EXPECT_FALSE(queue.unregistered_answer());
  queue.note_answer(answer_to(device_api::Operation::create_keys_and_certificate));
  EXPECT_EQ(queue.unregistered_answer(), 1200U);
  queue.note_answer(rejected);
  EXPECT_EQ(queue.unregistered_answer(), 1200U);
  auto refused = answer_to(device_api::Operation::register_thing);
  refused.rejection.emplace();
  queue.note_answer(refused);
  EXPECT_FALSE(queue.unregistered_answer());
}

}  // namespace
}  // namespace imprint::server
