// SPDX-License-Identifier: Apache-2.0
// Subscribing, receiving and publishing, each within policy.
#include <algorithm>

#include "outcome/causes.h"
#include "server/client.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

namespace {

std::optional<Error> error_of(Result<void> result) {
  if (result) return std::nullopt;
  return std::move(result).error();
}

/// Answers below $aws/ go to the connection that asked and never through the index.
bool is_answered_directly(std::string_view filter) {
  return device_api::is_reserved(filter) && !device_api::is_event(filter);
}

}  // namespace

std::optional<Error> Client::check_subscription(const std::string& filter) {
  if (auto error = error_of(device_api::check_subscribe(filter))) return error;
  auto error = check_policy(policy::Action::subscribe, filter);
  if (error) error->message += device_api::suggestion_for(filter);
  return error;
}

void Client::subscribe(mqtt::SubscribeRequest request) {
  std::string reason;
  for (auto& entry : request.entries) {
    if (static_cast<unsigned>(entry.code) >=
        static_cast<unsigned>(mqtt::ReasonCode::unspecified_error))
      continue;
    const auto error = check_subscription(entry.filter);
    if (!error) continue;
    entry.code = mqtt::ReasonCode::not_authorized;
    reason = error->message;
    report_denial("subscribe"_step, entry.filter, *error, count_denial("subscribe", entry.filter));
  }
  connection_.session().answer_subscribe(request, reason);
  const Monotonic now = services().clock.monotonic();
  for (const auto& entry : request.entries) {
    if (static_cast<unsigned>(entry.code) >=
        static_cast<unsigned>(mqtt::ReasonCode::unspecified_error))
      continue;
    std::erase(resting_, entry.filter);
    if (device_api::is_absent_event(entry.filter)) note_absent_events(entry.filter);
    if (is_answered_directly(entry.filter)) continue;
    attach(entry.filter, entry.options);
    const bool wants_retained =
        entry.options.retain_handling == mqtt::RetainHandling::send ||
        (entry.options.retain_handling == mqtt::RetainHandling::send_if_new && entry.is_new);
    if (!wants_retained) continue;
    if (const auto kept = services().retained.find(entry.filter, now)) {
      if (!check_policy(policy::Action::receive, kept->message->topic)) {
        connection_.session().deliver(kept->message, std::min(kept->qos, entry.options.qos), true,
                                      now);
      }
    }
  }
}

/// Once for each connection: programs that wait for such events go by many filters.
void Client::note_absent_events(const std::string& filter) {
  if (std::exchange(waits_for_absent_, true)) return;
  note("service"_step, Outcome::ok,
       {.resource = filter,
        .because =
            "this server sends no events of presence, subscriptions, jobs or the registry over "
            "MQTT: "
            "the subscription is granted, and nothing comes; GET /imprint/v1/audit-events has what "
            "happened"},
       trail::AbsentService{.is_event = true});
}

void Client::attach(const std::string& filter, const mqtt::SubscribeOptions& options) {
  if (is_answered_directly(filter)) return;
  shard_.switchboard().subscribe({shard_.index(), connection_.number()}, filter, options);
}

void Client::unsubscribe(const mqtt::UnsubscribeRequest& request) {
  for (const auto& entry : request.entries) {
    std::erase(resting_, entry.filter);
    if (!is_answered_directly(entry.filter))
      shard_.switchboard().unsubscribe({shard_.index(), connection_.number()}, entry.filter);
  }
  connection_.session().answer_unsubscribe(request);
}

void Client::deliver(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain) {
  shard_.hear_changes();
  if (!is_connected()) return;
  // Whether it may be received is asked as it leaves (AWS: a denied delivery is silent). What may
  // not should not crowd out what may, either, where messages have to wait.
  if (is_stale_) hurry();
  if (!is_stale_ && connection_.session().has_backlog() && !may_receive(*message)) return;
  connection_.session().deliver(message, qos, retain, services().clock.monotonic());
  connection_.pump();
}

void Client::publish(mqtt::PublishRequest request) {
  const std::string& topic = request.message->topic;
  auto error = error_of(device_api::check_publish(topic));
  if (!error) {
    error = check_policy(policy::Action::publish, topic);
    if (error) error->message += device_api::suggestion_for(topic);
  }
  if (!error && request.retain) {
    error = check_policy(policy::Action::retain_publish, topic);
    if (error) error->cause = "Retain"_cause;
  }
  if (error) return refuse_publish(topic, request.qos, request.packet_id, *error);
  if (device_api::is_absent_service(topic)) return ignore_publish(request);
  if (device_api::is_reserved(topic)) {
    return queue_provisioning(request, **device_api::parse_provisioning_topic(topic));
  }
  shard_.switchboard().publish(request.message, request.qos, request.retain,
                               {shard_.index(), connection_.number()});
  connection_.session().acknowledge_publish(request.packet_id);
}

/// Cutting the device would make it come back and do the same: it would never get to its work.
void Client::ignore_publish(const mqtt::PublishRequest& request) {
  if (ignored_++ == 0) {
    note("service"_step, Outcome::ok,
         {.resource = request.message->topic,
          .because = "this server has no shadows, jobs, Device Defender, rules or commands: what "
                     "is published "
                     "to their topics is acknowledged, and no answer comes"},
         trail::AbsentService{});
  }
  connection_.session().acknowledge_publish(request.packet_id);
}

void Client::refuse_publish(const std::string& topic, mqtt::QoS qos, std::uint16_t packet_id,
                            const Error& error) {
  report_denial("publish"_step, topic, error, count_denial("publish", topic));
  mqtt::ServerSession& session = connection_.session();
  // MQTT 5 can say no and go on; 3.1.1 knows no refusal, so the connection ends, as on AWS.
  const bool can_say_no = session.version() == mqtt::Version::v5 && qos == mqtt::QoS::at_least_once;
  const mqtt::ReasonCode code = error.fault == Fault::invalid ? mqtt::ReasonCode::topic_name_invalid
                                                              : mqtt::ReasonCode::not_authorized;
  if (can_say_no) {
    session.acknowledge_publish(packet_id, code, error.message);
  } else {
    session.disconnect(code, error.message);
  }
}

}  // namespace imprint::server
