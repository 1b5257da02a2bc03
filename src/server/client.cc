// SPDX-License-Identifier: Apache-2.0
#include "server/client.h"

#include <utility>

#include "outcome/causes.h"
#include "policy/denial.h"
#include "provisioning/claim_budget.h"
#include "server/protocol_fault.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

namespace {

Cause cause_of(policy::Denial denial) {
  switch (denial) {
    case policy::Denial::no_policy:
      return "NoPolicy"_cause;
    case policy::Denial::explicit_deny:
      return "PolicyDenies"_cause;
    case policy::Denial::no_statement:
      return "NoStatement"_cause;
    case policy::Denial::no_value:
      return "VariableWithoutValue"_cause;
    case policy::Denial::condition:
      return "ConditionNotMet"_cause;
  }
  return {};
}

}  // namespace

Error Client::forbidden(std::string message, Cause cause) {
  return Error{Fault::forbidden, std::move(message), {}, cause};
}

Client::Client(Shard& shard, Connection& connection, CertificateId certificate,
               std::optional<identity::FirstContact> contact)
    : shard_(shard),
      connection_(connection),
      certificate_(certificate),
      contact_(std::move(contact)),
      facts_{.client_id = {},
             .source_ip = connection.source_ip(),
             .domain_name = connection.domain_name(),
             .persistent = false,
             .has_will = false,
             .will_topic = {}},
      correlation_(make_uuid(shard.services().random)) {}

Services& Client::services() const { return shard_.services(); }

void Client::handle(mqtt::ServerAction action) {
  if (auto* request = std::get_if<mqtt::ConnectRequest>(&action)) {
    runtime::start(connect(shard_, connection_.number(), std::move(*request)));
    return;
  }
  shard_.hear_changes();
  if (connection_.session().is_closed()) return;
  if (is_stale_ || is_waiting()) {
    deferred_.push_back(std::move(action));
    hurry();
  } else {
    act(std::move(action));
  }
}

bool Client::is_claim() const { return principal_ && principal_->is_claim(); }

provisioning::Caller Client::caller(std::string topic) const {
  return {.certificate = certificate_,
          .client_id = facts_.client_id,
          .correlation = correlation_,
          .source_ip = facts_.source_ip,
          .may_still = [&services = services(), certificate = certificate_, facts = facts_,
                        topic = std::move(topic)] {
            return may_publish(services, certificate, facts, topic);
          }};
}

void Client::use(identity::PrincipalPtr principal) {
  if (principal_) shard_.delist(connection_.number(), certificate_, principal_.get());
  principal_ = std::move(principal);
  rights_ = principal_->rights_of(facts_.client_id);
  is_stale_ = false;
  has_hurried_ = false;
  shard_.enlist(connection_.number(), certificate_, *principal_);
}

std::optional<Error> Client::check_certificate() const {
  const auto status = services().directory.status(certificate_);
  const std::string id = principal_->id_text;
  if (!status)
    return forbidden(fmt::format("certificate {} has been deleted", id),
                     "CertificateDeleted"_cause);
  if (*status != registry::CertificateStatus::active)
    return forbidden(why_out_of_use(*status), "CertificateOutOfUse"_cause);
  const Timestamp now = services().clock.now();
  if (now > principal_->certificate.not_after)
    return forbidden(fmt::format("certificate {} has expired", id), "CertificateExpired"_cause);
  if (now < principal_->certificate.not_before) {
    return forbidden(fmt::format("certificate {} is not valid yet; check the server's clock", id),
                     "CertificateNotYetValid"_cause);
  }
  return std::nullopt;
}

std::string Client::why_out_of_use(registry::CertificateStatus status) const {
  using enum registry::CertificateStatus;
  const std::string id = principal_->id_text;
  const registry::Certificate& record = principal_->certificate;
  if (status == pending_activation && record.ca_certificate) {
    return fmt::format(
        "certificate {} is PENDING_ACTIVATION: CA certificate {} introduced it, and nobody has "
        "activated it yet; aws iot update-certificate --certificate-id {} --new-status ACTIVE does",
        id, record.ca_certificate->hex(), id);
  }
  if (status == pending_activation) {
    return fmt::format(
        "certificate {} is PENDING_ACTIVATION: RegisterThing has not succeeded for it; connect "
        "with the claim certificate and register first",
        id);
  }
  if (status == revoked) {
    return fmt::format(
        "certificate {} is REVOKED for good; the device begins again with its claim and a new key",
        id);
  }
  if (status == inactive && record.replaced_by) {
    return fmt::format(
        "certificate {} is INACTIVE: certificate {} replaced it when its device registered again "
        "with another key; if this is another device, two units have one serial number",
        id, record.replaced_by->hex());
  }
  if (status == inactive && record.frozen)
    return provisioning::told_when_frozen(certificate_, *record.frozen);
  // Whoever is cut has read the record before; the next connection is told why.
  if (status == inactive && is_claim()) {
    return fmt::format(
        "claim {} is INACTIVE: it has been frozen or deactivated; imprint claim show DIR {} says "
        "why",
        id, id);
  }
  return fmt::format("certificate {} is {}; an operator can activate it", id,
                     registry::to_string(status));
}

