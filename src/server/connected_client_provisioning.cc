// SPDX-License-Identifier: Apache-2.0
// The $aws/ requests of one connection: carried out one after another, each answered once.
#include <algorithm>

#include "outcome/causes.h"
#include "server/access_check.h"
#include "server/connected_client.h"
#include "server/protocol_fault.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

void ConnectedClient::queue_provisioning(const mqtt::PublishRequest& request,
                                         device_api::ProvisioningTopic topic) {
  requests_.add(request, std::move(topic));
  if (requests_.is_overfull()) {
    return session().disconnect(mqtt::ReasonCode::message_rate_too_high,
                                "too many provisioning requests wait for an answer");
  }
  if (!requests_.is_busy()) runtime::start(answer_requests(peer_.shard, peer_.connection.number()));
}

runtime::Task<void> ConnectedClient::answer_requests(Shard& shard, std::uint64_t number) {
  Services& services = shard.services();
  ConnectedClient* self = shard.connected_client(number);
  while (self != nullptr) {
    auto request = self->next_request();
    if (!request) co_return;
    const Monotonic began = services.clock.monotonic();
    RequestRecord record{.requester = self->record_.requester(),
                         .answer = device_api::ProvisioningApi::throttled(request->topic)};
    if (!request->is_throttled) {
      record.answer = co_await services.provisioning.run(
          self->caller(request->name), request->topic, std::move(request->payload));
      self = shard.connected_client(number);
    }
    record.took = services.clock.monotonic() - began;
    record_request(services, record);
    if (self != nullptr) self->answer(*request, record.answer);
  }
}

/// The next request that may be carried out. Requests of a client that was cut are dropped; while
/// the rights are outdated, requests wait for apply_rights().
std::optional<ProvisioningQueue::Request> ConnectedClient::next_request() {
  while (session().is_connected() && !rights_->are_outdated()) {
    auto request = requests_.take();
    if (!request) return std::nullopt;
    const auto error = rights_->check(policy::Action::publish, request->name);
    if (!error) return request;
    refuse_publish(request->name, request->qos, request->packet_id, *error);
    peer_.connection.pump();
    requests_.done();
  }
  return std::nullopt;
}

provisioning::Caller ConnectedClient::caller(std::string topic) const {
  return {.certificate = peer_.certificate,
          .client_id = peer_.facts.client_id,
          .correlation = peer_.correlation,
          .source_ip = peer_.facts.source_ip,
          .may_still = [&services = services(), certificate = peer_.certificate,
                        facts = peer_.facts, topic = std::move(topic)] {
            return check_may_publish(services, certificate, facts, topic);
          }};
}

void ConnectedClient::answer(const ProvisioningQueue::Request& request,
                             const device_api::Answer& answer) {
  requests_.note_answer(answer);
  if (answer.rejection || answer.operation == device_api::Operation::register_thing)
    record_.outcome_is_counted();
  session().acknowledge_publish(request.packet_id);
  deliver_answer(answer);
  peer_.connection.pump();
  requests_.done();
  // A claim may have been frozen or deactivated meanwhile.
  cut_if_not_entitled();
}

void ConnectedClient::deliver_answer(const device_api::Answer& answer) {
  std::optional<mqtt::QoS> granted;
  for (const mqtt::Subscription& subscription : session().subscriptions()) {
    if (mqtt::matches(subscription.filter, answer.topic) && !is_suspended(subscription.filter))
      granted = std::max(granted.value_or(mqtt::QoS::at_most_once), subscription.options.qos);
  }
  if (!granted) {
    services().log.warning(
        "an answer was lost: its client has not subscribed to the topic; subscribe before "
        "publishing the request",
        {{"client", peer_.facts.client_id}, {"topic", answer.topic}});
    record_.note("answer"_step, Outcome::lost,
                 {.resource = answer.topic,
                  .because = "the client has not subscribed to the topic of the answer"});
    return;
  }
  if (const auto error = rights_->check(policy::Action::receive, answer.topic))
    return record_.note_denial("receive"_step, answer.topic, *error);
  auto message = std::make_shared<mqtt::Message>(
      mqtt::Message{.topic = answer.topic, .payload = answer.payload});
  session().deliver(std::move(message), *granted, false, services().clock.monotonic());
}

/// This is the only record of a device that got a certificate and did not register it.
void ConnectedClient::note_if_left_unregistered(const mqtt::Close& close) {
  const auto answer_bytes = requests_.unregistered_answer();
  if (!answer_bytes || !record_.is_claim()) return;
  const bool hears_refusals = std::ranges::any_of(
      session().subscriptions(), [](const auto& one) { return one.filter.ends_with("/rejected"); });
  const bool was_cut = close.reason == mqtt::CloseReason::host_disconnected || fault_of(close);
  // A device that was cut is counted under the reason for the cut.
  const auto category =
      was_cut ? std::nullopt
              : record_.count_failure("disconnect", outcome::FailureCategory::left_unregistered);
  record_.note(
      "left_unregistered"_step, Outcome::failed,
      {.from = peer_.facts.source_ip,
       .because = fmt::format(
           "it got a certificate, in an answer of {} bytes, and {} without RegisterThing{}",
           *answer_bytes, was_cut ? "the server ended the connection" : "ended the connection",
           hears_refusals ? "" : "; it had not subscribed to any topic for refusals"),
       .category = category},
      trail::LeftUnregistered{.was_cut = was_cut});
}

}  // namespace imprint::server
