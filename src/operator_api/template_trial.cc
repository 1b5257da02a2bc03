// SPDX-License-Identifier: Apache-2.0
// Tries a template: decides as for a real device, but changes nothing.
#include "base/current.h"
#include "base/random.h"
#include "control_api/attribute_payload.h"
#include "control_api/template_records.h"
#include "hooks/hooks.h"
#include "identity/ca_directory.h"
#include "operator_api/operations.h"
#include "outcome/causes.h"
#include "provisioning/certificate_parameters.h"
#include "provisioning/gatekeeper.h"
#include "provisioning/key_history.h"
#include "provisioning/outside_certificate.h"
#include "provisioning/plan.h"
#include "provisioning/pre_provisioning_hook.h"
#include "provisioning/settings.h"
#include "provisioning/template_settings.h"
#include "x509/certificate.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct TrialNeeds {
  registry::Store& store;
  hooks::Invoker& hooks;
  const Current<provisioning::Settings>& settings;
  Random& random;
};

using control_api::get_template_record;
using control_api::get_template_version_record;
using control_api::template_arn;
using control_api::use_of;
using registry::Certificate;
using registry::CertificateStatus;
using registry::ProvisioningTemplate;

struct Trial {
  ProvisioningTemplate record;
  templates::Template parsed;
  Certificate certificate;  ///< the device's: registered, given as PEM, or invented
  templates::Predefined predefined;
  /// Set when the certificate is refused before the template is evaluated.
  std::optional<Error> refused = {};
  provisioning::Settings settings = {};
  provisioning::Admission admission = {};
};

/// A certificate as after CreateCertificateFromCsr, with an id that no certificate has.
Certificate made_up_certificate() {
  return {.id = CertificateId(Sha256{}),
          .pem = {},
          .status = CertificateStatus::pending_activation,
          .requested_by = CertificateId(Sha256{})};
}

/// The device's certificate and then the intermediates, as in the file that a device sends.
Result<std::vector<x509::Certificate>> read_chain(std::string_view text) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::vector<x509::Certificate> out;
  do {
    if (out.size() == identity::kMaxChain) {
      return refuse(Exception::invalid_request,
                    fmt::format("more than {} certificates", identity::kMaxChain),
                    "certificatePem");
    }
    const auto end = text.find(kEnd);
    const std::size_t size = end == std::string_view::npos ? text.size() : end + kEnd.size();
    auto certificate = x509::Certificate::from_pem(text.substr(0, size));
    if (!certificate)
      return refuse(Exception::invalid_request, certificate.error().message, "certificatePem");
    out.push_back(std::move(*certificate));
    text.remove_prefix(size);
  } while (text.find_first_not_of(" \t\r\n") != std::string_view::npos);
  return out;
}

runtime::Task<Result<Certificate>> registered_certificate(Call call, TrialNeeds needs) {
  const auto id = CertificateId::parse(call.in.text("certificateId"));
  if (!id) co_return refuse(Exception::invalid_request, id.error().message, "certificateId");
  co_return co_await find_or_refuse(
      needs.store, registry::certificate_key(*id),
      fmt::format("certificate {} is not registered here", id->hex()));
}

