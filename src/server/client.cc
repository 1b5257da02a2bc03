// SPDX-License-Identifier: Apache-2.0
#include "server/client.h"

#include <algorithm>

#include "encoding/json.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

/// Requests of one connection that may wait; more are answered with 429 in their turn.
constexpr std::size_t kMaxWaitingRequests = 16;

std::optional<Error> forbidden(std::string message) {
  return Error{Fault::forbidden, std::move(message)};
}

std::optional<Error> error_of(Result<void> result) {
  if (result) return std::nullopt;
  return std::move(result).error();
}

}  // namespace

Client::Client(Shard& shard, Connection& connection, CertificateId certificate)
    : shard_(shard),
      connection_(connection),
      certificate_(certificate),
      correlation_(make_uuid(shard.services().random)) {
  facts_.source_ip = connection.source_ip();
}

Services& Client::services() const { return shard_.services(); }

void Client::handle(mqtt::ServerAction action) {
  if (auto* request = std::get_if<mqtt::ConnectRequest>(&action)) {
    runtime::start(connect(shard_, connection_.number(), std::move(*request)));
  } else if (auto* message = std::get_if<mqtt::PublishRequest>(&action)) {
    publish(std::move(*message));
  } else if (auto* subscription = std::get_if<mqtt::SubscribeRequest>(&action)) {
    subscribe(std::move(*subscription));
  } else if (auto* end = std::get_if<mqtt::UnsubscribeRequest>(&action)) {
    unsubscribe(*end);
  }
}

bool Client::is_claim() const {
  return principal_ && principal_->certificate.purpose != registry::CertificatePurpose::identity;
}

provisioning::Caller Client::caller() const {
  const registry::Certificate& certificate = principal_->certificate;
  return {.certificate = certificate_,
          .client_id = facts_.client_id,
          .correlation = correlation_,
          .claim_template = certificate.claim_template,
          .claim_limit = certificate.claim_limit};
}

// ---- connect ----

runtime::Task<void> Client::connect(Shard& shard, std::uint64_t number,
                                    mqtt::ConnectRequest request) {
  Services& services = shard.services();
  Client* self = shard.client(number);
  const CertificateId certificate = self->certificate_;
  auto principal = co_await services.access.principal(certificate);
  self = undecided(shard, number);
  if (self == nullptr) co_return;
  if (!principal) {
    const bool is_gone = principal.error().fault == Fault::not_found;
    self->refuse(request, is_gone ? *forbidden("the certificate has been deleted")
                                  : Error{Fault::unavailable, principal.error().message});
    co_return;
  }
  // From here on changes of its rights reach it.
  self->use(std::move(*principal));
  if (request.client_id.empty()) {
    request.client_id = make_uuid(services.random);
    self->is_id_assigned_ = true;
  }
  if (const auto error = self->check_connect(request)) {
    self->refuse(request, *error);
    co_return;
  }
  // A claim is one certificate in many devices, and sketches give them one client id: each
  // connection stands for itself, takes nobody's place and keeps no session.
  if (self->is_claim()) {
    request.session_expiry = Seconds(0);
    self->accept(std::move(request), nullptr);
    co_return;
  }
  const registry::Thing* thing = self->principal_->thing_of(request.client_id);
  const bool owns_name = thing != nullptr && thing->name.str() == request.client_id;
  auto state = co_await take_client_id(shard, number, request.client_id, certificate, owns_name);
  self = undecided(shard, number);
  if (!state) {
    if (self != nullptr) self->refuse(request, state.error());
    co_return;
  }
  if (*state && !mqtt::may_resume(**state, request)) state->reset();
  if (self == nullptr) {
    // It left meanwhile. Its session waits for the next try, as if it had just been lost.
    const SessionAddress own{shard.index(), number};
    if (!*state) {
      services.clients.release(request.client_id, own);
      co_return;
    }
    shard.switchboard().resume_parked(
        number, {.client_id = request.client_id,
                 .certificate = certificate,
                 .state = std::move(*state),
                 .expires = services.clock.monotonic() + request.session_expiry});
    co_return;
  }
  self->holds_client_id_ = true;
  // Its rights may have changed while others gave way.
  if (const auto error = self->check_connect(request)) {
    self->refuse(request, *error);
    co_return;
  }
  self->accept(std::move(request), std::move(*state));
}

Client* Client::undecided(Shard& shard, std::uint64_t number) {
  Client* self = shard.client(number);
  return self == nullptr || self->connection_.session().is_closed() ? nullptr : self;
}

