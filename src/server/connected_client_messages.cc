// SPDX-License-Identifier: Apache-2.0
// Publishing, subscribing and receiving, as far as policy allows.
#include <algorithm>

#include "outcome/causes.h"
#include "server/connected_client.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

namespace {

std::optional<Error> error_of(Result<void> result) {
  if (result) return std::nullopt;
  return std::move(result).error();
}

/// Answers below $aws/ go directly to the connection that made the request, never through the
/// index.
bool is_answered_directly(std::string_view filter) {
  return device_api::is_reserved(filter) && !device_api::is_event(filter);
}

}  // namespace

std::optional<Error> ConnectedClient::check_subscription(const std::string& filter) const {
  if (auto error = error_of(device_api::check_subscribe(filter))) return error;
  auto error = rights_->check(policy::Action::subscribe, filter);
  if (error) error->message += device_api::suggestion_for(filter);
  return error;
}

void ConnectedClient::subscribe(mqtt::SubscribeRequest request) {
  std::string reason;
  for (auto& entry : request.entries) {
    if (is_failure(entry.code)) continue;
    const auto error = check_subscription(entry.filter);
    if (!error) continue;
    entry.code = mqtt::ReasonCode::not_authorized;
    reason = error->message;
    record_.note_denial("subscribe"_step, entry.filter, *error,
                        record_.count_denied_topic("subscribe", entry.filter));
  }
  session().answer_subscribe(request, reason);
  for (const auto& entry : request.entries) {
    if (is_failure(entry.code)) continue;
    std::erase(suspended_, entry.filter);
    if (device_api::is_absent_event(entry.filter)) note_absent_events(entry.filter);
    if (is_answered_directly(entry.filter)) continue;
    add_to_index(entry.filter, entry.options);
    send_retained(entry);
  }
}

void ConnectedClient::send_retained(const mqtt::SubscribeRequest::Entry& entry) {
  const bool is_wanted =
      entry.options.retain_handling == mqtt::RetainHandling::send ||
      (entry.options.retain_handling == mqtt::RetainHandling::send_if_new && entry.is_new);
  if (!is_wanted) return;
  const Monotonic now = services().clock.monotonic();
  const auto kept = services().retained.find(entry.filter, now);
  if (kept && may_receive(*kept->message))
    session().deliver(kept->message, std::min(kept->qos, entry.options.qos), true, now);
}

/// Recorded once per connection, because programs that wait for these events try many filters.
void ConnectedClient::note_absent_events(const std::string& filter) {
  if (std::exchange(has_noted_absent_events_, true)) return;
  record_.note(
      "service"_step, Outcome::ok,
      {.resource = filter,
       .because =
           "this server sends no events of presence, subscriptions, jobs or the registry over "
           "MQTT: the subscription is granted, but no message will come; "
           "GET /imprint/v1/audit-events has what happened"},
      trail::AbsentService{.is_event = true});
}

void ConnectedClient::add_to_index(const std::string& filter,
                                   const mqtt::SubscribeOptions& options) {
  if (is_answered_directly(filter)) return;
  peer_.shard.switchboard().subscribe(peer_.address(), filter, options);
}

void ConnectedClient::unsubscribe(const mqtt::UnsubscribeRequest& request) {
  for (const auto& entry : request.entries) {
    std::erase(suspended_, entry.filter);
    if (!is_answered_directly(entry.filter))
      peer_.shard.switchboard().unsubscribe(peer_.address(), entry.filter);
  }
  session().answer_unsubscribe(request);
}

void ConnectedClient::deliver(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain) {
  peer_.shard.apply_changes();
  if (!session().is_connected()) return;
  // Messages are checked when they leave (AWS: a denied delivery is silent). If there is a backlog,
  // a message that may not be received is dropped here, so that it takes no space from others.
  if (rights_->are_outdated()) rights_->read_first();
  if (!rights_->are_outdated() && session().has_backlog() && !may_receive(*message)) return;
  session().deliver(message, qos, retain, services().clock.monotonic());
  peer_.connection.pump();
}

bool ConnectedClient::may_receive(const mqtt::Message& message) const {
  return !rights_->check(policy::Action::receive, message.topic);
}

void ConnectedClient::publish(mqtt::PublishRequest request) {
  const std::string& topic = request.message->topic;
  auto error = error_of(device_api::check_publish(topic));
  if (!error) {
    error = rights_->check(policy::Action::publish, topic);
    if (error) error->message += device_api::suggestion_for(topic);
  }
  if (!error && request.retain) {
    error = rights_->check(policy::Action::retain_publish, topic);
    if (error) error->cause = "Retain"_cause;
  }
  if (error) return refuse_publish(topic, request.qos, request.packet_id, *error);
  if (device_api::is_absent_service(topic)) return ignore_publish(request);
  if (device_api::is_reserved(topic)) {
    return queue_provisioning(request, **device_api::parse_provisioning_topic(topic));
  }
  peer_.shard.switchboard().publish(request.message, request.qos, request.retain, peer_.address());
  session().acknowledge_publish(request.packet_id);
}

/// Does not cut the device: it would reconnect and do the same again, and never get to its work.
void ConnectedClient::ignore_publish(const mqtt::PublishRequest& request) {
  if (ignored_publishes_++ == 0) {
    record_.note(
        "service"_step, Outcome::ok,
        {.resource = request.message->topic,
         .because = "this server has no shadows, jobs, Device Defender, rules or commands: what is "
                    "published to their topics is acknowledged but never answered"},
        trail::AbsentService{});
  }
  session().acknowledge_publish(request.packet_id);
}

void ConnectedClient::refuse_publish(const std::string& topic, mqtt::QoS qos,
                                     std::uint16_t packet_id, const Error& error) {
  record_.note_denial("publish"_step, topic, error, record_.count_denied_topic("publish", topic));
  // MQTT 5 can refuse a publish and continue; 3.1.1 cannot, so the connection is cut, as on AWS.
  const bool can_go_on =
      session().version() == mqtt::Version::v5 && qos == mqtt::QoS::at_least_once;
  const mqtt::ReasonCode code = error.fault == Fault::invalid ? mqtt::ReasonCode::topic_name_invalid
                                                              : mqtt::ReasonCode::not_authorized;
  if (can_go_on) {
    session().acknowledge_publish(packet_id, code, error.message);
  } else {
    session().disconnect(code, error.message);
  }
}

}  // namespace imprint::server