/// The checks that a device with this certificate must pass before its JITP template is evaluated:
/// those of the handshake (server/tls.cc), then those of provisioning::JustInTime.
runtime::Task<Result<void>> check_introduction(Call call, TrialNeeds needs,
                                               std::vector<x509::Certificate> chain) {
  const x509::Certificate& device = chain.front();
  const Timestamp now = call.now();
  CO_TRY_ASSIGN(const auto known,
                co_await registry::find(needs.store, registry::certificate_key(device.id())));
  if (!known) {
    identity::CaDirectory introducers;
    CO_TRY(co_await introducers.load(needs.store));
    const auto contact = introducers.vouch(device, std::span(chain).subspan(1), now);
    if (!contact) {
      co_return tl::unexpected(Error{
          Fault::forbidden, "the TLS handshake refuses the certificate: " + contact.error().message,
          "certificatePem", "CertificateValidation"_cause});
    }
  } else if (known->status != CertificateStatus::pending_activation) {
    co_return tl::unexpected(
        Error{Fault::forbidden,
              fmt::format("certificate {} is registered and {}: its device is not provisioned just "
                          "in time",
                          device.id().hex(), registry::to_string(known->status)),
              "certificatePem", "AccessDenied"_cause});
  }
  CO_TRY(provisioning::check_outside_certificate(device, now));
  const registry::query::SameIdentity identity = provisioning::identity_of(device);
  CO_TRY_ASSIGN(const provisioning::KeyHistory history,
                co_await provisioning::read_key_history(needs.store, identity));
  co_return provisioning::check_key_history(history, identity, device.id(),
                                            provisioning::AskedBy::device,
                                            provisioning::Inactive::is_permitted);
}

runtime::Task<Result<void>> take_certificate(Call call, TrialNeeds needs, Trial& trial) {
  const std::string pem = call.in.text("certificatePem");
  if (call.in.has("certificateId")) {
    CO_TRY_ASSIGN(trial.certificate, co_await registered_certificate(call, needs));
  } else if (!pem.empty()) {
    CO_TRY_ASSIGN(const std::vector<x509::Certificate> chain, read_chain(pem));
    trial.certificate.id = chain.front().id();
    trial.certificate.pem = chain.front().pem();
    trial.certificate.requested_by.reset();
    trial.predefined = provisioning::certificate_parameters(chain.front());
    if (trial.record.type == registry::TemplateType::jitp) {
      const auto introduced = co_await check_introduction(call, needs, chain);
      if (!introduced && !introduced.error().cause) co_return tl::unexpected(introduced.error());
      if (!introduced) trial.refused = introduced.error();
    }
  }
  trial.predefined.values[std::string(templates::kCertificateIdParameter)] =
      trial.certificate.id.hex();
  co_return Result<void>();
}

runtime::Task<Result<std::string>> body_of(Call call, TrialNeeds needs,
                                           ProvisioningTemplate record) {
  if (call.in.has("templateBody")) co_return call.in.text("templateBody");
  const std::int64_t number = call.in.integer("versionId").value_or(record.default_version);
  CO_TRY_ASSIGN(const auto version,
                co_await get_template_version_record(needs.store, record.name, number));
  co_return version.body;
}

runtime::Task<Result<Trial>> prepare(Call call, TrialNeeds needs) {
  CO_TRY_ASSIGN(
      const ProvisioningTemplate record,
      co_await get_template_record(needs.store, call.in.name<TemplateName>("templateName")));
  CO_TRY_ASSIGN(const std::string body, co_await body_of(call, needs, record));
  CO_TRY_ASSIGN(const templates::Template parsed,
                templates::Template::parse(body, use_of(record.type)));
  Trial trial{record, parsed, made_up_certificate(), {}};
  CO_TRY(co_await take_certificate(call, needs, trial));
  co_return trial;
}

Result<templates::Parameters> read_parameters(const Call& call) {
  templates::Parameters out;
  for (const auto& member : call.in.object("parameters")) {
    const std::string name(member.key());
    if (!member.value().is_string()) {
      return refuse(Exception::invalid_request,
                    fmt::format("parameter {} must be a string, as devices send them", quote(name)),
                    "parameters." + name);
    }
    out.emplace(name, member.value().get_string());
  }
  return out;
}

// ---- what would change ----

json::object write_thing(const registry::Thing& thing) {
  json::object out{{"thingName", thing.name.str()},
                   {"attributes", control_api::write_attributes(thing.attributes)}};
  if (thing.type) out["thingTypeName"] = thing.type->str();
  return out;
}

