// SPDX-License-Identifier: Apache-2.0
#include "server/switchboard.h"

#include <algorithm>
#include <utility>

#include "server/access_check.h"
#include "server/client.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

bool is_shared(const mqtt::Subscription& subscription) {
  const auto parsed = mqtt::parse_filter(subscription.filter);
  return parsed && parsed->is_shared();
}

bool covers(const mqtt::Subscription& subscription, const std::string& topic) {
  const auto parsed = mqtt::parse_filter(subscription.filter);
  return parsed && mqtt::matches(parsed->filter, topic);
}

/// Whether one of the session's own (not shared) subscriptions matches the message.
bool matches_own_subscription(const mqtt::SessionState& state, const mqtt::Message& message) {
  return std::ranges::any_of(state.subscriptions, [&](const mqtt::Subscription& subscription) {
    return !is_shared(subscription) && covers(subscription, message.topic);
  });
}

}  // namespace

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
    deliver_to(to, message, granted, retain && match.retain_as_published);
  }
}

void Switchboard::deliver_to(SessionAddress to, const mqtt::MessagePtr& message, mqtt::QoS qos,
                             bool retain) {
  if (to.shard == shard_.index()) return deliver_here(to.number, message, qos, retain);
  // The subscriber on the other shard is a member of a share group whose home is here.
  Shard* other = shards_[to.shard];
  other->post([other, to, message, qos, retain] {
    other->switchboard().deliver_here(to.number, message, qos, retain);
  });
}

void Switchboard::deliver_here(std::uint64_t number, const mqtt::MessagePtr& message, mqtt::QoS qos,
                               bool retain) {
  // A closed connection may still exist for a moment after its session has been parked.
  if (ConnectedClient* client = shard_.connected_client(number))
    return client->deliver(message, qos, retain);
  const auto it = parked_.find(number);
  // QoS 0 is delivered to connected clients only (MQTT 3.1.1 section 4.1 leaves this to the
  // server).
  if (it == parked_.end() || qos == mqtt::QoS::at_most_once) return;
  it->second.state->outbox.push(message, qos, retain, services_.mqtt);
}

