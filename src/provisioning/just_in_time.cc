// SPDX-License-Identifier: Apache-2.0
#include "provisioning/just_in_time.h"

#include "encoding/json.h"
#include "outcome/causes.h"
#include "provisioning/certificate_parameters.h"
#include "provisioning/gatekeeper.h"
#include "provisioning/key_history.h"
#include "provisioning/outside_certificate.h"
#include "provisioning/register_thing.h"
#include "provisioning/template_settings.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;
using registry::Expect;

/// Of one CA and one subject. A board that makes itself a new certificate at every start leaves
/// its earlier ones behind; each newcomer takes the place of the oldest.
constexpr std::size_t kMaxWaitingOfOneName = 16;

/// The template that a CA's devices are provisioned through, as the registry has it now.
struct Source {
  std::string name;  ///< DeviceRequest::template_name
  std::int64_t version = 1;
  templates::Template parsed;
  std::vector<registry::Require> holds = {};
  registry::TemplateSettings settings = {};  ///< none of its own where a CA carries the body
};

std::string name_of_body(const registry::CaCertificate& ca) { return "cacert/" + ca.id.hex(); }

std::string template_name_of(const registry::CaCertificate& ca) {
  if (!ca.registration) return {};
  return ca.registration->template_name ? ca.registration->template_name->str() : name_of_body(ca);
}

registry::Task<Result<Source>> stored_template(registry::Store& store, TemplateCache& templates,
                                               TemplateName name) {
  CO_TRY_ASSIGN(const registry::ProvisioningTemplate found,
                co_await registry::get(store, registry::template_key(name)));
  if (!found.enabled) {
    co_return tl::unexpected(
        Error{Fault::forbidden,
              fmt::format("template {} is disabled; an operator enables it with aws iot "
                          "update-provisioning-template --enabled",
                          quote(name.str())),
              {},
              "TemplateDisabled"_cause});
  }
  CO_TRY_ASSIGN(
      const registry::ProvisioningTemplateVersion version,
      co_await registry::get(store, registry::template_version_key(name, found.default_version)));
  CO_TRY_ASSIGN(templates::Template parsed, templates.get(version, templates::Use::jitp));
  co_return Source{
      name.str(), version.number, std::move(parsed), {registry::as_read(found)}, found.settings};
}

registry::Task<Result<Source>> template_of(registry::Store& store, TemplateCache& templates,
                                           registry::CaCertificate ca) {
  if (ca.registration->template_name)
    co_return co_await stored_template(store, templates, *ca.registration->template_name);
  CO_TRY_ASSIGN(templates::Template parsed,
                templates::Template::parse(ca.registration->template_body, templates::Use::jitp));
  co_return Source{name_of_body(ca), ca.version, std::move(parsed)};
}

Result<void> check_introducer(const registry::CaCertificate& ca, Timestamp now) {
  if (ca.is_active && ca.auto_registration && now <= ca.not_after) return {};
  const std::string_view why = !ca.is_active        ? "is INACTIVE"
                               : now > ca.not_after ? "has expired"
                                                    : "has auto-registration disabled";
  return Unexpected(Error{
      Fault::forbidden,
      fmt::format("CA certificate {}, which signed this certificate, {}, so that it introduces no "
                  "devices",
                  ca.id.hex(), why),
      {},
      "CaNotInUse"_cause});
}

/// Trouble of the server's own, which says nothing of the device or its template.
bool is_passing(const Error& error) {
  return error.fault == Fault::unavailable || error.fault == Fault::internal;
}

/// What is printed on the device's label, as far as its certificate tells.
std::string serial_number_of(const x509::Certificate& certificate) {
  const auto values = certificate.subject().values(x509::NameType::serial_number);
  return audited_serial_number(values.empty() ? certificate.subject().common_name()
                                              : values.front());
}

/// Whoever has a CA's key makes as many certificates as they like.
hooks::Asker asker_of(const FirstConnection& connection) {
  return {.payer = connection.certificate.id().hex(), .group = connection.ca.hex()};
}

hooks::Outcome verdict_of(const hooks::Reply& reply, const Result<ActivationDecision>& decision) {
  if (decision) {
    return decision->action == ActivationDecision::Action::reject ? hooks::Outcome::denied
                                                                  : hooks::Outcome::allowed;
  }
  return reply.kind == hooks::Reply::Kind::timed_out ? hooks::Outcome::timed_out
                                                     : hooks::Outcome::failed;
}