/// Writes one record of a change set for people; bookkeeping is left out.
class ChangeWriter {
 public:
  explicit ChangeWriter(const provisioning::Known& known) : known_(known) {}

  [[nodiscard]] json::object write(const registry::Put& put) const {
    json::object out = std::visit([this](const auto& record) { return about(record); }, put.record);
    if (out.empty()) return out;
    const bool is_new = put.expect.state == registry::Expect::State::absent;
    return labelled(is_new ? "create" : "update", registry::key_of(put.record).kind,
                    std::move(out));
  }
  [[nodiscard]] static json::object write(const registry::Erase& erase) {
    if (erase.key.kind == registry::Kind::issuance_intent) return {};
    json::object out{{"name", erase.key.first}};
    if (!erase.key.second.empty()) out["of"] = erase.key.second;
    return labelled("delete", erase.key.kind, std::move(out));
  }

 private:
  static json::object labelled(std::string_view action, registry::Kind kind, json::object about) {
    json::object out{{"action", action}, {"kind", registry::kind_name(kind)}};
    for (auto& member : about) out[member.key()] = std::move(member.value());
    return out;
  }
  [[nodiscard]] json::object about(const registry::Thing& thing) const {
    json::object out = write_thing(thing);
    if (known_.thing) out["before"] = write_thing(*known_.thing);
    return out;
  }
  [[nodiscard]] json::object about(const registry::GroupMembership& membership) const {
    return {{"thingName", membership.thing.str()}, {"thingGroupName", membership.group.str()}};
  }
  [[nodiscard]] json::object about(const Certificate& certificate) const {
    json::object out{{"certificateId", certificate.id.hex()},
                     {"status", registry::to_string(certificate.status)}};
    if (known_.certificate && certificate.id == known_.certificate->id)
      out["before"] = json::object{{"status", registry::to_string(known_.certificate->status)}};
    return out;
  }
  [[nodiscard]] json::object about(const registry::PolicyVersion& version) const {
    return {{"policyName", version.policy.str()}, {"policyDocument", version.document}};
  }
  [[nodiscard]] json::object about(const registry::PolicyAttachment& attachment) const {
    return {{"policyName", attachment.policy.str()},
            {"target", registry::to_string(attachment.target)}};
  }
  [[nodiscard]] json::object about(const registry::ThingPrincipal& principal) const {
    return {{"thingName", principal.thing.str()},
            {"certificateId", principal.certificate.hex()},
            {"exclusive", principal.exclusive}};
  }
  /// The other records are bookkeeping, or implied by another record of the same change.
  template <class T>
  [[nodiscard]] json::object about(const T&) const {
    return {};
  }

  const provisioning::Known& known_;
};

json::array write_changes(const provisioning::Known& known, const registry::ChangeSet& changes) {
  const ChangeWriter writer(known);
  json::array out;
  for (const registry::Change& change : changes.changes) {
    json::object one;
    if (const auto* put = std::get_if<registry::Put>(&change)) one = writer.write(*put);
    if (const auto* erase = std::get_if<registry::Erase>(&change))
      one = ChangeWriter::write(*erase);
    if (!one.empty()) out.emplace_back(std::move(one));
  }
  return out;
}

json::object write_refusal(const Error& error) {
  json::object out{{"allowed", false},
                   {"errorCode", code_of(outcome::cause_of(error))},
                   {"errorMessage", error.message},
                   {"path", error.where}};
  if (!error.rule.empty()) out["rule"] = error.rule;
  return out;
}

