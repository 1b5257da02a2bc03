// SPDX-License-Identifier: Apache-2.0
#include "provisioning/register_thing.h"

#include "outcome/causes.h"
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

RegisteredThing answer_of(const CertificateId& certificate,
                          const registry::Registration& registration, bool repeated) {
  return {certificate, registration.thing, registration.device_configuration, repeated};
}

/// The answer for a certificate that is registered already: the same request gets the same answer
/// again; any other request is refused.
Result<RegisteredThing> answer_registered(const registry::Certificate& certificate,
                                          const Sha256& digest) {
  const registry::Registration& before = *certificate.registration;
  if (before.request_digest == digest) return answer_of(certificate.id, before, true);
  return refuse_token(fmt::format(
      "Certificate ownership token was already used by a different request, which registered {} "
      "through template {}; start again with a create request",
      before.thing ? "thing " + before.thing->str() : "a certificate", before.template_name.str()));
}

/// Records the hook's decision in the registration's change set, before the registration itself.
void record_hook(const HookDecision& hook, PlannedRegistration& planned) {
  const Known& known = planned.known;
  std::vector<registry::AuditEvent>& events = planned.plan.changes.events;
  registry::AuditEvent about = known.event;
  about.time = events.front().time;
  about.certificate = known.certificate->id.hex();
  events.insert(events.begin(),
                hook_event(hook, to_string(known.device->source), std::move(about)));
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
  // Never in the middle of a UTF-8 character.
  while (end > 0 && (static_cast<unsigned char>(serial_number[end]) & 0xC0U) == 0x80U) --end;
  return std::string(serial_number.substr(0, end));
}

registry::Task<RegisterThingOutcome> RegisterThing::run(Caller caller,
                                                        RegisterThingRequest request) {
  const Sha256 digest = digest_of(request);
  RequestState state{std::move(caller), std::move(request), digest};
  // The template, not loaded yet, may name another parameter; admit_claim() then reads that one.
  state.serial_number = serial_number_of(state.request.parameters, kSerialNumberParameter);
  // Of two simultaneous registrations of one serial number, the store accepts one; the other is
  // attempted again.
  auto result =
      co_await registry::retry_on_conflict([&](int number) { return attempt(state, number); });
  co_return RegisterThingOutcome{std::move(result), std::move(state.hook),
                                 std::move(state.serial_number)};
}

registry::Task<Result<RegisteredThing>> RegisterThing::attempt(RequestState& state, int number) {
  CO_TRY_ASSIGN(const registry::Certificate certificate,
                co_await owned_certificate(state.caller, state.request.ownership_token));
  if (certificate.registration) co_return answer_registered(certificate, state.digest);
  CO_TRY_ASSIGN(const LoadedTemplate through, co_await load_template(state.request.template_name));
  CO_TRY_ASSIGN(const registry::Certificate claim,
                co_await admit_claim(state, through, certificate, number));
  DeviceRegistration device{
      .through = through,
      .certificate = certificate,
      .parameters = state.request.parameters,
      .predefined = {{{std::string(templates::kCertificateIdParameter), certificate.id.hex()}}},
      .authorised_by = registry::as_read(claim),
      .fleet = FleetRequest{state.caller, state.digest, claim.claim_budget.max_devices},
      .asker = {.payer = state.caller.certificate.hex()},
      .event = trail::record({.actor = state.caller.certificate.hex(),
                              .correlation = state.caller.correlation,
                              .client = state.caller.client_id,
                              .serial_number = state.serial_number},
                             "register_thing"_step, trail::Outcome::ok)};
  CO_TRY_ASSIGN(PlannedRegistration planned,
                co_await registrar_.plan(std::move(device), state.hook));
  if (state.hook) record_hook(*state.hook, planned);
  auto committed = co_await registrar_.commit(std::move(planned.plan.changes));
  if (committed) co_return answer_of(certificate.id, *planned.plan.registration, false);
  if (committed.error().cause == "ClaimRefused"_cause)
    co_return tl::unexpected(claims_.used_up(state.caller, claim, state.serial_number));
  co_return tl::unexpected(std::move(committed).error());
}

registry::Task<Result<registry::Certificate>> RegisterThing::owned_certificate(Caller caller,
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
        fmt::format("Certificate ownership token was issued to a connection with certificate {}; "
                    "register with that certificate",
                    found->requested_by->hex()));
  }
  if (!found->ownership_expires || *found->ownership_expires <= clock_.now()) {
    co_return refuse_token(
        "Certificate ownership token has expired; start again with a create request");
  }
  // A template may leave a certificate INACTIVE; its device may still repeat the request.
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

registry::Task<Result<LoadedTemplate>> RegisterThing::load_template(TemplateName name) {
  auto found = co_await registry::get(store_, registry::template_key(name));
  if (!found) {
    if (found.error().fault == Fault::not_found) found.error().cause = "ResourceNotFound"_cause;
    co_return tl::unexpected(std::move(found).error());
  }
  if (found->type != registry::TemplateType::fleet_provisioning) {
    co_return tl::unexpected(Error{
        Fault::invalid,
        fmt::format(
            "template {} is a JITP template; RegisterThing needs one of type FLEET_PROVISIONING",
            quote(name.str())),
        {},
        "ResourceNotFound"_cause});
  }
  co_return co_await registrar_.load(std::move(*found), templates::Use::fleet);
}

registry::Task<Result<registry::Certificate>> RegisterThing::admit_claim(
    RequestState& state, const LoadedTemplate& through, const registry::Certificate& certificate,
    int number) {
  const templates::Parameters& parameters = state.request.parameters;
  const std::string serial_parameter = serial_parameter_of(
      through.settings.rules, {through.source, templates::Use::fleet, parameters});
  state.serial_number = serial_number_of(parameters, serial_parameter);
  const auto serial = parameters.find(serial_parameter);
  // Only the first attempt at a registration counts towards the claim's rate.
  co_return co_await claims_.admit(
      state.caller,
      {.registers =
           ClaimUse::Registration{
               .template_name = state.request.template_name,
               .serial_number = serial == parameters.end() ? std::string() : serial->second},
       .is_new_device = is_new_device(certificate),
       .counts_for_rate = number == 1});
}

}  // namespace imprint::provisioning
