// SPDX-License-Identifier: Apache-2.0
#include "provisioning/device_registration.h"

#include "outcome/causes.h"
#include "provisioning/template_settings.h"

namespace imprint::provisioning {

namespace {

Applicant applicant_of(const DeviceRegistration& device) {
  const templates::Use use = device.through.parsed.use();
  return {device.through.source, use,
          use == templates::Use::jitp ? device.predefined.values : device.parameters};
}

/// Evaluates the template with the parameters after the overrides of gatekeeper and hook.
Result<templates::Resources> evaluate(const DeviceRegistration& device, const Admission& admission,
                                      const std::optional<HookDecision>& hook) {
  const templates::Template& parsed = device.through.parsed;
  const templates::Parameters own = with_overrides(device.parameters, admission.overrides);
  const templates::Parameters parameters = hook ? overridden(own, *hook) : own;
  TRY(check_serials(device.through.settings.rules, applicant_of(device), parsed, parameters,
                    device.predefined));
  auto resources = parsed.evaluate(parameters, device.predefined);
  if (!resources && hook && hook->has_overrides() && parsed.evaluate(own, device.predefined))
    resources.error().cause = "HookOverride"_cause;
  return resources;
}

Known known_of(DeviceRegistration device, Admission admission, templates::Resources resources) {
  DeviceRequest request{.preconditions = std::move(device.through.preconditions),
                        .source = std::move(device.through.source),
                        .template_version = device.through.version,
                        .settings = std::move(device.through.settings),
                        .registered = std::move(admission.registered)};
  request.preconditions.push_back(std::move(device.authorised_by));
  request.preconditions.insert(request.preconditions.end(), admission.preconditions.begin(),
                               admission.preconditions.end());
  return {.resources = std::move(resources),
          .device = std::move(request),
          .fleet = std::move(device.fleet),
          .event = std::move(device.event),
          .certificate = std::move(device.certificate),
          .origin = device.origin};
}

}  // namespace

registry::Task<Result<LoadedTemplate>> DeviceRegistrar::load(registry::ProvisioningTemplate stored,
                                                             templates::Use use) {
  if (!stored.enabled) {
    co_return tl::unexpected(
        Error{Fault::forbidden,
              fmt::format("template {} is disabled; an operator enables it with aws iot "
                          "update-provisioning-template --enabled",
                          quote(stored.name.str())),
              {},
              "TemplateDisabled"_cause});
  }
  CO_TRY_ASSIGN(const registry::ProvisioningTemplateVersion version,
                co_await registry::get(
                    store_, registry::template_version_key(stored.name, stored.default_version)));
  CO_TRY_ASSIGN(templates::Template parsed, templates_.get(version, use));
  CO_TRY_ASSIGN(Settings settings, settings_of(*settings_.get(), stored.settings));
  std::string hook = stored.hook ? stored.hook->target_arn : std::string();
  if (use == templates::Use::jitp) hook = settings.jitp_hook;
  co_return LoadedTemplate{.source = stored.name,
                           .version = version.number,
                           .parsed = std::move(parsed),
                           .settings = std::move(settings),
                           .hook_arn = std::move(hook),
                           .preconditions = {registry::as_read(stored)}};
}

Result<LoadedTemplate> DeviceRegistrar::load(const registry::CaCertificate& ca) const {
  TRY_ASSIGN(templates::Template parsed,
             templates::Template::parse(ca.registration->template_body, templates::Use::jitp));
  Settings settings = *settings_.get();
  std::string hook = settings.jitp_hook;
  return LoadedTemplate{.source = TemplateOfCa{ca.id},
                        .version = ca.version,
                        .parsed = std::move(parsed),
                        .settings = std::move(settings),
                        .hook_arn = std::move(hook)};
}

registry::Task<Result<PlannedRegistration>> DeviceRegistrar::plan(
    DeviceRegistration device, std::optional<HookDecision>& hook) {
  CO_TRY_ASSIGN(Admission admission,
                co_await ask_gatekeeper(store_, device.through.settings.rules, applicant_of(device),
                                        device.through.parsed));
  CO_TRY(co_await ask_hook(device, admission.overrides, hook));
  CO_TRY_ASSIGN(templates::Resources resources, evaluate(device, admission, hook));
  co_return co_await plan(known_of(std::move(device), std::move(admission), std::move(resources)));
}

registry::Task<Result<PlannedRegistration>> DeviceRegistrar::plan(Known known) {
  CO_TRY_ASSIGN(known, co_await gather(store_, std::move(known)));
  auto planned = provisioning::plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
  if (!planned) {
    raise_if_duplicate(alarms_, known, planned.error());
    co_return tl::unexpected(std::move(planned).error());
  }
  co_return PlannedRegistration{std::move(known), std::move(*planned)};
}

registry::Task<Result<void>> DeviceRegistrar::commit(registry::ChangeSet changes) {
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed && committed.error().cause == "LimitReached"_cause) {
    committed.error() = Error{
        Fault::forbidden,
        fmt::format("this template may register no more devices: {}", committed.error().message),
        {},
        "LimitReached"_cause};
  }
  co_return committed;
}

registry::Task<Result<void>> DeviceRegistrar::ask_hook(const DeviceRegistration& device,
                                                       const templates::Parameters& overrides,
                                                       std::optional<HookDecision>& hook) {
  const LoadedTemplate& through = device.through;
  if (through.hook_arn.empty()) {
    hook.reset();
    co_return Result<void>();
  }
  // A decision of an earlier attempt holds, a refusal too: what was committed with it may have lost
  // a race.
  if (hook && hook->arn == through.hook_arn) {
    if (hook->refuses()) co_return tl::unexpected(refusal_of(*hook));
    co_return Result<void>();
  }
  hooks::FleetEvent event{
      .claim_certificate_id = device.fleet ? device.fleet->caller.certificate.hex() : std::string(),
      .certificate_id = device.certificate.id.hex(),
      .certificate_pem = device.certificate.pem,
      .template_arn = arn_prefix_ + "provisioningtemplate/" + to_string(through.source),
      .client_id = device.event.client,
      .parameters = with_overrides(applicant_of(device).parameters, overrides)};
  hook = co_await ask_pre_provisioning_hook(hooks_, through.hook_arn, std::move(event),
                                            through.parsed, device.asker);
  if (hook->refuses()) co_return tl::unexpected(refusal_of(*hook));
  if (device.fleet) CO_TRY(co_await check_still_allowed(device.fleet->caller));
  co_return Result<void>();
}

}  // namespace imprint::provisioning