json::object write_outcome(const provisioning::Known& known, const provisioning::Plan& plan) {
  const templates::Resources& resources = known.resources;
  json::object out{{"allowed", true},
                   {"deviceConfiguration", resources.device_configuration},
                   {"changes", write_changes(known, plan.changes)}};
  if (resources.thing) out["thingName"] = resources.thing->name.str();
  json::object admitted = encoding::write_fields(known.device->registered);
  if (!admitted.empty()) out["gatekeeper"] = std::move(admitted);
  json::array policies;
  for (const templates::PolicyResource& policy : resources.policies) {
    json::object one{{"policyName", provisioning::policy_name_of(policy).str()}};
    if (const auto* document = std::get_if<templates::PolicyDocument>(&policy.policy))
      one["policyDocument"] = document->text;
    policies.emplace_back(std::move(one));
  }
  out["policies"] = std::move(policies);
  return out;
}

/// The refusal of the store if the plan would exceed the limit of a counter.
runtime::Task<Result<std::optional<Error>>> find_limit(registry::Store& store,
                                                       registry::ChangeSet changes) {
  for (const registry::Change& change : changes.changes) {
    const auto* count = std::get_if<registry::Count>(&change);
    if (count == nullptr || !count->limit) continue;
    CO_TRY_ASSIGN(const auto counter,
                  co_await registry::find(store, registry::counter_key(count->counter)));
    if ((counter ? counter->value : 0) + count->by <= *count->limit) continue;
    co_return std::optional(
        Error{Fault::forbidden,
              fmt::format("the template may make no more things: the limit of {} is reached",
                          *count->limit),
              count->counter, "LimitReached"_cause});
  }
  co_return std::optional<Error>();
}

/// For JITP the parameters come from the certificate.
provisioning::Applicant applicant_of(const Trial& trial, const templates::Parameters& parameters) {
  const templates::Use use = use_of(trial.record.type);
  return {trial.record.name, use,
          use == templates::Use::jitp ? trial.predefined.values : parameters};
}

// ---- the hook ----

/// Calls the hook as for a device that connects with the claim of the certificate.
runtime::Task<std::optional<provisioning::HookDecision>> ask_hook(
    Call call, TrialNeeds needs, Trial trial, templates::Parameters parameters) {
  if (!trial.record.hook || call.in.flag("noHook")) co_return std::nullopt;
  const CertificateId caller = trial.certificate.requested_by.value_or(CertificateId(Sha256{}));
  hooks::FleetEvent event{.claim_certificate_id = caller.hex(),
                          .certificate_id = trial.certificate.id.hex(),
                          .certificate_pem = trial.certificate.pem,
                          .template_arn = template_arn(call, trial.record.name),
                          .client_id = "imprint-template-try",
                          .parameters = std::move(parameters)};
  co_return co_await provisioning::ask_pre_provisioning_hook(
      needs.hooks, trial.record.hook->target_arn, std::move(event), trial.parsed,
      {.payer = call.access_key_id, .is_trial = true});
}

/// The hook's answer, in more detail than devices get.
json::object write_hook(const provisioning::HookDecision& asked) {
  json::object overrides;
  for (const auto& [name, value] : asked.verdict.overrides) overrides[name] = value;
  json::object out{{"targetArn", asked.arn},
                   {"outcome", hooks::to_string(asked.verdict.outcome)},
                   {"seconds", asked.seconds},
                   {"shadow", asked.shadow},
                   {"parameterOverrides", std::move(overrides)},
                   {"undeclared", json::array(asked.undeclared.begin(), asked.undeclared.end())}};
  if (!asked.verdict.because.empty()) out["because"] = asked.verdict.because;
  return out;
}

Answer try_resources(Call call, TrialNeeds needs, Trial trial, templates::Parameters parameters);