runtime::Task<Result<std::unique_ptr<mqtt::SessionState>>> Client::take_client_id(
    Shard& shard, std::uint64_t number, std::string client_id, CertificateId certificate,
    bool owns_name) {
  ClientDirectory& clients = shard.services().clients;
  std::unique_ptr<mqtt::SessionState> state;
  while (true) {
    const auto holder = clients.find(client_id);
    if (holder) {
      auto eviction =
          co_await shard.switchboard().evict_from(*holder, client_id, certificate, owns_name);
      if (eviction.refused) {
        co_return fail(Fault::forbidden,
                       "client id {} belongs to a device that is connected under its own name",
                       quote(client_id));
      }
      if (eviction.state) state = std::move(eviction.state);
    }
    // Another newcomer may have been faster; then it is the one to give way.
    if (clients.replace(client_id, holder, {shard.index(), number})) co_return state;
  }
}

void Client::use(identity::PrincipalPtr principal) {
  if (principal_) shard_.delist(connection_.number(), certificate_, principal_.get());
  principal_ = std::move(principal);
  shard_.enlist(connection_.number(), certificate_, *principal_);
}

std::optional<Error> Client::check_certificate() const {
  const auto status = services().directory.status(certificate_);
  const std::string id = principal_->id_text;
  if (!status) return forbidden(fmt::format("certificate {} has been deleted", id));
  if (*status == registry::CertificateStatus::pending_activation) {
    return forbidden(fmt::format(
        "certificate {} is PENDING_ACTIVATION: RegisterThing has not succeeded for it; connect "
        "with the claim certificate and register first",
        id));
  }
  if (*status != registry::CertificateStatus::active) {
    return forbidden(fmt::format("certificate {} is {}; an operator can activate it", id,
                                 registry::to_string(*status)));
  }
  const Timestamp now = services().clock.now();
  if (now > principal_->certificate.not_after)
    return forbidden(fmt::format("certificate {} has expired", id));
  if (now < principal_->certificate.not_before) {
    return forbidden(fmt::format("certificate {} is not valid yet; check the server's clock", id));
  }
  return std::nullopt;
}

std::optional<Error> Client::check_connect(const mqtt::ConnectRequest& request) {
  facts_.client_id = request.client_id;
  facts_.persistent = !request.clean_start || request.session_expiry > Seconds(0);
  facts_.has_will = request.will.has_value();
  if (request.will) facts_.will_topic = request.will->message->topic;
  if (auto error = check_certificate()) return error;
  if (auto error = check_policy(policy::Action::connect, facts_.client_id)) return error;
  if (!request.will) return std::nullopt;
  if (device_api::is_reserved(facts_.will_topic)) {
    return forbidden(
        fmt::format("a last will may not go to the reserved topic {}", quote(facts_.will_topic)));
  }
  if (auto error = check_policy(policy::Action::publish, facts_.will_topic)) return error;
  if (request.will->retain) return check_policy(policy::Action::retain_publish, facts_.will_topic);
  return std::nullopt;
}

void Client::accept(mqtt::ConnectRequest request, std::unique_ptr<mqtt::SessionState> state) {
  mqtt::ConnectAnswer answer{
      .assigned_client_id = is_id_assigned_ ? facts_.client_id : std::string(),
      .session_expiry = request.session_expiry,
      .session = std::move(state)};
  if (!connection_.session().accept_connect(std::move(answer), services().clock.monotonic()))
    return;
  was_accepted_ = true;
  services().metrics.connection_opened();
  note("connect", "ok", {{"from", facts_.source_ip}});
  for (const mqtt::Subscription& subscription : connection_.session().subscriptions()) {
    shard_.switchboard().subscribe({shard_.index(), connection_.number()}, subscription.filter,
                                   subscription.options);
  }
  const registry::Certificate& record_of = principal_->certificate;
  if (record_of.requested_by && !record_of.first_connected)
    runtime::start(note_first_connection(shard_, record_of));
  connection_.pump();
}

void Client::refuse(const mqtt::ConnectRequest& request, const Error& error) {
  facts_.client_id = request.client_id;
  report_denial("connect", request.client_id, error);
  const bool is_ours = error.fault == Fault::unavailable || error.fault == Fault::exhausted ||
                       error.fault == Fault::internal;
  connection_.session().refuse_connect(
      is_ours ? mqtt::ReasonCode::server_unavailable : mqtt::ReasonCode::not_authorized,
      is_ours ? "the server cannot decide at the moment; try again later" : error.message);
  connection_.pump();
}

