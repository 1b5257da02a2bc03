// SPDX-License-Identifier: Apache-2.0
#include "provisioning/register_thing.h"

#include "outcome/causes.h"
#include "provisioning/gatekeeper.h"
#include "provisioning/template_settings.h"
#include "trail/event.h"
#include "x509/digest.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;

Unexpected refuse_token(std::string message) {
  return Unexpected(Error{Fault::invalid, std::move(message), "certificateOwnershipToken",
                          "InvalidCertificateOwnershipToken"_cause});
}

Sha256 digest_of(const RegisterThingRequest& request) {
  encoding::json::object parameters;
  for (const auto& [name, value] : request.parameters) parameters[name] = value;
  const std::string text = request.template_name.str() + "\n" + encoding::to_json(parameters);
  return x509::sha256(as_bytes(text));
}

/// Another attempt at the same registration is not another use of the claim's rate.
ClaimUse use_of(const RegisterThingRequest& request, const std::string& serial_parameter,
                const registry::Certificate& certificate, int attempt) {
  const auto serial = request.parameters.find(serial_parameter);
  return {.registers = ClaimUse::Registration{.template_name = request.template_name,
                                              .serial_number = serial == request.parameters.end()
                                                                   ? std::string()
                                                                   : serial->second},
          .is_new_device = is_new_device(certificate),
          .takes_turn = attempt == 1};
}

RegisteredThing answer_of(const CertificateId& certificate,
                          const registry::Registration& registration, bool repeated) {
  return {certificate, registration.thing, registration.device_configuration, repeated};
}

/// What the hook said goes on record with what came of it, and before it.
void record(const HookDecision& asked, const Known& known, Plan& decided) {
  registry::AuditEvent about = known.event;
  about.time = decided.changes.events.front().time;
  about.certificate = known.certificate->id.hex();
  decided.changes.events.insert(decided.changes.events.begin(),
                                hook_event(asked, known.device->template_name, std::move(about)));
}

}  // namespace

std::string serial_number_of(const templates::Parameters& parameters, std::string_view parameter) {
  const auto it = parameters.find(parameter);
  return it == parameters.end() ? std::string() : audited_serial_number(it->second);
}

std::string audited_serial_number(std::string_view serial_number) {
  constexpr std::size_t kMaxAuditedBytes = 128;
  if (serial_number.size() <= kMaxAuditedBytes) return std::string(serial_number);
  std::size_t end = kMaxAuditedBytes;
  // Not in the middle of a character: half of one is no text.
  while (end > 0 && (static_cast<unsigned char>(serial_number[end]) & 0xC0U) == 0x80U) --end;
  return std::string(serial_number.substr(0, end));
}

registry::Task<RegisterThingOutcome> RegisterThing::run(Caller caller,
                                                        RegisterThingRequest request) {
  const Sha256 digest = digest_of(request);
  Attempt one{std::move(caller), std::move(request), digest};
  // Until the template is known that may name another parameter.
  one.serial_number = serial_number_of(one.request.parameters, kSerialNumberParameter);
  // Two registrations of one serial may meet; the store lets one through and the other looks again.
  auto result =
      co_await registry::retry_on_conflict([&](int number) { return attempt(one, number); });
  co_return RegisterThingOutcome{std::move(result), std::move(one.hook),
                                 std::move(one.serial_number)};
}

