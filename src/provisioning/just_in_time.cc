// SPDX-License-Identifier: Apache-2.0
#include "provisioning/just_in_time.h"

#include "encoding/json.h"
#include "outcome/causes.h"
#include "provisioning/certificate_parameters.h"
#include "provisioning/key_history.h"
#include "provisioning/outside_certificate.h"
#include "provisioning/register_thing.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;
using registry::Expect;

/// For each CA and subject. A board that makes a new certificate at every start leaves its earlier
/// ones behind; each new one takes the place of the oldest.
constexpr std::size_t kMaxWaitingOfOneName = 16;

/// The value of Introduced::template_name.
std::string template_name_of(const registry::CaCertificate& ca) {
  if (!ca.registration) return {};
  return ca.registration->template_name ? ca.registration->template_name->str()
                                        : to_string(TemplateOfCa{ca.id});
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

/// Stores an error of the device or its template in `out.failure`. Returns errors of the server and
/// refused keys, whose certificates must not be registered.
Result<void> keep_failure(Error error, Introduced& out) {
  if (error.fault == Fault::unavailable || error.fault == Fault::internal ||
      error.cause == "KeyRefused"_cause)
    return tl::unexpected(std::move(error));
  out.failure = std::move(error);
  return {};
}

/// The serial number on the device's label, as its certificate has it.
std::string serial_number_of(const x509::Certificate& certificate) {
  const auto values = certificate.subject().values(x509::NameType::serial_number);
  return audited_serial_number(values.empty() ? certificate.subject().common_name()
                                              : values.front());
}

/// In one group, since whoever has a CA's key can make any number of certificates.
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

/// The step "hook" of the audit trail, with the hook's answer.
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

/// The subject fields of an event about a first connection.
registry::AuditEvent about(const FirstConnection& connection) {
  return {.actor = connection.certificate.id().hex(),
          .correlation = connection.correlation,
          .certificate = connection.certificate.id().hex(),
          .client = connection.client_id,
          .serial_number = serial_number_of(connection.certificate)};
}

}  // namespace

registry::Task<Result<Introduced>> JustInTime::run(FirstConnection connection) {
  // Of concurrent connections of one device, the store commits one change; the others retry.
  std::optional<HookDecision> hook;
  co_return co_await registry::retry_on_conflict([&](int) { return introduce(connection, hook); });
}

registry::Task<Result<Introduced>> JustInTime::introduce(FirstConnection connection,
                                                         std::optional<HookDecision>& hook) {
  CO_TRY_ASSIGN(const Candidate candidate, co_await look_up(connection));
  Introduced out{.status = candidate.record.status,
                 .registered = candidate.record.created,
                 .was_pending = candidate.record.status == CertificateStatus::pending_activation,
                 .template_name = template_name_of(candidate.ca),
                 .mode = settings_.get()->jitp};
  if (!out.was_pending) co_return out;
  if (candidate.ca.registration) CO_TRY(co_await provision(connection, candidate, hook, out));
  const bool is_pending = !candidate.ca.registration || out.failure;
  if (candidate.is_new && is_pending) CO_TRY(co_await record_pending(connection, candidate));
  if (!candidate.ca.registration) CO_TRY(co_await ask_activation_hook(connection, candidate, out));
  co_return out;
}

registry::Task<Result<JustInTime::Candidate>> JustInTime::look_up(FirstConnection connection) {
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
  // Whether an INACTIVE certificate of the key is in the way depends on its thing (plan.cc).
  CO_TRY(check_key_history(history, identity, connection.certificate.id(), AskedBy::device,
                           Inactive::is_permitted));
  if (known) co_return Candidate{.ca = ca, .record = std::move(*known)};
  registry::Certificate record = certificate_record(connection.certificate, random_, now);
  record.status = CertificateStatus::pending_activation;
  record.ca_certificate = ca.id;
  record.mode = ca.mode;
  co_return Candidate{.ca = ca, .record = std::move(record), .is_new = true};
}

registry::Task<Result<void>> JustInTime::provision(FirstConnection connection, Candidate candidate,
                                                   std::optional<HookDecision>& hook,
                                                   Introduced& out) {
  auto planned = co_await plan(connection, candidate, hook);
  if (hook) {
    out.hook = hook_event(*hook, out.template_name, about(connection));
    out.asked = {hook->verdict.outcome, hook->shadow, hook->seconds};
  }
  if (!planned) co_return keep_failure(std::move(planned).error(), out);
  auto committed = co_await registrar_.commit(std::move(planned->plan.changes));
  if (!committed && committed.error().cause == "LimitReached"_cause)
    co_return keep_failure(std::move(committed).error(), out);
  CO_TRY(committed);
  const templates::Resources& made = planned->known.resources;
  out.status = made.certificate->active ? CertificateStatus::active : CertificateStatus::inactive;
  if (made.thing) out.thing = made.thing->name;
  out.mode = planned->known.device->settings.jitp;
  co_return Result<void>();
}

