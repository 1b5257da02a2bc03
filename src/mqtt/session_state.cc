// SPDX-License-Identifier: Apache-2.0
#include "mqtt/session_state.h"

#include <algorithm>
#include <utility>

namespace imprint::mqtt {

bool QueueAccount::reserve(std::size_t bytes) {
  if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > most_ ||
      (parent_ && !parent_->reserve(bytes))) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  return true;
}

void QueueAccount::take(std::size_t bytes) {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (parent_) parent_->take(bytes);
}

void QueueAccount::release(std::size_t bytes) {
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  if (parent_) parent_->release(bytes);
}

/// So many bytes less wait here than before.
void Outbox::settle(std::size_t bytes) {
  if (account_ && bytes < bytes_) account_->release(bytes_ - bytes);
  bytes_ = bytes;
}

Outbox& Outbox::operator=(Outbox&& other) noexcept {
  if (this == &other) return *this;
  settle(0);
  dropped_qos0 = other.dropped_qos0;
  dropped_qos1 = other.dropped_qos1;
  waiting_ = std::exchange(other.waiting_, {});
  in_flight_ = std::exchange(other.in_flight_, {});
  account_ = std::exchange(other.account_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  waiting_qos0_ = std::exchange(other.waiting_qos0_, 0);
  unsent_in_flight_ = std::exchange(other.unsent_in_flight_, std::uint16_t{0});
  last_packet_id_ = other.last_packet_id_;
  return *this;
}

void Outbox::charge(std::shared_ptr<QueueAccount> account) {
  if (account == account_) return;
  const std::size_t bytes = bytes_;
  settle(0);
  account_ = std::move(account);
  bytes_ = bytes;
  // What waits already stays, even over the limit: it was promised under another account.
  if (account_) account_->take(bytes);
}

std::vector<MessagePtr> Outbox::take_all() {
  std::vector<MessagePtr> out;
  for (InFlight& message : in_flight_) out.push_back(std::move(message.message));
  while (!waiting_.empty()) {
    Waiting next = waiting_.pop();
    if (next.qos != QoS::at_most_once) out.push_back(std::move(next.message));
  }
  in_flight_ = {};
  waiting_qos0_ = 0;
  unsent_in_flight_ = 0;
  settle(0);
  return out;
}

void Outbox::append(const std::vector<MessagePtr>& messages) {
  for (const MessagePtr& message : messages) {
    bytes_ += weight(*message);
    if (account_) account_->take(weight(*message));
    waiting_.push({message, QoS::at_least_once, false});
  }
}

void SessionState::absorb(SessionState other) {
  for (Subscription& subscription : other.subscriptions) {
    const auto same = std::ranges::find(subscriptions, subscription.filter, &Subscription::filter);
    if (same == subscriptions.end()) {
      subscriptions.push_back(std::move(subscription));
    } else {
      same->options = subscription.options;
    }
  }
  outbox.append(other.outbox.take_all());
}

bool Outbox::make_room(std::size_t bytes, QoS qos, const Limits& limits) {
  if (bytes > limits.queue_bytes) return false;
  const auto fits = [&] {
    return waiting_.size() < limits.queue_messages && bytes_ + bytes <= limits.queue_bytes &&
           (!account_ || account_->reserve(bytes));
  };
  for (std::size_t i = 0; !fits();) {
    if (qos == QoS::at_most_once || waiting_qos0_ == 0) return false;
    while (waiting_[i].qos != QoS::at_most_once) ++i;
    settle(bytes_ - weight(*waiting_[i].message));
    waiting_.erase(i);
    --waiting_qos0_;
    ++dropped_qos0;
  }
  return true;
}

bool Outbox::push(MessagePtr message, QoS qos, bool retain, const Limits& limits) {
  const std::size_t bytes = weight(*message);
  if (!make_room(bytes, qos, limits)) {
    ++(qos == QoS::at_most_once ? dropped_qos0 : dropped_qos1);
    return false;
  }
  bytes_ += bytes;
  if (qos == QoS::at_most_once) ++waiting_qos0_;
  waiting_.push({std::move(message), qos, retain});
  return true;
}

std::optional<Outbox::Transmission> Outbox::take(std::size_t window) {
  if (unsent_in_flight_ > 0) {
    if (in_flight_.size() - unsent_in_flight_ >= window) return std::nullopt;
    const auto again = std::ranges::find(in_flight_, false, &InFlight::sent);
    again->sent = true;
    --unsent_in_flight_;
    // [MQTT-4.4.0-1], [MQTT-3.3.1-1]: the original identifier, with DUP.
    return Transmission{again->message, QoS::at_least_once, again->retain, true, again->packet_id};
  }
  if (waiting_.empty()) return std::nullopt;
  // [MQTT-3.3.4-9, 5.0]: never more in flight than the receiver's maximum.
  const bool acknowledged = waiting_.front().qos != QoS::at_most_once;
  if (acknowledged && in_flight_.size() >= window) return std::nullopt;
  Waiting next = waiting_.pop();
  if (!acknowledged) {
    settle(bytes_ - weight(*next.message));
    --waiting_qos0_;
    return Transmission{std::move(next.message), next.qos, next.retain, false, 0};
  }
  const std::uint16_t id = free_packet_id();
  in_flight_.push_back({next.message, id, next.retain, true});
  return Transmission{std::move(next.message), next.qos, next.retain, false, id};
}

bool Outbox::finish(std::uint16_t packet_id) {
  const auto done = std::ranges::find(in_flight_, packet_id, &InFlight::packet_id);
  if (done == in_flight_.end()) return false;
  settle(bytes_ - weight(*done->message));
  if (!done->sent) --unsent_in_flight_;
  in_flight_.erase(done);
  if (in_flight_.empty()) in_flight_ = {};
  return true;
}

void Outbox::interrupt() {
  Fifo<Waiting> kept;
  while (!waiting_.empty()) {
    Waiting next = waiting_.pop();
    if (next.qos == QoS::at_most_once) {
      settle(bytes_ - weight(*next.message));
      ++dropped_qos0;
    } else {
      kept.push(std::move(next));
    }
  }
  waiting_ = std::move(kept);
  waiting_qos0_ = 0;
  for (InFlight& message : in_flight_) message.sent = false;
  unsent_in_flight_ = static_cast<std::uint16_t>(in_flight_.size());
}

std::uint16_t Outbox::free_packet_id() {
  // [MQTT-2.2.1-4, 5.0]: an identifier that is not in use, and never 0 [MQTT-2.2.1-3]. The window
  // is far below 65,535, so there is one.
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 || std::ranges::find(in_flight_, last_packet_id_,
                                                     &InFlight::packet_id) != in_flight_.end());
  return last_packet_id_;
}

}  // namespace imprint::mqtt
