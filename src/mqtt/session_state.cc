// SPDX-License-Identifier: Apache-2.0
#include "mqtt/session_state.h"

#include <algorithm>
#include <utility>

namespace imprint::mqtt {

namespace {
/// The cost of one more queue entry for a message that is already in another queue.
constexpr std::size_t kEntryBytes = 64;

/// The part of `most` that may be used.
std::size_t limit_for(Room room, std::size_t most) {
  switch (room) {
    case Room::for_absent_client:
      return most / 4 * 3;
    case Room::for_connected_client:
      return most / 8 * 7;
    case Room::for_first_message:
      return most;
  }
  return 0;
}

}  // namespace

bool QueueTotal::add(const Message& message, Room room) {
  const std::size_t bytes = message.holders.add() == 0 ? weight(message) : kEntryBytes;
  if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_for(room, most_))
    return true;
  remove(message);
  return false;
}

void QueueTotal::remove(const Message& message) {
  const std::size_t bytes = message.holders.remove() == 0 ? weight(message) : kEntryBytes;
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool QueueAccount::add(const Message& message, Room room) {
  const std::size_t bytes = weight(message);
  if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_for(room, most_) &&
      total_.add(message, room))
    return true;
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void QueueAccount::remove(const Message& message) {
  bytes_.fetch_sub(weight(message), std::memory_order_relaxed);
  total_.remove(message);
}

Room Outbox::room() const {
  if (!is_client_connected_) return Room::for_absent_client;
  return bytes_ == 0 ? Room::for_first_message : Room::for_connected_client;
}

bool Outbox::charge(const Message& message) {
  if (account_ && !account_->add(message, room())) return false;
  bytes_ += weight(message);
  return true;
}

void Outbox::release(const Message& message) {
  if (account_) account_->remove(message);
  bytes_ -= weight(message);
}

void Outbox::release_all() {
  for (const InFlight& message : in_flight_) release(*message.message);
  for (std::size_t i = 0; i < waiting_.size(); ++i) release(*waiting_[i].message);
  in_flight_ = {};
  waiting_.clear();
  waiting_qos0_ = 0;
  unsent_in_flight_ = 0;
}

Outbox& Outbox::operator=(Outbox&& other) noexcept {
  if (this == &other) return *this;
  release_all();
  waiting_ = std::exchange(other.waiting_, {});
  in_flight_ = std::exchange(other.in_flight_, {});
  account_ = std::exchange(other.account_, nullptr);
  is_client_connected_ = std::exchange(other.is_client_connected_, false);
  bytes_ = std::exchange(other.bytes_, 0);
  waiting_qos0_ = std::exchange(other.waiting_qos0_, 0);
  unsent_in_flight_ = std::exchange(other.unsent_in_flight_, std::uint16_t{0});
  last_packet_id_ = other.last_packet_id_;
  return *this;
}

void Outbox::begin(std::shared_ptr<QueueAccount> account) {
  is_client_connected_ = true;
  if (account == account_) return;
  Outbox before = std::move(*this);
  *this = Outbox();
  is_client_connected_ = true;
  account_ = std::move(account);
  last_packet_id_ = before.last_packet_id_;
  for (const InFlight& message : before.in_flight_) {
    if (!charge(*message.message)) continue;
    in_flight_.push_back(message);
    if (!message.sent) ++unsent_in_flight_;
  }
  for (std::size_t i = 0; i < before.waiting_.size(); ++i) {
    const Waiting& message = before.waiting_[i];
    if (!charge(*message.message)) continue;
    waiting_.push(message);
    if (message.qos == QoS::at_most_once) ++waiting_qos0_;
  }
}

std::vector<MessagePtr> Outbox::take_all() {
  std::vector<MessagePtr> out;
  for (const InFlight& message : in_flight_) out.push_back(message.message);
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].qos != QoS::at_most_once) out.push_back(waiting_[i].message);
  }
  release_all();
  return out;
}

std::vector<MessagePtr> Outbox::take_out(const std::function<bool(const Message&)>& wanted) {
  std::vector<MessagePtr> out;
  std::erase_if(in_flight_, [&](const InFlight& message) {
    if (!wanted(*message.message)) return false;
    out.push_back(message.message);
    release(*message.message);
    if (!message.sent) --unsent_in_flight_;
    return true;
  });
  Fifo<Waiting> kept;
  while (!waiting_.empty()) {
    Waiting next = waiting_.pop();
    if (next.qos == QoS::at_most_once || !wanted(*next.message)) {
      kept.push(std::move(next));
      continue;
    }
    release(*next.message);
    out.push_back(std::move(next.message));
  }
  waiting_ = std::move(kept);
  return out;
}

void SessionState::absorb(SessionState other, const Limits& limits) {
  for (Subscription& subscription : other.subscriptions) {
    const auto same = std::ranges::find(subscriptions, subscription.filter, &Subscription::filter);
    if (same != subscriptions.end()) {
      same->options = subscription.options;
    } else if (subscriptions.size() < limits.subscriptions) {
      subscriptions.push_back(std::move(subscription));
    }
  }
  for (MessagePtr& message : other.outbox.take_all())
    outbox.push(std::move(message), QoS::at_least_once, false, limits);
}

/// Drops waiting QoS 0 messages if necessary, and charges the account for the new message.
bool Outbox::make_room(const Message& message, QoS qos, const Limits& limits) {
  const std::size_t bytes = weight(message);
  if (bytes > limits.queue_bytes) return false;
  const auto fits = [&] {
    return waiting_.size() < limits.queue_messages && bytes_ + bytes <= limits.queue_bytes &&
           charge(message);
  };
  for (std::size_t i = 0; !fits();) {
    if (qos == QoS::at_most_once || waiting_qos0_ == 0) return false;
    while (waiting_[i].qos != QoS::at_most_once) ++i;
    release(*waiting_[i].message);
    waiting_.erase(i);
    --waiting_qos0_;
  }
  return true;
}

bool Outbox::push(MessagePtr message, QoS qos, bool retain, const Limits& limits) {
  if (!make_room(*message, qos, limits)) return false;
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
    release(*next.message);
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
  release(*done->message);
  if (!done->sent) --unsent_in_flight_;
  in_flight_.erase(done);
  if (in_flight_.empty()) in_flight_ = {};
  return true;
}

void Outbox::interrupt() {
  is_client_connected_ = false;
  Fifo<Waiting> kept;
  while (!waiting_.empty()) {
    Waiting next = waiting_.pop();
    if (next.qos == QoS::at_most_once) {
      release(*next.message);
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
  // is far below 65,535, so one is free.
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 || std::ranges::find(in_flight_, last_packet_id_,
                                                     &InFlight::packet_id) != in_flight_.end());
  return last_packet_id_;
}

}  // namespace imprint::mqtt
