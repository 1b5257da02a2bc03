// SPDX-License-Identifier: Apache-2.0
#include "server/provisioning_queue.h"

#include <utility>

namespace imprint::server {

void ProvisioningQueue::add(const mqtt::PublishRequest& request,
                            device_api::ProvisioningTopic topic) {
  const bool is_throttled = waiting_.size() >= kMaxWaiting;
  waiting_.push_back({.topic = std::move(topic),
                      .name = request.message->topic,
                      .qos = request.qos,
                      .payload = is_throttled ? Bytes() : request.message->payload,
                      .packet_id = request.packet_id,
                      .is_throttled = is_throttled});
}

std::optional<ProvisioningQueue::Request> ProvisioningQueue::take() {
  if (waiting_.empty()) return std::nullopt;
  std::optional<Request> next = std::move(waiting_.front());
  waiting_.pop_front();
  is_busy_ = true;
  return next;
}

void ProvisioningQueue::note_answer(const device_api::Answer& answer) {
  if (answer.operation == device_api::Operation::register_thing) {
    unregistered_answer_.reset();
  } else if (!answer.rejection) {
    unregistered_answer_ = answer.payload.size();
  }
}

}  // namespace imprint::server