bool Client::is_connected() const { return connection_.session().is_connected(); }

bool Client::is_device_in_its_own_name() const {
  return is_connected() && principal_->thing_of(facts_.client_id) != nullptr;
}

bool Client::may_be_resumed(bool clean_start, mqtt::Version version) const {
  const mqtt::ServerSession& session = connection_.session();
  return session.outlives_connection() && !clean_start && session.version() == version;
}

std::unique_ptr<mqtt::SessionState> Client::give_way(bool goes_on) {
  services().log.info(
      "another connection has taken over a client id; if devices share one, give each its own",
      {{"client", facts_.client_id}, {"from", connection_.source_ip()}});
  holds_client_id_ = false;  // the newcomer holds it now
  goes_on_elsewhere_ = goes_on;
  connection_.session().disconnect(mqtt::ReasonCode::session_taken_over,
                                   "another connection uses this client id");
  auto state = connection_.session().take_state();
  const SessionAddress own{shard_.index(), connection_.number()};
  if (goes_on) {
    shard_.switchboard().forget_subscriptions(own, *state);
  } else {
    shard_.switchboard().end_session(own, *state);
    state.reset();
  }
  connection_.pump();
  return state;
}

void Client::closed(mqtt::Close close) {
  const SessionAddress own{shard_.index(), connection_.number()};
  services().log.debug("connection closed", {{"client", facts_.client_id},
                                             {"reason", mqtt::to_string(close.reason)},
                                             {"detail", close.detail}});
  if (principal_) shard_.delist(connection_.number(), certificate_, principal_.get());
  deferred_.clear();
  const bool held_client_id = std::exchange(holds_client_id_, false);
  if (!was_accepted_) {
    if (held_client_id) services().clients.release(facts_.client_id, own);
    if (!was_refused_) note_unaccepted(close);
    return;
  }
  if (presence_) services().presence.left(std::exchange(presence_, nullptr));
  services().metrics.connection_closed(shard_.index());
  note_if_left_unregistered(close);
  note_end(close);
  const Monotonic now = services().clock.monotonic();
  // [MQTT-3.1.3-9, 5.0] a session that goes on elsewhere has not come to its delayed will.
  if (goes_on_elsewhere_ && close.will && close.will->delay > Seconds(0)) close.will.reset();
  if (held_client_id && close.session_expiry > Seconds(0)) {
    park(close, now);
  } else {
    end_session();
    if (held_client_id) services().clients.release(facts_.client_id, own);
  }
  if (!close.will) return;
  // In its own turn: a will may end a slow reader, whose will may end another.
  shard_.post([&shard = shard_, last = LastWill{.will = std::move(*close.will),
                                                .certificate = certificate_,
                                                .facts = facts_,
                                                .from = own}] {
    runtime::start(publish_will(shard, last));
  });
}

void Client::note_end(const mqtt::Close& close) {
  trail::Told told{.because = close.detail, .cause = fault_of(close)};
  if (told.cause) {
    told.from = facts_.source_ip;
    told.category = count_failure("disconnect", told.cause->category);
  }
  const bool is_ok = close.reason == mqtt::CloseReason::peer_disconnected;
  note("disconnect"_step, is_ok ? Outcome::ok : Outcome::failed, std::move(told),
       trail::Ended{.reason = std::string(mqtt::to_string(close.reason)),
                    .ignored_publishes = ignored_ > 0 ? std::optional(ignored_) : std::nullopt});
}

std::optional<outcome::FailureCategory> Client::count_failure(std::string_view method,
                                                              outcome::FailureCategory category) {
  if (!is_claim() || std::exchange(is_accounted_, true)) return std::nullopt;
  services().metrics.device_refused(method, category);
  return category;
}

