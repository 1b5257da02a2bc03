// SPDX-License-Identifier: Apache-2.0
// A client's rights while it is connected: they end when the registry says so, and with time.
#include <algorithm>
#include <utility>

#include "outcome/causes.h"
#include "server/client.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

/// A wall clock may be set: what it says is looked at again at least so often.
constexpr std::chrono::minutes kLongestWait{10};

}  // namespace

void Client::act(mqtt::ServerAction action) {
  // Timers may be late; what a device does after its end is not carried out.
  if (services().clock.now() > principal_->certificate.not_after) {
    cut_if_not_entitled();
    if (connection_.session().is_closed()) return;
  }
  if (auto* message = std::get_if<mqtt::PublishRequest>(&action)) {
    publish(std::move(*message));
  } else if (auto* subscription = std::get_if<mqtt::SubscribeRequest>(&action)) {
    subscribe(std::move(*subscription));
  } else if (auto* end = std::get_if<mqtt::UnsubscribeRequest>(&action)) {
    unsubscribe(*end);
  }
}

void Client::access_changed() {
  if (connection_.session().is_closed()) return;
  if (was_accepted_) cut_if_not_entitled();  // who is not accepted yet is checked before that
  if (connection_.session().is_closed()) return;
  is_stale_ = true;
  connection_.session().hold_deliveries(true);
  shard_.refresh_rights(connection_.number(), false);
}

void Client::hurry() {
  if (!std::exchange(has_hurried_, true)) shard_.refresh_rights(connection_.number(), true);
}

runtime::Task<bool> Client::reload(Shard& shard, std::uint64_t number) {
  const Client* before = shard.client(number);
  if (before == nullptr) co_return true;
  auto principal = co_await shard.services().access.principal(before->certificate_);
  Client* self = shard.client(number);
  if (self == nullptr || self->connection_.session().is_closed()) co_return true;
  if (principal) {
    self->use(std::move(*principal));
    self->look_again();
    co_return true;
  }
  if (principal.error().fault != Fault::not_found) co_return false;
  if (!self->principal_) co_return true;  // a device that is just being introduced
  self->cut(mqtt::ReasonCode::administrative_action,
            forbidden("the certificate has been deleted", "CertificateDeleted"_cause));
  co_return true;
}

void Client::cut(mqtt::ReasonCode code, const Error& error) {
  services().log.info("cut a connection", {{"client", facts_.client_id},
                                           {"certificate", certificate_.hex()},
                                           {"because", error.message}});
  connection_.session().disconnect(code, error.message);
  connection_.pump();
}

void Client::cut_if_not_entitled() {
  if (connection_.session().is_closed()) return;
  if (const auto error = check_certificate()) {
    // A device that has been registered hears so first: provision() looks again after each answer.
    const bool is_inactive =
        services().directory.status(certificate_) == registry::CertificateStatus::inactive;
    if (!is_provisioning_ || !is_inactive) cut(mqtt::ReasonCode::administrative_action, *error);
    return;
  }
  // What is not known to be in force any more decides nothing.
  if (is_stale_ || is_provisioning_) return;
  if (const auto error = check_policy(policy::Action::connect, facts_.client_id)) {
    report_denial("connect"_step, facts_.client_id, *error);
    cut(mqtt::ReasonCode::not_authorized, *error);
  }
}

void Client::look_again() {
  if (!was_accepted_) return;
  cut_if_not_entitled();
  if (connection_.session().is_closed()) return;
  review_subscriptions();
  set_deadline();
  connection_.session().hold_deliveries(false);
  const bool has_waited = is_waiting();
  while (!is_stale_ && !deferred_.empty() && is_connected()) {
    mqtt::ServerAction action = std::move(deferred_.front());
    deferred_.pop_front();
    act(std::move(action));
  }
  connection_.pump();
  if (has_waited) connection_.read_on();
  if (!is_provisioning_ && !requests_.empty())
    runtime::start(provision(shard_, connection_.number()));
}

bool Client::is_resting(std::string_view filter) const {
  return std::ranges::find(resting_, filter) != resting_.end();
}

/// MQTT has no way to end a subscription from this side. One that policy does not allow any more
/// brings nothing, and goes on when it is allowed again.
void Client::review_subscriptions() {
  const SessionAddress own{shard_.index(), connection_.number()};
  for (const mqtt::Subscription& subscription : connection_.session().subscriptions()) {
    const auto error = check_subscription(subscription.filter);
    const bool rests = is_resting(subscription.filter);
    if (error.has_value() == rests) continue;
    if (error) {
      report_denial("subscribe"_step, subscription.filter, *error);
      resting_.push_back(subscription.filter);
      shard_.switchboard().unsubscribe(own, subscription.filter);
    } else {
      std::erase(resting_, subscription.filter);
      attach(subscription.filter, subscription.options);
    }
  }
}

bool Client::may_receive(const mqtt::Message& message) const {
  return !check_policy(policy::Action::receive, message.topic);
}

void Client::set_deadline() {
  const Timestamp now = services().clock.now();
  Timestamp next = principal_->certificate.not_after + Milliseconds(1);
  if (const auto change = rights_.next_change(now)) next = std::min(next, *change);
  const auto wait = std::clamp(next - now, Milliseconds(0),
                               std::chrono::duration_cast<Milliseconds>(kLongestWait));
  deadline_ = services().clock.monotonic() + wait;
}

void Client::tick(Monotonic now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  // Rights that are being read again are looked at when they are there.
  if (is_stale_) return cut_if_not_entitled();
  look_again();
}

}  // namespace imprint::server