/// A certificate that has connected is known to have reached its device; reprovisioning asks for
/// that.
runtime::Task<void> Client::note_first_connection(Shard& shard, registry::Certificate certificate) {
  const std::int64_t seen = certificate.version;
  certificate.first_connected = shard.services().clock.now();
  certificate.version = seen + 1;
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{std::move(certificate), registry::Expect::at(seen)});
  // Lost against another change or a crash, it is made up for at the next connection.
  std::ignore = co_await shard.services().store.commit(std::move(changes));
}

void Client::access_changed() {
  if (connection_.session().is_closed()) return;
  if (was_accepted_) cut_if_not_active();  // who is not accepted yet is checked before that
  shard_.refresh_rights(connection_.number());
}

void Client::cut_if_not_active() {
  const auto error = check_certificate();
  if (!error) return;
  services().log.info("cut a connection", {{"client", facts_.client_id},
                                           {"certificate", certificate_.hex()},
                                           {"because", error->message}});
  connection_.session().disconnect(mqtt::ReasonCode::administrative_action, error->message);
  connection_.pump();
}

runtime::Task<bool> Client::reload(Shard& shard, std::uint64_t number) {
  const Client* before = shard.client(number);
  if (before == nullptr) co_return true;
  auto principal = co_await shard.services().access.principal(before->certificate_);
  Client* self = shard.client(number);
  if (self == nullptr || self->connection_.session().is_closed()) co_return true;
  // A deleted certificate has been cut already; what cannot be read now is asked for again.
  if (!principal) co_return principal.error().fault == Fault::not_found;
  self->use(std::move(*principal));
  co_return true;
}

bool Client::is_connected() const { return connection_.session().is_connected(); }

bool Client::is_device_in_its_own_name() const {
  return is_connected() && principal_->thing_of(facts_.client_id) != nullptr;
}

std::unique_ptr<mqtt::SessionState> Client::give_way() {
  services().log.info(
      "another connection has taken over a client id; if devices share one, give each its own",
      {{"client", facts_.client_id}, {"from", connection_.source_ip()}});
  holds_client_id_ = false;  // the newcomer holds it now
  connection_.session().disconnect(mqtt::ReasonCode::session_taken_over,
                                   "another connection uses this client id");
  auto state = connection_.session().take_state();
  if (state)
    shard_.switchboard().forget_subscriptions({shard_.index(), connection_.number()}, *state);
  connection_.pump();
  return state;
}

void Client::closed(mqtt::Close close) {
  const SessionAddress own{shard_.index(), connection_.number()};
  services().log.debug("connection closed", {{"client", facts_.client_id},
                                             {"reason", mqtt::to_string(close.reason)},
                                             {"detail", close.detail}});
  if (principal_) shard_.delist(connection_.number(), certificate_, principal_.get());
  const bool held_client_id = std::exchange(holds_client_id_, false);
  if (!was_accepted_) {
    if (held_client_id) services().clients.release(facts_.client_id, own);
    if (close.reason != mqtt::CloseReason::refused) {
      note("connect", "failed", {{"from", connection_.source_ip()}, {"because", close.detail}});
      services().log.info("a connection ended before it was accepted",
                          {{"from", connection_.source_ip()}, {"detail", close.detail}});
    }
    return;
  }
  services().metrics.connection_closed();
  note("disconnect", close.reason == mqtt::CloseReason::peer_disconnected ? "ok" : "failed",
       {{"reason", mqtt::to_string(close.reason)}, {"because", close.detail}});
  // Whoever has lost the right to publish leaves no will behind.
  if (close.will &&
      (check_certificate() || check_policy(policy::Action::publish, close.will->message->topic)))
    close.will.reset();
  const Monotonic now = services().clock.monotonic();
  // [MQTT-3.1.3-9, 5.0] a session that goes on elsewhere has not come to its delayed will.
  if (!held_client_id && !is_claim() && close.will && close.will->delay > Seconds(0) &&
      close.session_expiry > Seconds(0))
    close.will.reset();
  if (held_client_id && close.session_expiry > Seconds(0)) {
    Switchboard::Parked parked{.client_id = facts_.client_id,
                               .certificate = certificate_,
                               .state = connection_.session().take_state(),
                               .expires = now + close.session_expiry};
    const bool is_due = !close.will || close.will->delay == Seconds(0);
    if (!is_due) {
      parked.will_due = now + close.will->delay;
      parked.will = std::move(close.will);
      close.will.reset();
    }
    shard_.switchboard().park(own.number, std::move(parked));
  } else {
    for (const mqtt::Subscription& subscription : connection_.session().subscriptions()) {
      shard_.switchboard().unsubscribe(own, subscription.filter);
    }
    if (held_client_id) services().clients.release(facts_.client_id, own);
  }
  if (!close.will) return;
  // In its own turn: a will may end a slow reader, whose will may end another.
  shard_.post([&shard = shard_, own, will = std::move(*close.will)] {
    shard.switchboard().publish(will.message, will.qos, will.retain, own);
  });
}