registry::Task<Result<RegisteredThing>> RegisterThing::attempt(Attempt& one, int number) {
  CO_TRY_ASSIGN(const registry::Certificate certificate,
                co_await owned(one.caller, one.request.ownership_token));
  if (certificate.registration) {
    if (certificate.registration->request_digest == one.digest)
      co_return answer_of(certificate.id, *certificate.registration, true);
    co_return refuse_token(fmt::format(
        "Certificate ownership token was already used, to register {} through template {} with "
        "other parameters; "
        "start again with a create request",
        certificate.registration->thing ? "thing " + certificate.registration->thing->str()
                                        : "a certificate",
        certificate.registration->template_name.str()));
  }
  CO_TRY_ASSIGN(const Chosen chosen, co_await choose(one, certificate, number));
  // Once for each request, however often it meets others; unless the template has changed hooks.
  const auto& guard = chosen.record.hook;
  if (!guard) one.hook.reset();
  if (guard && (!one.hook || one.hook->arn != guard->target_arn)) {
    one.hook = co_await ask(one, certificate, chosen);
    if (one.hook->refuses()) co_return tl::unexpected(refusal_of(*one.hook));
    CO_TRY(co_await check_still_allowed(one.caller));
  }
  CO_TRY_ASSIGN(const Known known, co_await gather(one, certificate, chosen));
  auto decided = plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
  if (!decided) {
    raise_if_duplicate(alarms_, known, decided.error());
    co_return tl::unexpected(std::move(decided).error());
  }
  if (one.hook) record(*one.hook, known, *decided);
  const auto committed = co_await store_.commit(std::move(decided->changes));
  if (committed) co_return answer_of(certificate.id, *decided->registration, false);
  if (committed.error().cause == "ClaimRefused"_cause) {
    co_return tl::unexpected(claims_.used_up(one.caller, chosen.claim, one.serial_number));
  }
  if (committed.error().cause == "LimitReached"_cause) {
    co_return tl::unexpected(Error{
        Fault::forbidden,
        fmt::format("this template may register no more devices: {}", committed.error().message),
        {},
        "LimitReached"_cause});
  }
  co_return tl::unexpected(committed.error());
}

registry::Task<Result<registry::Certificate>> RegisterThing::owned(Caller caller,
                                                                   std::string token) {
  CO_TRY_ASSIGN(const CertificateId id, OwnershipTokens::parse(token));
  const auto found = co_await registry::get(store_, registry::certificate_key(id));
  if (!found && found.error().fault != Fault::not_found) co_return tl::unexpected(found.error());
  if (!found || !tokens_.matches(token, *found)) {
    co_return refuse_token(
        "Certificate ownership token is unknown or has expired; start again with a create request");
  }
  if (found->requested_by != caller.certificate) {
    co_return refuse_token(
        fmt::format("Certificate ownership token was given to a connection with certificate {}; "
                    "register with that one",
                    found->requested_by->hex()));
  }
  if (!found->ownership_expires || *found->ownership_expires <= clock_.now()) {
    co_return refuse_token(
        "Certificate ownership token has expired; start again with a create request");
  }
  // INACTIVE is where a template may leave a certificate; its device may still ask again.
  const bool is_registrable = found->status == CertificateStatus::pending_activation ||
                              found->status == CertificateStatus::active ||
                              (found->status == CertificateStatus::inactive && found->registration);
  if (!is_registrable) {
    co_return refuse_token(fmt::format(
        "certificate {} has become {} since it was created; start again with a create request",
        id.hex(), registry::to_string(found->status)));
  }
  co_return *found;
}