std::optional<outcome::FailureCategory> Client::count_denial(std::string_view method,
                                                             std::string_view topic) {
  // Some clients subscribe to all there is, are told no and go on.
  const bool is_wanted = method == "publish" || device_api::parse_provisioning_topic(topic) ||
                         device_api::suggested_topic(topic);
  return is_wanted ? count_failure(method, outcome::FailureCategory::topic_refused) : std::nullopt;
}

void Client::park(mqtt::Close& close, Monotonic now) {
  const bool in_own_name = principal_->thing_of(facts_.client_id) != nullptr;
  Switchboard::Parked parked{
      .facts = facts_,
      .certificate = certificate_,
      .state = connection_.session().take_state(),
      .expires = now + close.session_expiry,
      .own_name_until = in_own_name ? principal_->certificate.not_after : Timestamp()};
  if (close.will && close.will->delay > Seconds(0)) {
    parked.will_due = now + close.will->delay;
    parked.will = std::exchange(close.will, std::nullopt);
  }
  shard_.switchboard().park(connection_.number(), std::move(parked));
}

void Client::end_session() {
  const auto state = connection_.session().take_state();
  shard_.switchboard().end_session({shard_.index(), connection_.number()}, *state);
}

runtime::Task<Result<void>> Client::may_publish(Services& services, CertificateId certificate,
                                                identity::ConnectionFacts facts,
                                                std::string topic) {
  const auto principal = co_await services.access.principal(certificate);
  // One that has been deleted is refused by whoever looks at the certificate.
  if (!principal && principal.error().fault == Fault::not_found) co_return Result<void>();
  if (!principal) co_return tl::unexpected(principal.error());
  const identity::Rights rights = (*principal)->rights_of(facts.client_id);
  const policy::Context context =
      identity::context_of(**principal, facts, services.account, services.clock.now());
  const policy::Request request{policy::Action::publish, topic};
  if (auto error = check_rights(rights, request, context)) co_return tl::unexpected(*error);
  co_return Result<void>();
}

std::optional<Error> Client::check_rights(const identity::Rights& rights,
                                          const policy::Request& request,
                                          const policy::Context& context) {
  const policy::Decision decision = policy::evaluate(rights.set(), request, context);
  if (decision.allowed()) return std::nullopt;
  return forbidden(policy::explain(decision, rights.set(), request, context),
                   cause_of(policy::denial_of(decision, rights.set(), request, context)));
}

std::optional<Error> Client::check_policy(policy::Action action, std::string_view resource) const {
  const policy::Context context =
      identity::context_of(*principal_, facts_, services().account, services().clock.now());
  return check_rights(rights_, {action, resource}, context);
}

void Client::report_denial(trail::Step step, std::string_view resource, const Error& error,
                           std::optional<outcome::FailureCategory> category) {
  telemetry::Field from("from", facts_.source_ip);
  from.pays = contact_.has_value();  // its certificate may not be on record
  services().log.warning("denied", {{"step", step->name},
                                    {"resource", resource},
                                    {"client", facts_.client_id},
                                    from,
                                    {"certificate", certificate_.hex()},
                                    {"because", error.message}});
  note(step, Outcome::denied,
       {.from = facts_.source_ip,
        .resource = std::string(resource),
        .because = error.message,
        .cause = error.cause,
        .category = category});
}

registry::AuditEvent Client::about() const {
  registry::AuditEvent about{.actor = certificate_.hex(),
                             .correlation = correlation_,
                             .certificate = certificate_.hex(),
                             .client = facts_.client_id};
  if (principal_ && !principal_->things.empty())
    about.thing = principal_->things.front().thing.name.str();
  return about;
}

Payer Client::payer() const {
  // Many devices share a claim; their client ids keep their budgets apart.
  if (is_claim()) return {certificate_.hex() + "/" + facts_.client_id, certificate_.hex()};
  // Whoever holds a CA's key has as many certificates as he likes.
  if (contact_) return {certificate_.hex(), "first connections under CA " + contact_->ca.hex()};
  return {certificate_.hex()};
}

void Client::note(trail::Step step, Outcome outcome, trail::Told told,
                  const trail::Detail& detail) {
  told.is_of_claim = is_claim();
  services().journal.note(payer(), trail::record(about(), step, outcome, told, detail));
}

}  // namespace imprint::server
