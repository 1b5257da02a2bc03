// SPDX-License-Identifier: Apache-2.0
// What happens to a connected client when its rights change, by a change in the registry or with
// time.
#include <algorithm>
#include <utility>

#include "outcome/causes.h"
#include "server/connected_client.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

/// The wall clock may be set, so deadlines that depend on it are checked at least this often.
constexpr std::chrono::minutes kLongestWait{10};

}  // namespace

void ConnectedClient::cut_if_not_entitled() {
  if (session().is_closed()) return;
  if (const auto error = rights_->check_certificate()) {
    // A device whose registration made its claim INACTIVE gets the answer first; answer() checks
    // again after that.
    const bool is_inactive =
        services().directory.status(peer_.certificate) == registry::CertificateStatus::inactive;
    if (!requests_.is_busy() || !is_inactive)
      peer_.cut(mqtt::ReasonCode::administrative_action, *error);
    return;
  }
  // Outdated rights must not decide anything.
  if (rights_->are_outdated() || requests_.is_busy()) return;
  if (const auto error = rights_->check(policy::Action::connect, peer_.facts.client_id)) {
    record_.note_denial("connect"_step, peer_.facts.client_id, *error);
    peer_.cut(mqtt::ReasonCode::not_authorized, *error);
  }
}

void ConnectedClient::apply_rights() {
  cut_if_not_entitled();
  if (session().is_closed()) return;
  review_subscriptions();
  set_deadline();
  session().hold_deliveries(false);
  const bool had_deferred_requests = has_deferred_requests();
  while (!rights_->are_outdated() && !deferred_.empty() && session().is_connected()) {
    mqtt::ServerAction action = std::move(deferred_.front());
    deferred_.pop_front();
    carry_out(std::move(action));
  }
  peer_.connection.pump();
  if (had_deferred_requests) peer_.connection.resume_reading();
  if (requests_.has_work()) runtime::start(answer_requests(peer_.shard, peer_.connection.number()));
}

bool ConnectedClient::is_suspended(std::string_view filter) const {
  return std::ranges::find(suspended_, filter) != suspended_.end();
}

/// MQTT has no way for a server to end a subscription. A subscription that policy no longer allows
/// is suspended: no messages are delivered for it until policy allows it again.
void ConnectedClient::review_subscriptions() {
  for (const mqtt::Subscription& subscription : session().subscriptions()) {
    const auto error = check_subscription(subscription.filter);
    if (error.has_value() == is_suspended(subscription.filter)) continue;
    if (error) {
      record_.note_denial("subscribe"_step, subscription.filter, *error);
      suspended_.push_back(subscription.filter);
      peer_.shard.switchboard().unsubscribe(peer_.address(), subscription.filter);
    } else {
      std::erase(suspended_, subscription.filter);
      add_to_index(subscription.filter, subscription.options);
    }
  }
}

void ConnectedClient::set_deadline() {
  const Timestamp now = services().clock.now();
  const auto wait = std::clamp(rights_->next_change(now) - now, Milliseconds(0),
                               std::chrono::duration_cast<Milliseconds>(kLongestWait));
  deadline_ = services().clock.monotonic() + wait;
}

void ConnectedClient::tick(Monotonic now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  // Outdated rights are not applied until they have been read again.
  if (rights_->are_outdated()) return cut_if_not_entitled();
  apply_rights();
}

}  // namespace imprint::server