/// The step "hook" of the audit trail, with the hook's own words.
registry::AuditEvent activation_hook_event(const hooks::Reply& reply,
                                           const Result<ActivationDecision>& decision,
                                           registry::AuditEvent about, const std::string& arn) {
  trail::HookAnswer answer{.hook = arn,
                           .milliseconds = static_cast<std::int64_t>(reply.seconds * 1000),
                           .is_shadow = reply.shadow};
  if (decision) answer.action = to_string(decision->action);
  return trail::record(std::move(about), "hook"_step, outcome_of(verdict_of(reply, decision)),
                       {.because = decision ? "" : decision.error().message}, answer);
}

/// Whom an event of a first connection is about.
registry::AuditEvent about(const FirstConnection& connection) {
  return {.actor = connection.certificate.id().hex(),
          .correlation = connection.correlation,
          .certificate = connection.certificate.id().hex(),
          .client = connection.client_id,
          .serial_number = serial_number_of(connection.certificate)};
}

}  // namespace

registry::Task<Result<Introduced>> JustInTime::run(FirstConnection connection) {
  // A device may come twice at once; the store lets one through and the other looks again.
  std::optional<HookDecision> asked;
  co_return co_await registry::retry_on_conflict([&](int) { return introduce(connection, asked); });
}

registry::Task<Result<Introduced>> JustInTime::introduce(FirstConnection connection,
                                                         std::optional<HookDecision>& asked) {
  CO_TRY_ASSIGN(const Arrival arrival, co_await look_up(connection));
  Introduced out{.status = arrival.record.status,
                 .registered = arrival.record.created,
                 .was_pending = arrival.record.status == CertificateStatus::pending_activation,
                 .template_name = template_name_of(arrival.ca),
                 .mode = settings_.get()->jitp};
  if (!out.was_pending) co_return out;
  if (arrival.ca.registration) {
    auto decided = co_await decide(connection, arrival, asked);
    if (asked) {
      out.hook = hook_event(*asked, out.template_name, about(connection));
      out.asked = {asked->verdict.outcome, asked->shadow, asked->seconds};
    }
    if (decided) {
      const auto committed = co_await store_.commit(std::move(decided->plan.changes));
      if (committed) {
        out.status = decided->status;
        out.thing = decided->thing;
        out.mode = decided->mode;
        co_return out;
      }
      if (committed.error().cause != "LimitReached"_cause)
        co_return tl::unexpected(committed.error());
      out.failure = Error{
          Fault::forbidden,
          fmt::format("this template may register no more devices: {}", committed.error().message),
          {},
          "LimitReached"_cause};
    } else if (is_passing(decided.error()) || decided.error().cause == "KeyRefused"_cause) {
      co_return tl::unexpected(std::move(decided).error());
    } else {
      out.failure = std::move(decided).error();
    }
  }
  if (arrival.is_new) CO_TRY(co_await record_pending(connection, arrival));
  if (!arrival.ca.registration)
    CO_TRY(co_await ask_activation_hook(std::move(connection), arrival, out));
  co_return out;
}

registry::Task<Result<JustInTime::Arrival>> JustInTime::look_up(FirstConnection connection) {
  const Timestamp now = clock_.now();
  CO_TRY_ASSIGN(const registry::CaCertificate ca,
                co_await registry::get(store_, registry::ca_certificate_key(connection.ca)));
  CO_TRY(check_introducer(ca, now));
  CO_TRY(check_outside_certificate(connection.certificate, now));
  CO_TRY_ASSIGN(
      std::optional<registry::Certificate> known,
      co_await registry::find(store_, registry::certificate_key(connection.certificate.id())));
  const registry::query::SameIdentity identity = identity_of(connection.certificate);
  CO_TRY_ASSIGN(const KeyHistory history, co_await read_key_history(store_, identity));
  // An INACTIVE one may be in nobody's way: that hangs on its thing.
  CO_TRY(check_key_history(history, identity, connection.certificate.id(), AskedBy::device,
                           Inactive::is_permitted));
  if (known) co_return Arrival{.ca = ca, .record = std::move(*known)};
  registry::Certificate record = certificate_record(connection.certificate, random_, now);
  record.status = CertificateStatus::pending_activation;
  record.ca_certificate = ca.id;
  record.mode = ca.mode;
  co_return Arrival{.ca = ca, .record = std::move(record), .is_new = true};
}