registry::Task<Result<PlannedRegistration>> JustInTime::plan(FirstConnection connection,
                                                             Candidate candidate,
                                                             std::optional<HookDecision>& hook) {
  CO_TRY_ASSIGN(LoadedTemplate through, co_await load_template(candidate.ca));
  DeviceRegistration device{
      .through = std::move(through),
      .certificate = candidate.record,
      .origin = candidate.is_new ? Origin::first_contact : Origin::registry,
      .predefined = certificate_parameters(connection.certificate),
      .authorised_by = registry::as_read(candidate.ca),
      .asker = asker_of(connection),
      .event =
          trail::record(about(connection), "just_in_time_provisioning"_step, trail::Outcome::ok)};
  auto planned = co_await registrar_.plan(std::move(device), hook);
  // Not a failure of the server: the next connection calls the hook again.
  if (!planned && hook && hook->refuses()) planned.error().fault = Fault::forbidden;
  co_return planned;
}

registry::Task<Result<LoadedTemplate>> JustInTime::load_template(registry::CaCertificate ca) {
  if (!ca.registration->template_name) co_return registrar_.load(ca);
  CO_TRY_ASSIGN(
      registry::ProvisioningTemplate stored,
      co_await registry::get(store_, registry::template_key(*ca.registration->template_name)));
  co_return co_await registrar_.load(std::move(stored), templates::Use::jitp);
}

registry::Task<Result<void>> JustInTime::ask_activation_hook(FirstConnection connection,
                                                             Candidate candidate, Introduced& out) {
  const std::string arn = arn_prefix_ + "cacert/" + candidate.ca.id.hex();
  if (!hooks_.answers_for(arn)) co_return Result<void>();
  const RegistrationEvent event{.certificate = candidate.record.id,
                                .ca = candidate.ca.id,
                                .registered = candidate.record.created,
                                .now = clock_.now(),
                                .account = account_};
  const hooks::Reply reply = co_await hooks_.ask(
      arn, question_of(event, candidate.record.pem, connection.client_id), asker_of(connection));
  const auto decision = read_decision(reply);
  out.hook = activation_hook_event(reply, decision, about(connection), arn);
  out.asked = {verdict_of(reply, decision), reply.shadow, reply.seconds};
  if (!decision || reply.shadow) co_return Result<void>();
  switch (decision->action) {
    case ActivationDecision::Action::activate:
      co_return co_await activate(std::move(connection), std::move(candidate), *decision, out);
    case ActivationDecision::Action::reject:
      co_return co_await reject(std::move(connection), std::move(candidate), out);
    case ActivationDecision::Action::wait:
      break;
  }
  co_return Result<void>();
}

registry::Task<Result<void>> JustInTime::activate(FirstConnection connection, Candidate candidate,
                                                  ActivationDecision decision, Introduced& out) {
  Known known{.resources = resources_of(decision, candidate.record.id),
              .device = DeviceRequest{.preconditions = {registry::as_read(candidate.ca)},
                                      .source = TemplateOfCa{candidate.ca.id},
                                      .settings = *settings_.get()},
              .event = trail::record(about(connection), "just_in_time_provisioning"_step,
                                     trail::Outcome::ok),
              .certificate = candidate.record};
  auto planned = co_await registrar_.plan(std::move(known));
  // The hook has decided: whatever keeps its decision from being carried out is recorded with it.
  if (!planned && planned.error().fault != Fault::unavailable) {
    out.failure = std::move(planned).error();
    co_return Result<void>();
  }
  CO_TRY(planned);
  CO_TRY(co_await registrar_.commit(std::move(planned->plan.changes)));
  out.status = CertificateStatus::active;
  if (decision.thing) out.thing = decision.thing->name;
  co_return Result<void>();
}

registry::Task<Result<void>> JustInTime::reject(FirstConnection connection, Candidate candidate,
                                                Introduced& out) {
  const registry::Certificate own = std::move(candidate.record);
  CO_TRY_ASSIGN(KeyHistory history, co_await read_key_history(store_, identity_of(own)));
  registry::ChangeSet changes;
  changes.changes.emplace_back(precondition_of(history));
  // If an operator changes it meanwhile, the commit fails and it is looked up again.
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
                                                        Candidate candidate) {
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{candidate.record, Expect::absent()});
  changes.changes.emplace_back(registry::as_read(candidate.ca));
  CO_TRY_ASSIGN(registry::RequireSame precondition,
                co_await read_and_check_key_history(store_, identity_of(connection.certificate),
                                                    candidate.record.id, AskedBy::device));
  changes.changes.emplace_back(std::move(precondition));
  registry::AuditEvent event = about(connection);
  event.time = candidate.record.created;
  changes.events.push_back(
      trail::record(std::move(event), "just_in_time_registration"_step, trail::Outcome::ok, {},
                    trail::Introduced{.ca = candidate.ca.id.hex(),
                                      .subject = connection.certificate.subject().text()}));
  const x509::DistinguishedName& subject = connection.certificate.subject();
  CO_TRY_ASSIGN(const bool has_made_room, co_await make_room(candidate.record, subject, changes));
  const std::size_t most = settings_.get()->pending_certificates;
  const auto place = has_made_room ? std::nullopt : pending_.reserve(candidate.ca.id, most);
  if (!has_made_room && !place) {
    co_return fail(Fault::exhausted,
                   "{} certificates that CA certificate {} signed wait for their activation, the "
                   "most there may be; activate or delete some",
                   most, candidate.ca.id.hex());
  }
  co_return co_await store_.commit(std::move(changes));
}

/// Whether one is removed. It is registered again when its device connects.
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
