// SPDX-License-Identifier: Apache-2.0
#include "server/switchboard.h"

#include "server/client.h"
#include "server/shard.h"

namespace imprint::server {

void Switchboard::publish(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain,
                          SessionAddress publisher) {
  if (retain && services_.retained.store(message, qos, services_.clock.monotonic()) ==
                    mqtt::RetainedMessages::Outcome::full) {
    services_.log.warning("a retained message was not kept: the store of retained messages is full",
                          {{"topic", message->topic}});
  }
  publish_here(message, qos, retain, publisher);
  for (Shard* other : shards_) {
    if (other == &shard_ || !other->switchboard().has_subscriptions()) continue;
    other->post([other, message, qos, retain, publisher] {
      other->switchboard().publish_here(message, qos, retain, publisher);
    });
  }
}

void Switchboard::publish_here(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain,
                               SessionAddress publisher) {
  std::vector<mqtt::SubscriptionIndex::Match> matches;
  index_.match(message->topic, to_subscriber(publisher), matches);
  for (const auto& match : matches) {
    const SessionAddress to = to_address(match.subscriber);
    const mqtt::QoS granted = std::min(qos, match.qos);
    const bool keep_retain = retain && match.retain_as_published;
    if (to.shard == shard_.index()) {
      deliver_here(to.number, message, granted, keep_retain);
      continue;
    }
    // A member of a share group whose home is here.
    Shard* other = shards_[to.shard];
    other->post([other, to, message, granted, keep_retain] {
      other->switchboard().deliver_here(to.number, message, granted, keep_retain);
    });
  }
}

void Switchboard::deliver_here(std::uint64_t number, const mqtt::MessagePtr& message, mqtt::QoS qos,
                               bool retain) {
  // A closed connection lingers for a moment after its session has been parked.
  if (Client* client = shard_.client(number); client != nullptr && client->is_connected())
    return client->deliver(message, qos, retain);
  const auto it = parked_.find(number);
  // QoS 0 is for those who are there (MQTT 3.1.1 section 4.1 leaves it to the server).
  if (it == parked_.end() || qos == mqtt::QoS::at_most_once) return;
  it->second.state->outbox.push(message, qos, retain, services_.mqtt);
}

Shard& Switchboard::home_of(const mqtt::TopicFilter& filter) {
  if (!filter.is_shared()) return shard_;
  // One shard knows all members of a share group, so that each message goes to one of them.
  const std::size_t hash = std::hash<std::string_view>()(filter.share_name) * 31 +
                           std::hash<std::string_view>()(filter.filter);
  return *shards_[hash % shards_.size()];
}

void Switchboard::subscribe(SessionAddress subscriber, std::string_view filter,
                            const mqtt::SubscribeOptions& options) {
  const auto parsed = mqtt::parse_filter(filter, services_.mqtt.topic);
  IMPRINT_ASSERT(parsed.has_value());
  Shard& home = home_of(*parsed);
  if (&home == &shard_) return index_here(subscriber, filter, options);
  home.post([&home, subscriber, text = std::string(filter), options] {
    home.switchboard().index_here(subscriber, text, options);
  });
}

void Switchboard::unsubscribe(SessionAddress subscriber, std::string_view filter) {
  const auto parsed = mqtt::parse_filter(filter, services_.mqtt.topic);
  if (!parsed) return;
  Shard& home = home_of(*parsed);
  if (&home == &shard_) return unindex_here(subscriber, filter);
  home.post([&home, subscriber, text = std::string(filter)] {
    home.switchboard().unindex_here(subscriber, text);
  });
}

void Switchboard::index_here(SessionAddress subscriber, std::string_view filter,
                             const mqtt::SubscribeOptions& options) {
  index_.subscribe(to_subscriber(subscriber), *mqtt::parse_filter(filter, services_.mqtt.topic),
                   options);
  subscriptions_.store(index_.size(), std::memory_order_relaxed);
}

void Switchboard::unindex_here(SessionAddress subscriber, std::string_view filter) {
  index_.unsubscribe(to_subscriber(subscriber), *mqtt::parse_filter(filter, services_.mqtt.topic));
  subscriptions_.store(index_.size(), std::memory_order_relaxed);
}

void Switchboard::forget_subscriptions(SessionAddress subscriber, const mqtt::SessionState& state) {
  for (const mqtt::Subscription& subscription : state.subscriptions)
    unsubscribe(subscriber, subscription.filter);
}

void Switchboard::park(std::uint64_t number, Parked session) {
  // Each shard keeps its part of the deployment's limit.
  const std::size_t limit = services_.limits.sessions / shards_.size() + 1;
  if (parked_.size() >= limit) {
    services_.log.warning(
        "a persistent session was not kept: too many are waiting for their clients",
        {{"client", session.client_id}});
    const SessionAddress address{shard_.index(), number};
    forget_subscriptions(address, *session.state);
    services_.clients.release(session.client_id, address);
    if (session.will)
      publish(session.will->message, session.will->qos, session.will->retain, address);
    return;
  }
  parked_.insert_or_assign(number, std::move(session));
}

void Switchboard::resume_parked(std::uint64_t number, Parked session) {
  for (const mqtt::Subscription& subscription : session.state->subscriptions)
    subscribe({shard_.index(), number}, subscription.filter, subscription.options);
  park(number, std::move(session));
}

void Switchboard::tick(Monotonic now) {
  std::vector<std::uint64_t> over;
  for (auto& [number, session] : parked_) {
    const bool ends = session.expires <= now;
    if (session.will && (ends || session.will_due <= now)) {
      const mqtt::Will will = *std::exchange(session.will, std::nullopt);
      // Whoever has lost the right to connect since then leaves no will behind.
      if (services_.directory.status(session.certificate) == registry::CertificateStatus::active)
        publish(will.message, will.qos, will.retain, {shard_.index(), number});
    }
    if (ends) over.push_back(number);
  }
  for (const std::uint64_t number : over) forget(number);
}

void Switchboard::forget(std::uint64_t number) {
  const auto it = parked_.find(number);
  if (it == parked_.end()) return;
  const SessionAddress address{shard_.index(), number};
  forget_subscriptions(address, *it->second.state);
  services_.clients.release(it->second.client_id, address);
  parked_.erase(it);
}

Switchboard::Eviction Switchboard::evict(std::uint64_t number, const std::string& client_id,
                                         const CertificateId& certificate, bool owns_name) {
  Eviction result;
  if (Client* holder = shard_.client(number); holder != nullptr && holder->holds_client_id()) {
    const bool is_same = holder->certificate() == certificate;
    if (holder->is_device_in_its_own_name() && !owns_name && !is_same) {
      result.refused = true;
      return result;
    }
    auto state = holder->give_way();
    if (is_same || owns_name) result.state = std::move(state);
    return result;
  }
  const auto it = parked_.find(number);
  if (it == parked_.end() || it->second.client_id != client_id) return result;
  forget_subscriptions({shard_.index(), number}, *it->second.state);
  if (it->second.certificate == certificate || owns_name)
    result.state = std::move(it->second.state);
  parked_.erase(it);
  return result;
}

runtime::Task<Switchboard::Eviction> Switchboard::evict_from(SessionAddress holder,
                                                             std::string client_id,
                                                             CertificateId certificate,
                                                             bool owns_name) {
  Shard* other = shards_[holder.shard];
  if (other == &shard_) co_return evict(holder.number, client_id, certificate, owns_name);
  const runtime::Completion<Eviction> done;
  other->post([other, holder, client_id, certificate, owns_name, done] {
    done.complete(other->switchboard().evict(holder.number, client_id, certificate, owns_name));
  });
  co_return co_await done.wait();
}

}  // namespace imprint::server