registry::Task<Result<JustInTime::Decision>> JustInTime::decide(
    FirstConnection connection, Arrival arrival, std::optional<HookDecision>& asked) {
  CO_TRY_ASSIGN(const Source source, co_await template_of(store_, templates_, arrival.ca));
  CO_TRY_ASSIGN(const Settings settings, settings_of(*settings_.get(), source.settings));
  const templates::Predefined certificate = certificate_parameters(connection.certificate);
  CO_TRY_ASSIGN(const Admission admission,
                co_await ask_gatekeeper(store_, settings.rules,
                                        {source.name, templates::Use::jitp, certificate.values},
                                        source.parsed));
  templates::Parameters parameters = admission.overrides;
  if (settings.jitp_hook.empty()) {
    asked.reset();
  } else {
    // Once for each connection, however often it meets others.
    if (!asked || asked->arn != settings.jitp_hook) {
      hooks::FleetEvent event{
          .claim_certificate_id = {},
          .certificate_id = arrival.record.id.hex(),
          .certificate_pem = arrival.record.pem,
          .template_arn = arn_prefix_ + "provisioningtemplate/" + source.name,
          .client_id = connection.client_id,
          .parameters = with_overrides(certificate.values, admission.overrides)};
      asked = co_await ask_pre_provisioning_hook(hooks_, settings.jitp_hook, std::move(event),
                                                 source.parsed, asker_of(connection));
    }
    if (asked->refuses()) {
      Error refusal = refusal_of(*asked);
      refusal.fault = Fault::forbidden;  // the next connection asks again
      co_return tl::unexpected(std::move(refusal));
    }
    parameters = overridden(std::move(parameters), *asked);
  }
  CO_TRY(check_serials(settings.rules, {source.name, templates::Use::jitp, certificate.values},
                       source.parsed, parameters, certificate));
  auto evaluated = source.parsed.evaluate(parameters, certificate);
  if (!evaluated && asked) {
    const bool was_sound = source.parsed.evaluate(admission.overrides, certificate).has_value();
    evaluated.error() = blamed_on(*asked, std::move(evaluated).error(), was_sound);
  }
  CO_TRY_ASSIGN(templates::Resources resources, std::move(evaluated));
  DeviceRequest device{.holds = source.holds,
                       .template_name = source.name,
                       .template_version = source.version,
                       .settings = settings,
                       .registered = admission.registered};
  device.holds.push_back(registry::as_read(arrival.ca));
  device.holds.insert(device.holds.end(), admission.holds.begin(), admission.holds.end());
  CO_TRY_ASSIGN(
      const Known known,
      co_await gather(
          store_, Known{.resources = std::move(resources),
                        .device = std::move(device),
                        .event = trail::record(about(connection), "just_in_time_provisioning"_step,
                                               trail::Outcome::ok),
                        .certificate = arrival.record,
                        .origin = arrival.is_new ? Origin::first_contact : Origin::registry}));
  auto decided = plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
  if (!decided) {
    raise_if_duplicate(alarms_, known, decided.error());
    co_return tl::unexpected(std::move(decided).error());
  }
  co_return Decision{
      .plan = std::move(*decided),
      .status = known.resources.certificate->active ? CertificateStatus::active
                                                    : CertificateStatus::inactive,
      .thing = known.resources.thing ? std::optional(known.resources.thing->name) : std::nullopt,
      .mode = settings.jitp};
}

registry::Task<Result<void>> JustInTime::ask_activation_hook(FirstConnection connection,
                                                             Arrival arrival, Introduced& out) {
  const std::string arn = arn_prefix_ + "cacert/" + arrival.ca.id.hex();
  if (!hooks_.answers_for(arn)) co_return Result<void>();
  const RegistrationEvent event{.certificate = arrival.record.id,
                                .ca = arrival.ca.id,
                                .registered = arrival.record.created,
                                .now = clock_.now(),
                                .account = account_};
  const hooks::Reply reply = co_await hooks_.ask(
      arn, question_of(event, arrival.record.pem, connection.client_id), asker_of(connection));
  const auto decision = read_decision(reply);
  out.hook = activation_hook_event(reply, decision, about(connection), arn);
  out.asked = {verdict_of(reply, decision), reply.shadow, reply.seconds};
  if (!decision || reply.shadow) co_return Result<void>();
  switch (decision->action) {
    case ActivationDecision::Action::activate:
      co_return co_await activate(std::move(connection), std::move(arrival), *decision, out);
    case ActivationDecision::Action::reject:
      co_return co_await reject(std::move(connection), std::move(arrival), out);
    case ActivationDecision::Action::wait:
      break;
  }
  co_return Result<void>();
}