registry::Task<Result<RegisterThing::Chosen>> RegisterThing::choose(
    Attempt& one, const registry::Certificate& certificate, int number) {
  const RegisterThingRequest& request = one.request;
  const std::string name = request.template_name.str();
  auto found = co_await registry::get(store_, registry::template_key(request.template_name));
  if (!found) {
    if (found.error().fault == Fault::not_found) found.error().cause = "ResourceNotFound"_cause;
    co_return tl::unexpected(std::move(found).error());
  }
  if (found->type != registry::TemplateType::fleet_provisioning) {
    co_return tl::unexpected(Error{
        Fault::invalid,
        fmt::format(
            "template {} is a JITP template; RegisterThing needs one of type FLEET_PROVISIONING",
            quote(name)),
        {},
        "ResourceNotFound"_cause});
  }
  if (!found->enabled) {
    co_return tl::unexpected(
        Error{Fault::forbidden,
              fmt::format("template {} is disabled; an operator enables it with aws iot "
                          "update-provisioning-template --enabled",
                          quote(name)),
              {},
              "TemplateDisabled"_cause});
  }
  CO_TRY_ASSIGN(const registry::ProvisioningTemplateVersion version,
                co_await registry::get(
                    store_, registry::template_version_key(found->name, found->default_version)));
  CO_TRY_ASSIGN(const templates::Template parsed, templates_.get(version, templates::Use::fleet));
  CO_TRY_ASSIGN(Settings settings, settings_of(*settings_.get(), found->settings));
  const Applicant applicant{name, templates::Use::fleet, request.parameters};
  const std::string serial_parameter = serial_parameter_of(settings.rules, applicant);
  one.serial_number = serial_number_of(request.parameters, serial_parameter);
  CO_TRY_ASSIGN(
      registry::Certificate claim,
      co_await claims_.admit(one.caller, use_of(request, serial_parameter, certificate, number)));
  CO_TRY_ASSIGN(Admission admission,
                co_await ask_gatekeeper(store_, settings.rules, applicant, parsed));
  co_return Chosen{.record = std::move(*found),
                   .parsed = parsed,
                   .claim = std::move(claim),
                   .settings = std::move(settings),
                   .admission = std::move(admission)};
}

registry::Task<HookDecision> RegisterThing::ask(const Attempt& one,
                                                const registry::Certificate& certificate,
                                                const Chosen& chosen) {
  hooks::FleetEvent event{
      .claim_certificate_id = one.caller.certificate.hex(),
      .certificate_id = certificate.id.hex(),
      .certificate_pem = certificate.pem,
      .template_arn = arn_prefix_ + "provisioningtemplate/" + chosen.record.name.str(),
      .client_id = one.caller.client_id,
      .parameters = with_overrides(one.request.parameters, chosen.admission.overrides)};
  co_return co_await ask_pre_provisioning_hook(hooks_, chosen.record.hook->target_arn,
                                               std::move(event), chosen.parsed,
                                               {.payer = one.caller.certificate.hex()});
}

registry::Task<Result<Known>> RegisterThing::gather(const Attempt& one,
                                                    registry::Certificate certificate,
                                                    Chosen chosen) {
  const templates::Parameters own =
      with_overrides(one.request.parameters, chosen.admission.overrides);
  const templates::Parameters parameters = one.hook ? overridden(own, *one.hook) : own;
  const templates::Predefined predefined{
      {{std::string(templates::kCertificateIdParameter), certificate.id.hex()}}};
  CO_TRY(check_serials(chosen.settings.rules,
                       {chosen.record.name.str(), templates::Use::fleet, parameters}, chosen.parsed,
                       parameters, predefined));
  auto evaluated = chosen.parsed.evaluate(parameters, predefined);
  if (!evaluated && one.hook) {
    const bool was_sound = chosen.parsed.evaluate(own, predefined).has_value();
    evaluated.error() = blamed_on(*one.hook, std::move(evaluated).error(), was_sound);
  }
  CO_TRY_ASSIGN(templates::Resources resources, std::move(evaluated));
  registry::AuditEvent event = trail::record({.actor = one.caller.certificate.hex(),
                                              .correlation = one.caller.correlation,
                                              .client = one.caller.client_id,
                                              .serial_number = one.serial_number},
                                             "register_thing"_step, trail::Outcome::ok);
  DeviceRequest device{.holds = {registry::as_read(chosen.claim), registry::as_read(chosen.record)},
                       .template_name = chosen.record.name.str(),
                       .template_version = chosen.record.default_version,
                       .settings = std::move(chosen.settings),
                       .registered = std::move(chosen.admission.registered)};
  device.holds.insert(device.holds.end(), chosen.admission.holds.begin(),
                      chosen.admission.holds.end());
  co_return co_await provisioning::gather(
      store_,
      Known{.resources = std::move(resources),
            .device = std::move(device),
            .fleet = FleetRequest{one.caller, one.digest, chosen.claim.claim_budget.max_devices},
            .event = std::move(event),
            .certificate = std::move(certificate)});
}

}  // namespace imprint::provisioning