// ---- policies ----

std::optional<Error> Client::check_policy(policy::Action action, std::string_view resource) const {
  const policy::Context context = identity::context_of(*principal_, facts_, services().account);
  const policy::Request request{action, resource};
  const policy::Decision decision = policy::evaluate(principal_->policies, request, context);
  if (decision.allowed()) return std::nullopt;
  return forbidden(policy::explain(decision, principal_->policies, request, context));
}

void Client::report_denial(std::string_view step, std::string_view resource, const Error& error) {
  services().log.warning("denied", {{"step", step},
                                    {"resource", resource},
                                    {"client", facts_.client_id},
                                    {"from", facts_.source_ip},
                                    {"certificate", certificate_.hex()},
                                    {"because", error.message}});
  note(step, "denied", {{"resource", resource}, {"because", error.message}});
}

registry::AuditEvent Client::event(std::string_view step, std::string_view outcome,
                                   encoding::json::object detail) const {
  registry::AuditEvent event{.step = std::string(step),
                             .outcome = std::string(outcome),
                             .actor = certificate_.hex(),
                             .correlation = correlation_,
                             .certificate = certificate_.hex(),
                             .client = facts_.client_id};
  if (is_claim()) detail["claim"] = true;
  if (principal_ && !principal_->things.empty())
    event.thing = principal_->things.front().thing.name.str();
  event.detail = encoding::to_json(detail);
  return event;
}

void Client::note(registry::AuditEvent event) {
  // Many devices share a claim; their client ids keep their budgets apart.
  const std::string who =
      is_claim() ? certificate_.hex() + "/" + facts_.client_id : certificate_.hex();
  services().journal.note(who, std::move(event));
}

void Client::note(std::string_view step, std::string_view outcome, encoding::json::object detail) {
  note(event(step, outcome, std::move(detail)));
}

// ---- subscribe and receive ----