registry::Task<Result<void>> JustInTime::activate(FirstConnection connection, Arrival arrival,
                                                  ActivationDecision decision, Introduced& out) {
  DeviceRequest device{.holds = {registry::as_read(arrival.ca)},
                       .template_name = name_of_body(arrival.ca),
                       .settings = *settings_.get()};
  CO_TRY_ASSIGN(
      const Known known,
      co_await gather(
          store_, Known{.resources = resources_of(decision, arrival.record.id),
                        .device = std::move(device),
                        .event = trail::record(about(connection), "just_in_time_provisioning"_step,
                                               trail::Outcome::ok),
                        .certificate = arrival.record}));
  auto decided = plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
  if (!decided) {
    raise_if_duplicate(alarms_, known, decided.error());
    out.failure = std::move(decided).error();
    co_return Result<void>();
  }
  CO_TRY(co_await store_.commit(std::move(decided->changes)));
  out.status = CertificateStatus::active;
  if (decision.thing) out.thing = decision.thing->name;
  co_return Result<void>();
}

registry::Task<Result<void>> JustInTime::reject(FirstConnection connection, Arrival arrival,
                                                Introduced& out) {
  const registry::Certificate own = std::move(arrival.record);
  CO_TRY_ASSIGN(KeyHistory history, co_await read_key_history(store_, identity_of(own)));
  registry::ChangeSet changes;
  changes.changes.emplace_back(hold_of(history));
  // One that an operator has decided about meanwhile is looked up again.
  changes.changes.emplace_back(registry::as_read(own));
  for (registry::Certificate& record : history.certificates) {
    if (record.id != own.id && !is_other_encoding(record, own)) continue;
    if (record.status == CertificateStatus::revoked) continue;
    record.status = CertificateStatus::revoked;
    registry::AuditEvent event = about(connection);
    event.time = clock_.now();
    event.certificate = record.id.hex();
    changes.changes.emplace_back(registry::update(std::move(record), event.time));
    changes.events.push_back(
        trail::record(std::move(event), "reject_certificate"_step, trail::Outcome::ok));
  }
  CO_TRY(co_await store_.commit(std::move(changes)));
  out.status = CertificateStatus::revoked;
  co_return Result<void>();
}

registry::Task<Result<void>> JustInTime::record_pending(FirstConnection connection,
                                                        Arrival arrival) {
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{arrival.record, Expect::absent()});
  changes.changes.emplace_back(registry::as_read(arrival.ca));
  CO_TRY_ASSIGN(registry::RequireSame hold,
                co_await ask_key_history(store_, identity_of(connection.certificate),
                                         arrival.record.id, AskedBy::device));
  changes.changes.emplace_back(std::move(hold));
  registry::AuditEvent event = about(connection);
  event.time = arrival.record.created;
  changes.events.push_back(
      trail::record(std::move(event), "just_in_time_registration"_step, trail::Outcome::ok, {},
                    trail::Introduced{.ca = arrival.ca.id.hex(),
                                      .subject = connection.certificate.subject().text()}));
  const x509::DistinguishedName& subject = connection.certificate.subject();
  CO_TRY_ASSIGN(const bool has_made_room, co_await make_room(arrival.record, subject, changes));
  const std::size_t most = settings_.get()->pending_certificates;
  const auto place = has_made_room ? std::nullopt : pending_.reserve(arrival.ca.id, most);
  if (!has_made_room && !place) {
    co_return fail(Fault::exhausted,
                   "{} certificates that CA certificate {} signed wait for their activation, the "
                   "most there may be; activate or delete some",
                   most, arrival.ca.id.hex());
  }
  co_return co_await store_.commit(std::move(changes));
}

/// Whether one goes. It comes back when its device does.
registry::Task<Result<bool>> JustInTime::make_room(const registry::Certificate& newcomer,
                                                   const x509::DistinguishedName& subject,
                                                   registry::ChangeSet& changes) {
  const CertificateId ca = *newcomer.ca_certificate;
  const std::vector<CertificateId> waiting = pending_.waiting(ca, subject);
  if (waiting.size() < kMaxWaitingOfOneName) co_return false;
  for (const CertificateId& id : waiting) {
    CO_TRY_ASSIGN(const registry::Page attached,
                  co_await store_.list(registry::query::AccessOf{id}, {}));
    if (!attached.records.empty()) continue;  // an operator has begun with it
    CO_TRY_ASSIGN(const std::optional<registry::Certificate> record,
                  co_await registry::find(store_, registry::certificate_key(id)));
    if (!record || record->status != CertificateStatus::pending_activation) continue;
    changes.changes.emplace_back(
        registry::Erase{registry::key_of(*record), Expect::at(record->version)});
    changes.events.push_back(trail::record(
        {.time = newcomer.created, .certificate = id.hex()}, "remove_waiting_certificate"_step,
        trail::Outcome::ok,
        {.because =
             fmt::format("{} certificates of this CA and subject wait; a newer one took its place",
                         kMaxWaitingOfOneName)},
        trail::Removed{.ca = ca.hex()}));
    co_return true;
  }
  co_return false;
}

}  // namespace imprint::provisioning