Answer try_template(Call call, TrialNeeds needs) {
  CO_TRY_ASSIGN(templates::Parameters parameters, read_parameters(call));
  CO_TRY_ASSIGN(Trial trial, co_await prepare(call, needs));
  if (!trial.record.enabled) {
    co_return write_refusal(Error{Fault::forbidden,
                                  fmt::format("template {} is disabled; enable it with aws iot "
                                              "update-provisioning-template --enabled",
                                              quote(trial.record.name.str())),
                                  {},
                                  "TemplateDisabled"_cause});
  }
  if (trial.refused) co_return write_refusal(*trial.refused);
  CO_TRY_ASSIGN(trial.settings,
                provisioning::settings_of(*needs.settings.get(), trial.record.settings));
  auto admission = co_await provisioning::ask_gatekeeper(
      needs.store, trial.settings.rules, applicant_of(trial, parameters), trial.parsed);
  if (!admission) {
    if (admission.error().rule.empty()) co_return tl::unexpected(admission.error());
    co_return write_refusal(admission.error());
  }
  trial.admission = std::move(*admission);
  parameters = provisioning::with_overrides(std::move(parameters), trial.admission.overrides);
  const auto asked = co_await ask_hook(call, needs, trial, parameters);
  if (!asked) co_return co_await try_resources(call, needs, trial, std::move(parameters));
  if (asked->refuses()) {
    json::object refused = write_refusal(provisioning::refusal_of(*asked));
    refused["hook"] = write_hook(*asked);
    co_return refused;
  }
  CO_TRY_ASSIGN(json::object outcome,
                co_await try_resources(call, needs, trial,
                                       provisioning::overridden(std::move(parameters), *asked)));
  outcome["hook"] = write_hook(*asked);
  co_return outcome;
}

/// Evaluates the template with the parameters that gatekeeper and hook have returned.
Answer try_resources(Call call, TrialNeeds needs, Trial trial, templates::Parameters parameters) {
  const auto serials =
      provisioning::check_serials(trial.settings.rules, applicant_of(trial, parameters),
                                  trial.parsed, parameters, trial.predefined);
  if (!serials) co_return write_refusal(serials.error());
  auto resources = trial.parsed.evaluate(parameters, trial.predefined);
  if (!resources) co_return write_refusal(resources.error());
  provisioning::Known known{.resources = std::move(*resources), .certificate = trial.certificate};
  known.device = provisioning::DeviceRequest{.source = trial.record.name,
                                             .template_version = trial.record.default_version,
                                             .settings = trial.settings,
                                             .registered = trial.admission.registered};
  if (trial.record.type == registry::TemplateType::fleet_provisioning) {
    known.fleet = provisioning::FleetRequest{
        .caller = {.certificate =
                       trial.certificate.requested_by.value_or(CertificateId(Sha256{}))}};
  }
  CO_TRY_ASSIGN(known, co_await provisioning::gather(needs.store, std::move(known)));
  const auto plan =
      provisioning::plan(known, call.now(), make_uuid(needs.random), make_uuid(needs.random));
  if (!plan) co_return write_refusal(plan.error());
  CO_TRY_ASSIGN(const std::optional<Error> limit, co_await find_limit(needs.store, plan->changes));
  if (limit) co_return write_refusal(*limit);
  co_return write_outcome(known, *plan);
}

using enum Exception;

constexpr InputInfo kTry[] = {
    members::template_name(),
    members::object("parameters"),
    {.name = "versionId", .type = Type::integer, .least = 1},
    members::text("templateBody", static_cast<std::int64_t>(templates::kMaxTemplateCharacters)),
    {.name = "certificateId", .least = 64, .most = 64, .rule = members::kHex},
    members::text("certificatePem", 65536),
    members::flag("noHook", Location::body)};

constexpr rest::Row<TrialNeeds> kOperations[] = {
    {"TryTemplate",
     "POST",
     "/imprint/v1/templates/{templateName}/try",
     kTry,
     {invalid_request, not_found, throttling, unauthorized, service_unavailable, internal_failure},
     try_template,
     "provisioningtemplate/{templateName}"},
};

}  // namespace

Operations template_trial_operations(registry::Store& store, hooks::Invoker& hooks,
                                     const Current<provisioning::Settings>& settings,
                                     Random& random) {
  return rest::bind(kOperations, TrialNeeds{store, hooks, settings, random});
}

}  // namespace imprint::operator_api