Shard& Switchboard::home_of(const mqtt::TopicFilter& filter) {
  if (!filter.is_shared()) return shard_;
  // One shard has all members of a share group, so that each message goes to exactly one of them.
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

template <class Work>
void Switchboard::at_home_of(std::string_view filter, Work work) {
  const auto parsed = mqtt::parse_filter(filter, services_.mqtt.topic);
  if (!parsed || !parsed->is_shared()) return;
  Shard& home = home_of(*parsed);
  if (&home == &shard_) return work(*this, *parsed);
  home.post([&home, text = std::string(filter), work] {
    Switchboard& there = home.switchboard();
    work(there, *mqtt::parse_filter(text, there.services_.mqtt.topic));
  });
}

void Switchboard::set_away(SessionAddress subscriber, const mqtt::SessionState& state) {
  for (const mqtt::Subscription& subscription : state.subscriptions) {
    at_home_of(subscription.filter,
               [subscriber](Switchboard& home, const mqtt::TopicFilter& filter) {
                 home.index_.set_away(to_subscriber(subscriber), filter, true);
               });
  }
}

void Switchboard::hand_over(const std::string& filter, const mqtt::MessagePtr& message) {
  at_home_of(filter, [message](Switchboard& home, const mqtt::TopicFilter& parsed) {
    const auto next = home.index_.next_of_group(parsed);
    if (next) home.deliver_to(to_address(next->subscriber), message, next->qos, false);
  });
}

void Switchboard::end_session(SessionAddress subscriber, mqtt::SessionState& state) {
  forget_subscriptions(subscriber, state);
  // MQTT 5.0 section 4.8.2: this session's messages of a share group go to another member.
  for (const mqtt::MessagePtr& message : state.outbox.take_all()) {
    if (matches_own_subscription(state, *message)) continue;
    for (const mqtt::Subscription& subscription : state.subscriptions) {
      if (is_shared(subscription) && covers(subscription, message->topic))
        hand_over(subscription.filter, message);
    }
  }
}

void Switchboard::forget_subscriptions(SessionAddress subscriber, const mqtt::SessionState& state) {
  for (const mqtt::Subscription& subscription : state.subscriptions)
    unsubscribe(subscriber, subscription.filter);
}

void Switchboard::park(std::uint64_t number, Parked session) {
  // Each shard applies its part of the deployment's limit.
  const std::size_t limit = services_.limits.sessions / shards_.size() + 1;
  const SessionAddress address{shard_.index(), number};
  if (is_certificate_gone(session.certificate)) {
    end_session(address, *session.state);
    services_.clients.release(session.facts.client_id, address);
    return;
  }
  session.place = services_.accounts.place(session.certificate);
  if (parked_.size() >= limit || !session.place) {
    services_.log.warning(
        "a persistent session was not kept: too many are waiting for their clients",
        {{"client", session.facts.client_id},
         {"certificate", session.certificate.hex()},
         {"limit", session.place ? "limits.sessions" : "limits.sessions-per-certificate"}});
    end_session(address, *session.state);
    services_.clients.release(session.facts.client_id, address);
    fire_will(number, session);
    return;
  }
  set_away(address, *session.state);
  const bool shares = std::ranges::any_of(session.state->subscriptions, is_shared);
  parked_by_certificate_.emplace(session.certificate, number);
  parked_.insert_or_assign(number, std::move(session));
  if (!shares) return;
  sharing_.insert(number);
  // The client may have been cut because its rights changed.
  to_review_.insert(number);
  if (!is_reviewing_) runtime::start(review_all());
}

Switchboard::Parked Switchboard::take_out(std::unordered_map<std::uint64_t, Parked>::iterator it) {
  const auto [first, last] = parked_by_certificate_.equal_range(it->second.certificate);
  const auto own =
      std::ranges::find(first, last, it->first, [](const auto& entry) { return entry.second; });
  if (own != last) parked_by_certificate_.erase(own);
  sharing_.erase(it->first);
  Parked session = std::move(it->second);
  parked_.erase(it);
  return session;
}

bool Switchboard::is_certificate_gone(const CertificateId& certificate) const {
  const auto status = services_.directory.status(certificate);
  return !status || *status == registry::CertificateStatus::revoked;
}

void Switchboard::access_changed(const identity::AccessChange& change) {
  std::vector<std::uint64_t> gone;
  for (const CertificateId& certificate : change.certificates) {
    if (!is_certificate_gone(certificate)) continue;
    const auto [first, last] = parked_by_certificate_.equal_range(certificate);
    for (auto it = first; it != last; ++it) gone.push_back(it->second);
  }
  for (const std::uint64_t number : gone) forget(number);
  const auto is_concerned = [&](const Parked& session) {
    return change.everything ||
           std::ranges::find(change.certificates, session.certificate) !=
               change.certificates.end() ||
           std::ranges::find_first_of(change.things, session.things) != change.things.end();
  };
  for (const std::uint64_t number : sharing_) {
    if (is_concerned(parked_.at(number))) to_review_.insert(number);
  }
  if (!is_reviewing_ && !to_review_.empty()) runtime::start(review_all());
}

runtime::Task<void> Switchboard::review_all() {
  is_reviewing_ = true;
  while (!to_review_.empty()) {
    const std::uint64_t number = *to_review_.begin();
    to_review_.erase(to_review_.begin());
    const auto session = parked_.find(number);
    if (session == parked_.end()) continue;
    const auto principal = co_await services_.access.principal(session->second.certificate);
    if (principal) {
      leave_groups(number, **principal);
    } else if (principal.error().fault != Fault::not_found) {
      unreviewed_.push_back(number);
    }
  }
  is_reviewing_ = false;
}

void Switchboard::leave_groups(std::uint64_t number, const identity::Principal& principal) {
  const auto it = parked_.find(number);
  if (it == parked_.end()) return;
  const SessionAddress address{shard_.index(), number};
  Parked& session = it->second;
  mqtt::SessionState& state = *session.state;
  session.things.clear();
  for (const identity::AttachedThing& attached : principal.things)
    session.things.push_back(attached.thing.name);
  const Timestamp now = services_.clock.now();
  const auto change = principal.rights_of(session.facts.client_id).next_change(now);
  session.review_at = change.value_or(Timestamp::max());
  if (const Timestamp ends = principal.certificate.not_after + Milliseconds(1); ends > now)
    session.review_at = std::min(session.review_at, ends);
  const auto has_left = [&](const mqtt::Subscription& subscription) {
    return std::ranges::find(session.left, subscription.filter) != session.left.end();
  };
  std::vector<std::string> leaving;
  for (const mqtt::Subscription& subscription : state.subscriptions) {
    if (!is_shared(subscription) || has_left(subscription) ||
        may_be_member(principal, session, subscription.filter))
      continue;
    unsubscribe(address, subscription.filter);
    leaving.push_back(subscription.filter);
    session.left.push_back(subscription.filter);
  }
  for (const std::string& filter : leaving) {
    const auto is_for_it_alone = [&](const mqtt::Message& message) {
      return covers({.filter = filter}, message.topic) &&
             std::ranges::none_of(state.subscriptions, [&](const mqtt::Subscription& other) {
               return !has_left(other) && covers(other, message.topic);
             });
    };
    for (const mqtt::MessagePtr& message : state.outbox.take_out(is_for_it_alone))
      hand_over(filter, message);
  }
}

bool Switchboard::may_be_member(const identity::Principal& principal, const Parked& session,
                                std::string_view filter) const {
  if (check_certificate(services_, principal)) return false;
  const identity::Rights rights = principal.rights_of(session.facts.client_id);
  const auto may = [&](policy::Action action, std::string_view resource) {
    return !check_policy(services_, principal, rights, session.facts, action, resource);
  };
  return may(policy::Action::connect, session.facts.client_id) &&
         may(policy::Action::subscribe, filter);
}

void Switchboard::resume_parked(std::uint64_t number, Parked session) {
  for (const mqtt::Subscription& subscription : session.state->subscriptions)
    subscribe({shard_.index(), number}, subscription.filter, subscription.options);
  park(number, std::move(session));
}

void Switchboard::fire_will(std::uint64_t number, Parked& session) {
  if (!session.will) return;
  runtime::start(publish_will(shard_, {.will = *std::exchange(session.will, std::nullopt),
                                       .certificate = session.certificate,
                                       .facts = session.facts,
                                       .from = {shard_.index(), number}}));
}

void Switchboard::tick(Monotonic now) {
  std::vector<std::uint64_t> over;
  std::vector<std::uint64_t> with_will;
  for (auto& [number, session] : parked_) {
    const bool ends = session.expires <= now;
    if (session.will && (ends || session.will_due <= now)) with_will.push_back(number);
    if (ends) over.push_back(number);
  }
  // Publishing a will may park further sessions, so this is not done while iterating.
  for (const std::uint64_t number : with_will) fire_will(number, parked_.at(number));
  for (const std::uint64_t number : over) forget(number);
  for (const std::uint64_t number : sharing_) {
    if (parked_.at(number).review_at <= services_.clock.now()) to_review_.insert(number);
  }
  to_review_.insert(unreviewed_.begin(), unreviewed_.end());
  unreviewed_.clear();
  if (!is_reviewing_ && !to_review_.empty()) runtime::start(review_all());
}

void Switchboard::forget(std::uint64_t number) {
  const auto it = parked_.find(number);
  if (it == parked_.end()) return;
  const SessionAddress address{shard_.index(), number};
  const Parked session = take_out(it);
  services_.clients.release(session.facts.client_id, address);
  end_session(address, *session.state);
}

/// For a connected session the rule is ClientRights::belongs_to_thing.
bool Switchboard::may_take_over(const Parked& parked, const Newcomer& newcomer,
                                Services& services) {
  return newcomer.owns_name || newcomer.certificate == parked.certificate ||
         services.directory.status(parked.certificate) != registry::CertificateStatus::active ||
         services.clock.now() > parked.protected_until;
}

Switchboard::Eviction Switchboard::evict(std::uint64_t number, const Newcomer& newcomer) {
  Eviction result;
  const auto resumes = [&](const CertificateId& owner, const mqtt::SessionState& state) {
    return (owner == newcomer.certificate || newcomer.owns_name) &&
           mqtt::may_resume(state, newcomer.clean_start, newcomer.version);
  };
  const SessionAddress address{shard_.index(), number};
  if (ConnectedClient* holder = shard_.connected_client(number);
      holder != nullptr && holder->holds_client_id()) {
    const bool is_same = holder->certificate() == newcomer.certificate;
    if (holder->rights().belongs_to_thing() && !newcomer.owns_name && !is_same) {
      result.refused = true;
      return result;
    }
    const bool goes_on = (is_same || newcomer.owns_name) &&
                         holder->may_be_resumed(newcomer.clean_start, newcomer.version);
    result.state = holder->hand_over(goes_on);
    return result;
  }
  const auto it = parked_.find(number);
  if (it == parked_.end() || it->second.facts.client_id != newcomer.client_id) return result;
  if (!may_take_over(it->second, newcomer, services_)) {
    result.refused = true;
    return result;
  }
  Parked session = take_out(it);
  if (resumes(session.certificate, *session.state)) {
    forget_subscriptions(address, *session.state);
    result.state = std::move(session.state);
    return result;
  }
  // [MQTT-3.1.3-9, 5.0] the session ends, and so does the delay of its will.
  end_session(address, *session.state);
  fire_will(number, session);
  return result;
}

runtime::Task<Switchboard::Eviction> Switchboard::evict_from(SessionAddress holder,
                                                             Newcomer newcomer) {
  Shard* other = shards_[holder.shard];
  if (other == &shard_) co_return evict(holder.number, newcomer);
  const runtime::Completion<Eviction> done;
  other->post([other, number = holder.number, newcomer = std::move(newcomer), done] {
    done.complete(other->switchboard().evict(number, newcomer));
  });
  co_return co_await done.wait();
}

}  // namespace imprint::server
