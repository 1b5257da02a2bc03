// SPDX-License-Identifier: Apache-2.0
// The $aws/ requests of one connection: one after another, each answered once.
#include <algorithm>

#include "outcome/causes.h"
#include "server/client.h"
#include "server/protocol_fault.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

namespace {

/// Requests of one connection that may wait; more are answered with 429 in their turn.
constexpr std::size_t kMaxWaitingRequests = 16;

}  // namespace

void Client::queue_provisioning(const mqtt::PublishRequest& request,
                                device_api::ProvisioningTopic topic) {
  const bool throttled = requests_.size() >= kMaxWaitingRequests;
  requests_.push_back({std::move(topic), request.message->topic, request.qos,
                       throttled ? Bytes() : request.message->payload, request.packet_id,
                       throttled});
  // AWS's own bound on unacknowledged requests keeps QoS 1 short of this; QoS 0 has no such bound.
  if (requests_.size() > kMaxWaitingRequests * 8) {
    return connection_.session().disconnect(mqtt::ReasonCode::message_rate_too_high,
                                            "too many provisioning requests wait for an answer");
  }
  if (!is_provisioning_) runtime::start(provision(shard_, connection_.number()));
}

runtime::Task<void> Client::provision(Shard& shard, std::uint64_t number) {
  Client* self = shard.client(number);
  self->is_provisioning_ = true;
  // What a client that was cut has asked for is not carried out any more.
  // Nor what it may not ask for any more; while its rights are being read it waits (look_again).
  while (self != nullptr && self->is_connected() && !self->requests_.empty() && !self->is_stale_) {
    ProvisioningRequest request = std::move(self->requests_.front());
    self->requests_.pop_front();
    if (const auto error = self->check_policy(policy::Action::publish, request.name)) {
      self->refuse_publish(request.name, request.qos, request.packet_id, *error);
      self->connection_.pump();
      self = shard.client(number);
      continue;
    }
    const Monotonic began = shard.services().clock.monotonic();
    RequestRecord record{.asker = self->asker(),
                         .answer = device_api::ProvisioningApi::throttled(request.topic)};
    if (!request.throttled) {
      record.answer = co_await shard.services().provisioning.run(
          self->caller(request.name), request.topic, std::move(request.payload));
      self = shard.client(number);
    }
    record.took = shard.services().clock.monotonic() - began;
    enter(shard.services(), record);
    if (self == nullptr) co_return;
    self->answer(request, record.answer);
    // A claim may have been frozen or deactivated meanwhile.
    self->is_provisioning_ = false;
    self->cut_if_not_entitled();
    self = shard.client(number);
    if (self != nullptr) self->is_provisioning_ = true;
  }
  if (self != nullptr) self->is_provisioning_ = false;
}

Asker Client::asker() const {
  return {certificate_.hex(), facts_.client_id, facts_.source_ip,
          correlation_,       payer(),          is_claim()};
}

void Client::note_if_left_unregistered(const mqtt::Close& close) {
  if (!unregistered_answer_ || !is_claim()) return;
  const auto& subscriptions = connection_.session().subscriptions();
  const bool hears_refusals = std::ranges::any_of(
      subscriptions, [](const auto& one) { return one.filter.ends_with("/rejected"); });
  const bool was_cut = close.reason == mqtt::CloseReason::host_disconnected || fault_of(close);
  // Whoever is cut is counted by what he was cut for.
  const auto category =
      was_cut ? std::nullopt
              : count_failure("disconnect", outcome::FailureCategory::left_unregistered);
  note("left_unregistered"_step, Outcome::failed,
       {.from = facts_.source_ip,
        .because = fmt::format(
            "it got a certificate, in an answer of {} bytes, and {} without RegisterThing{}",
            *unregistered_answer_,
            was_cut ? "the server ended the connection" : "ended the connection",
            hears_refusals ? "" : "; it had not subscribed to any topic for refusals"),
        .category = category},
       trail::LeftUnregistered{.was_cut = was_cut});
}

void Client::answer(const ProvisioningRequest& request, const device_api::Answer& answer) {
  const bool is_registration = answer.operation == device_api::Operation::register_thing;
  if (is_registration) {
    unregistered_answer_.reset();
  } else if (!answer.rejection) {
    unregistered_answer_ = answer.payload.size();
  }
  // Both are counted where the request is entered.
  if (is_registration || answer.rejection) is_accounted_ = true;
  connection_.session().acknowledge_publish(request.packet_id);
  deliver_answer(answer);
  connection_.pump();
}

void Client::deliver_answer(const device_api::Answer& answer) {
  std::optional<mqtt::QoS> granted;
  for (const mqtt::Subscription& subscription : connection_.session().subscriptions()) {
    if (mqtt::matches(subscription.filter, answer.topic) && !is_resting(subscription.filter))
      granted = std::max(granted.value_or(mqtt::QoS::at_most_once), subscription.options.qos);
  }
  if (!granted) {
    services().log.warning(
        "an answer was lost: its client has not subscribed to the topic; subscribe before "
        "publishing the request",
        {{"client", facts_.client_id}, {"topic", answer.topic}});
    note("answer"_step, Outcome::lost,
         {.resource = answer.topic,
          .because = "the client has not subscribed to the topic of the answer"});
    return;
  }
  if (const auto error = check_policy(policy::Action::receive, answer.topic))
    return report_denial("receive"_step, answer.topic, *error);
  auto message = std::make_shared<mqtt::Message>(
      mqtt::Message{.topic = answer.topic, .payload = answer.payload});
  connection_.session().deliver(std::move(message), *granted, false, services().clock.monotonic());
}

}  // namespace imprint::server