std::optional<Error> Client::check_subscription(const std::string& filter) {
  if (auto error = error_of(device_api::check_subscribe(filter))) return error;
  return check_policy(policy::Action::subscribe, filter);
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
    report_denial("subscribe", entry.filter, *error);
  }
  connection_.session().answer_subscribe(request, reason);
  const SessionAddress own{shard_.index(), connection_.number()};
  const Monotonic now = services().clock.monotonic();
  for (const auto& entry : request.entries) {
    if (static_cast<unsigned>(entry.code) >=
        static_cast<unsigned>(mqtt::ReasonCode::unspecified_error))
      continue;
    // Answers below $aws/ go to the connection that asked and never through the index.
    if (device_api::is_reserved(entry.filter)) continue;
    shard_.switchboard().subscribe(own, entry.filter, entry.options);
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

void Client::unsubscribe(const mqtt::UnsubscribeRequest& request) {
  for (const auto& entry : request.entries) {
    if (!device_api::is_reserved(entry.filter))
      shard_.switchboard().unsubscribe({shard_.index(), connection_.number()}, entry.filter);
  }
  connection_.session().answer_unsubscribe(request);
}

void Client::deliver(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain) {
  // AWS: a denied delivery is silent.
  if (!is_connected() || check_policy(policy::Action::receive, message->topic)) return;
  connection_.session().deliver(message, qos, retain, services().clock.monotonic());
  connection_.pump();
}

// ---- publish ----

void Client::publish(mqtt::PublishRequest request) {
  const std::string& topic = request.message->topic;
  auto error = error_of(device_api::check_publish(topic));
  if (!error) error = check_policy(policy::Action::publish, topic);
  if (!error && request.retain) error = check_policy(policy::Action::retain_publish, topic);
  if (error) return refuse_publish(request, *error);
  if (device_api::is_reserved(topic)) {
    return queue_provisioning(request, **device_api::parse_provisioning_topic(topic));
  }
  shard_.switchboard().publish(request.message, request.qos, request.retain,
                               {shard_.index(), connection_.number()});
  connection_.session().acknowledge_publish(request.packet_id);
}

void Client::refuse_publish(const mqtt::PublishRequest& request, const Error& error) {
  report_denial("publish", request.message->topic, error);
  mqtt::ServerSession& session = connection_.session();
  // MQTT 5 can say no and go on; 3.1.1 knows no refusal, so the connection ends, as on AWS.
  const bool can_say_no =
      session.version() == mqtt::Version::v5 && request.qos == mqtt::QoS::at_least_once;
  if (can_say_no) {
    session.acknowledge_publish(request.packet_id, mqtt::ReasonCode::not_authorized, error.message);
  } else {
    session.disconnect(mqtt::ReasonCode::not_authorized, error.message);
  }
}

void Client::queue_provisioning(const mqtt::PublishRequest& request,
                                device_api::ProvisioningTopic topic) {
  const bool throttled = requests_.size() >= kMaxWaitingRequests;
  requests_.push_back({std::move(topic), throttled ? Bytes() : request.message->payload,
                       request.packet_id, throttled});
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
  while (self != nullptr && self->is_connected() && !self->requests_.empty()) {
    ProvisioningRequest request = std::move(self->requests_.front());
    self->requests_.pop_front();
    const Monotonic began = shard.services().clock.monotonic();
    device_api::Answer answer = device_api::ProvisioningApi::throttled(request.topic);
    if (!request.throttled) {
      answer = co_await shard.services().provisioning.run(self->caller(), request.topic,
                                                          std::move(request.payload));
      self = shard.client(number);
    }
    const std::chrono::duration<double> took = shard.services().clock.monotonic() - began;
    if (self != nullptr) self->answer(request, std::move(answer), took.count());
  }
  if (self != nullptr) self->is_provisioning_ = false;
}

void Client::answer(const ProvisioningRequest& request, device_api::Answer answer, double seconds) {
  Services& s = services();
  const std::string_view method = device_api::method_of(answer.operation);
  if (answer.rejection) {
    note_rejection(answer);
    s.metrics.provisioning_failed(answer.template_name, method, answer.rejection->error_code,
                                  seconds);
    s.log.warning(
        "provisioning request rejected",
        {{"step", device_api::to_string(answer.operation)},
         {"template", answer.template_name},
         {"client", facts_.client_id},
         {"claim", certificate_.hex()},
         {"code", answer.rejection->error_code},
         {"because", answer.error ? describe(*answer.error) : answer.rejection->message}});
  } else {
    if (answer.repeated) note_repeat(answer);
    s.metrics.provisioning_succeeded(answer.template_name, method, seconds);
    const bool is_registration = answer.operation == device_api::Operation::register_thing;
    if (is_registration && !answer.repeated) s.metrics.claim_used(certificate_.hex());
    if (!is_registration && !answer.repeated) s.metrics.certificate_issued("device", method);
    s.log.debug("provisioning request accepted", {{"step", device_api::to_string(answer.operation)},
                                                  {"client", facts_.client_id},
                                                  {"thing", answer.thing},
                                                  {"certificate", answer.certificate},
                                                  {"repeated", answer.repeated ? "yes" : "no"}});
  }
  connection_.session().acknowledge_publish(request.packet_id);
  deliver_answer(answer);
  connection_.pump();
}

/// The first time was recorded in the commit that made it so.
void Client::note_repeat(const device_api::Answer& answer) {
  registry::AuditEvent repeat =
      event(device_api::step_of(answer.operation), "ok", {{"repeated", true}});
  repeat.thing = answer.thing;
  repeat.certificate = answer.certificate;
  repeat.serial_number = answer.serial_number;
  note(std::move(repeat));
}

void Client::note_rejection(const device_api::Answer& answer) {
  const device_api::Rejection& rejection = *answer.rejection;
  registry::AuditEvent rejected = event(device_api::step_of(answer.operation), "rejected",
                                        {{"template", answer.template_name},
                                         {"statusCode", rejection.status_code},
                                         {"errorCode", rejection.error_code},
                                         {"because", rejection.message},
                                         {"final", !rejection.may_retry}});
  rejected.serial_number = answer.serial_number;
  note(std::move(rejected));
}

void Client::deliver_answer(const device_api::Answer& answer) {
  std::optional<mqtt::QoS> granted;
  for (const mqtt::Subscription& subscription : connection_.session().subscriptions()) {
    if (mqtt::matches(subscription.filter, answer.topic))
      granted = std::max(granted.value_or(mqtt::QoS::at_most_once), subscription.options.qos);
  }
  if (!granted) {
    services().log.warning(
        "an answer was lost: its client has not subscribed to the topic; subscribe before "
        "publishing the request",
        {{"client", facts_.client_id}, {"topic", answer.topic}});
    return;
  }
  if (const auto error = check_policy(policy::Action::receive, answer.topic))
    return report_denial("receive", answer.topic, *error);
  auto message = std::make_shared<mqtt::Message>(
      mqtt::Message{.topic = answer.topic, .payload = answer.payload});
  connection_.session().deliver(std::move(message), *granted, false, services().clock.monotonic());
}

}  // namespace imprint::server
