// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "device_api/provisioning_api.h"
#include "mqtt/server_session.h"

namespace imprint::server {

/// The provisioning requests of one connection, carried out in order and one at a time. Also tracks
/// whether a certificate that was issued on this connection has been registered.
class ProvisioningQueue {
 public:
  /// The number of requests that may wait. Further ones are answered with 429 when their turn
  /// comes.
  static constexpr std::size_t kMaxWaiting = 16;
  /// AWS's own bound on unacknowledged requests keeps QoS 1 below this; QoS 0 has no such bound.
  static constexpr std::size_t kMaxQueued = kMaxWaiting * 8;

  struct Request {
    device_api::ProvisioningTopic topic;
    std::string name;  ///< the topic as it was published to
    mqtt::QoS qos;
    Bytes payload;
    std::uint16_t packet_id;
    bool is_throttled;
  };

  void add(const mqtt::PublishRequest& request, device_api::ProvisioningTopic topic);
  /// So many requests wait that the connection must be ended.
  [[nodiscard]] bool is_overfull() const { return waiting_.size() > kMaxQueued; }

  /// The next request, if there is one; the queue is busy with it until done().
  std::optional<Request> take();
  void done() { is_busy_ = false; }
  [[nodiscard]] bool is_busy() const { return is_busy_; }
  [[nodiscard]] bool has_work() const { return !is_busy_ && !waiting_.empty(); }

  void note_answer(const device_api::Answer& answer);
  /// The size of the answer with a certificate that has not been registered since.
  [[nodiscard]] std::optional<std::size_t> unregistered_answer() const {
    return unregistered_answer_;
  }

 private:
  std::deque<Request> waiting_;
  bool is_busy_ = false;
  std::optional<std::size_t> unregistered_answer_;
};

}  // namespace imprint::server
