// SPDX-License-Identifier: Apache-2.0
#include "base/current.h"
#include "base/random.h"
#include "control_api/arn.h"
#include "control_api/certificate_records.h"
#include "control_api/claim_policy.h"
#include "control_api/template_records.h"
#include "issuance/key_pool.h"
#include "operator_api/claim_budgets.h"
#include "operator_api/operations.h"
#include "provisioning/claim_budget.h"
#include "provisioning/issue.h"
#include "provisioning/settings.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct ClaimNeeds {
  registry::Store& store;
  provisioning::IssueCertificate& issue;
  issuance::KeyPool& keys;
  const Current<provisioning::Settings>& settings;
  Random& random;
};

using control_api::certificate_arn;
using control_api::check_activation;
using control_api::claim_policy_document;
using control_api::claim_policy_name;
using control_api::get_template_record;
using control_api::is_claim_policy;
using control_api::read_certificate_id;
using registry::CertificatePurpose;
using registry::CertificateStatus;

/// AWS IoT, provisioning by trusted user.
constexpr Seconds kTrustedUserClaim = std::chrono::minutes(5);
constexpr Seconds kDefaultClaim = std::chrono::hours(24 * 30);
constexpr Seconds kLongestClaim = std::chrono::hours(24 * 3650);

/// The properties of a claim certificate to be made.
struct ClaimRequest {
  CertificatePurpose purpose;
  x509::KeyAlgorithm algorithm;
  Seconds validity;
  registry::ClaimBudget budget;
  std::string name = {};
};

struct Claim {
  registry::Certificate certificate;
  x509::PrivateKey key;
};

/// A template that a claim may be for, and whether the policy of its claims exists already.
struct ClaimTemplate {
  registry::ProvisioningTemplate record;
  bool policy_exists;
};

runtime::Task<Result<std::vector<ClaimTemplate>>> find_templates(registry::Store& store,
                                                                 std::vector<TemplateName> names) {
  std::vector<ClaimTemplate> out;
  for (const TemplateName& name : names) {
    CO_TRY_ASSIGN(registry::ProvisioningTemplate record, co_await get_template_record(store, name));
    if (record.type != registry::TemplateType::fleet_provisioning) {
      co_return refuse(Exception::invalid_request,
                       fmt::format("Provisioning template {} is of type {}; claims are for "
                                   "FLEET_PROVISIONING",
                                   quote(record.name.str()), registry::to_string(record.type)));
    }
    CO_TRY_ASSIGN(
        const std::optional<registry::Policy> policy,
        co_await registry::find(store, registry::policy_key(claim_policy_name(record.name))));
    out.push_back({std::move(record), policy.has_value()});
  }
  co_return out;
}

/// Attaches the policy of a template's claims, and creates it for the first of them.
void add_policy(const Call& call, ClaimNeeds needs, const ClaimTemplate& claim_template,
                const CertificateId& certificate, Timestamp now, registry::ChangeSet& changes) {
  const PolicyName policy = claim_policy_name(claim_template.record.name);
  if (claim_template.policy_exists) {
    changes.add(registry::exists(registry::policy_key(policy)));
  } else {
    changes.add(registry::create(registry::Policy{.name = policy,
                                                  .generation_id = make_uuid(needs.random),
                                                  .created = now,
                                                  .modified = now}));
    changes.add(registry::create(registry::PolicyVersion{
        policy, 1, claim_policy_document({&claim_template.record.name, 1}, call.account), now}));
  }
  changes.add(registry::create(
      registry::PolicyAttachment{policy, registry::PolicyTarget(certificate), now}));
  changes.add(registry::exists(registry::template_key(claim_template.record.name)));
}

runtime::Task<Result<Claim>> make_claim(Call call, ClaimNeeds needs, ClaimRequest request) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::vector<ClaimTemplate> templates,
                co_await find_templates(store, request.budget.templates));
  CO_TRY_ASSIGN(x509::PrivateKey key, co_await provisioning::make_device_key(
                                          request.algorithm, needs.keys, call.access_key_id));
  provisioning::IssueRequest issue{
      .status = CertificateStatus::active,
      .purpose = request.purpose,
      .claim_budget = request.budget,
      .claim_name = request.name,
      .validity = request.validity,
      .event = call.event({{"claim", true}, {"budget", write_claim_budget(request.budget)}}),
      .also = [call, needs, templates](const registry::Certificate& certificate,
                                       registry::ChangeSet& changes) {
        for (const ClaimTemplate& claim_template : templates)
          add_policy(call, needs, claim_template, certificate.id, certificate.created, changes);
      }};
  CO_TRY_ASSIGN(registry::Certificate certificate,
                co_await needs.issue.run(key.public_key(), std::move(issue)));
  co_return Claim{std::move(certificate), std::move(key)};
}

Answer create_provisioning_claim(Call call, ClaimNeeds needs) {
  const ClaimRequest request{.purpose = CertificatePurpose::provisioning_claim,
                             .algorithm = needs.settings.get()->key_algorithm,
                             .validity = kTrustedUserClaim,
                             .budget = {.templates = {call.in.name<TemplateName>("templateName")}}};
  CO_TRY_ASSIGN(const Claim claim, co_await make_claim(std::move(call), needs, request));
  co_return json::object{
      {"certificateId", claim.certificate.id.hex()},
      {"certificatePem", claim.certificate.pem},
      {"keyPair", json::object{{"PublicKey", claim.key.public_pem()},
                               {"PrivateKey", claim.key.pem_traditional().reveal()}}},
      {"expiration", epoch_seconds(claim.certificate.not_after)}};
}

/// Imprint's own: on AWS the operator makes claim certificates. The key is P-256: small, quick to
/// make, understood by every client.
Answer create_claim(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(registry::ClaimBudget budget, read_claim_budget(call));
  if (const auto name = call.in.optional_name<TemplateName>("templateName");
      name && std::ranges::find(budget.templates, *name) == budget.templates.end())
    budget.templates.insert(budget.templates.begin(), *name);
  if (budget.templates.empty()) {
    co_return refuse(Exception::invalid_request,
                     "name the template that the claim is for: templateName, or templateNames");
  }
  const std::string document = claim_policy_document(budget.templates, call.account);
  const std::string policy = claim_policy_name(budget.templates.front()).str();
  ClaimRequest request{
      .purpose = CertificatePurpose::claim,
      .algorithm = x509::KeyAlgorithm::ec_p256,
      .validity = Seconds(call.in.integer("validForSeconds").value_or(kDefaultClaim.count())),
      .budget = std::move(budget),
      .name = call.in.text("name")};
  CO_TRY_ASSIGN(const Claim claim, co_await make_claim(std::move(call), needs, std::move(request)));
  co_return json::object{{"certificateId", claim.certificate.id.hex()},
                         {"certificatePem", claim.certificate.pem},
                         {"privateKey", claim.key.pem_traditional().reveal()},
                         {"policyName", policy},
                         {"policyDocument", document},
                         {"expiration", epoch_seconds(claim.certificate.not_after)}};
}

// ---- claims that exist ----

runtime::Task<Result<registry::Certificate>> get_certificate_record(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(const CertificateId id, read_certificate_id(call, "certificateId"));
  co_return co_await find_or_refuse(
      needs.store, registry::certificate_key(id),
      fmt::format("There is no certificate {}; ListClaims lists the claims", id.hex()));
}

runtime::Task<Result<registry::Certificate>> get_claim(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(registry::Certificate certificate, co_await get_certificate_record(call, needs));
  if (certificate.purpose == CertificatePurpose::claim) co_return certificate;
  co_return refuse(
      Exception::not_found,
      fmt::format("Certificate {} is no claim with a budget; UpdateClaim (imprint claim adopt) "
                  "gives one to a claim that was made in another way",
                  certificate.id.hex()));
}

/// When a device last used the claim, as far as the audit trail reaches back.
runtime::Task<Result<std::optional<Timestamp>>> last_use(registry::Store& store, CertificateId id) {
  constexpr std::size_t kEvents = 20;  // some of them are those of operators
  CO_TRY_ASSIGN(
      const std::vector<registry::AuditEvent> events,
      co_await registry::list_first<registry::AuditEvent>(
          store, registry::query::AuditEvents{.ascending = false, .certificate = id.hex()},
          kEvents));
  const auto used = std::ranges::find_if(
      events, [](const registry::AuditEvent& event) { return !event.client.empty(); });
  co_return used == events.end() ? std::nullopt : std::optional(used->time);
}

runtime::Task<Result<json::object>> describe(Call call, ClaimNeeds needs,
                                             registry::Certificate claim) {
  CO_TRY_ASSIGN(const std::optional<registry::Counter> counter,
                co_await registry::find(
                    needs.store, registry::counter_key(provisioning::devices_counter(claim.id))));
  CO_TRY_ASSIGN(const std::optional<Timestamp> used, co_await last_use(needs.store, claim.id));
  const std::int64_t devices = counter ? counter->value : 0;
  const auto state = provisioning::state_of(claim, devices, call.now());
  json::object out{{"certificateId", claim.id.hex()},
                   {"certificateArn", certificate_arn(call, claim.id)},
                   {"status", registry::to_string(claim.status)},
                   {"state", provisioning::to_string(state)},
                   {"devices", devices},
                   {"budget", write_claim_budget(claim.claim_budget)},
                   {"creationDate", epoch_seconds(claim.created)},
                   {"expiration", epoch_seconds(claim.not_after)},
                   {"version", claim.version}};
  if (!claim.claim_name.empty()) out["name"] = claim.claim_name;
  json::array learned;
  for (const Network& network : claim.claim_networks) learned.emplace_back(network.text());
  if (!learned.empty()) out["learnedNetworks"] = std::move(learned);
  if (used) out["lastUse"] = epoch_seconds(*used);
  if (claim.frozen) {
    json::object frozen{{"at", epoch_seconds(claim.frozen->at)},
                        {"because", claim.frozen->because}};
    if (!claim.frozen->by.empty()) frozen["by"] = claim.frozen->by;
    out["frozen"] = std::move(frozen);
  }
  co_return out;
}

Answer list_claims(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const registry::Page page,
                co_await needs.store.list(registry::query::Claims{}, cursor));
  json::array claims;
  for (const registry::Record& record : page.records) {
    CO_TRY_ASSIGN(json::object claim,
                  co_await describe(call, needs, std::get<registry::Certificate>(record)));
    claims.emplace_back(std::move(claim));
  }
  json::object answer{{"claims", std::move(claims)}};
  put_next(answer, call, kTokenStyle, page.next);
  co_return answer;
}

Answer describe_claim(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(registry::Certificate claim, co_await get_claim(call, needs));
  co_return co_await describe(call, needs, std::move(claim));
}

/// Stores a claim that was read and altered, and describes it.
Answer store_claim(Call call, ClaimNeeds needs, registry::Certificate claim,
                   registry::ChangeSet changes) {
  changes.events.front().certificate = claim.id.hex();
  changes.add(registry::update(claim, call.now()));
  CO_TRY(co_await commit(needs.store, std::move(changes)));
  co_return co_await describe(call, needs, std::move(claim));
}

registry::ChangeSet claim_change(const Call& call, json::object detail = {}) {
  detail["claim"] = true;
  return change_set(call.event(std::move(detail)));
}

/// A claim that was made as on AWS can get a budget; a device's own certificate cannot.
runtime::Task<Result<void>> check_adoptable(registry::Store& store,
                                            registry::Certificate certificate) {
  if (certificate.purpose == CertificatePurpose::claim) co_return Result<void>();
  const registry::query::ThingsOfPrincipal attached{certificate.id};
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> things,
                co_await registry::list_first<registry::ThingPrincipal>(store, attached, 1));
  const bool is_claim = things.empty() && !certificate.requested_by && !certificate.registration &&
                        certificate.purpose == CertificatePurpose::identity;
  if (is_claim) co_return Result<void>();
  co_return refuse(Exception::invalid_request,
                   fmt::format("certificate {} {}; budgets are for claims", certificate.id.hex(),
                               certificate.purpose == CertificatePurpose::identity
                                   ? "belongs to a device"
                                   : "is a trusted user's claim, which lasts five minutes"));
}

/// A claim that was made with CreateClaim has a policy for each of its templates; further templates
/// add theirs.
runtime::Task<Result<void>> add_policies(Call call, ClaimNeeds needs, registry::Certificate claim,
                                         registry::ChangeSet& changes) {
  const registry::query::PoliciesOfTarget of_claim{registry::PolicyTarget(claim.id)};
  CO_TRY_ASSIGN(const std::vector<registry::PolicyAttachment> attached,
                co_await registry::list_all<registry::PolicyAttachment>(needs.store, of_claim));
  CO_TRY_ASSIGN(const std::vector<ClaimTemplate> templates,
                co_await find_templates(needs.store, claim.claim_budget.templates));
  if (std::ranges::none_of(attached, &is_claim_policy, &registry::PolicyAttachment::policy))
    co_return Result<void>();
  for (const ClaimTemplate& claim_template : templates) {
    const PolicyName policy = claim_policy_name(claim_template.record.name);
    if (std::ranges::find(attached, policy, &registry::PolicyAttachment::policy) == attached.end())
      add_policy(call, needs, claim_template, claim.id, call.now(), changes);
  }
  co_return Result<void>();
}

Answer update_claim(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(registry::Certificate claim, co_await get_certificate_record(call, needs));
  CO_TRY_ASSIGN(registry::ClaimBudget budget, read_claim_budget(call));
  CO_TRY(co_await check_adoptable(needs.store, claim));
  if (const auto expected = call.in.integer("expectedVersion");
      expected && *expected != claim.version) {
    co_return refuse(Exception::version_conflict,
                     fmt::format("The claim has version {}, not {}: somebody changed it meanwhile",
                                 claim.version, *expected));
  }
  // With another number of devices to learn from, learning starts again.
  if (budget.learning_devices != claim.claim_budget.learning_devices) claim.claim_networks.clear();
  claim.claim_budget = std::move(budget);
  if (call.in.has("name")) claim.claim_name = call.in.text("name");
  claim.purpose = CertificatePurpose::claim;
  registry::ChangeSet changes = claim_change(call);
  CO_TRY(co_await add_policies(call, needs, claim, changes));
  co_return co_await store_claim(std::move(call), needs, std::move(claim), std::move(changes));
}

Answer freeze_claim(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(registry::Certificate claim, co_await get_claim(call, needs));
  if (claim.frozen) co_return co_await describe(call, needs, std::move(claim));
  if (claim.status != CertificateStatus::active) {
    co_return refuse(Exception::certificate_state,
                     fmt::format("Claim {} is {}; only one that is ACTIVE can be frozen",
                                 claim.id.hex(), registry::to_string(claim.status)));
  }
  const std::string because = call.in.text("because");
  registry::Certificate frozen = provisioning::frozen(
      std::move(claim), {.at = call.now(), .because = because, .by = call.access_key_id});
  registry::ChangeSet changes = claim_change(call, {{"because", because}});
  co_return co_await store_claim(std::move(call), needs, std::move(frozen), std::move(changes));
}

Answer thaw_claim(Call call, ClaimNeeds needs) {
  CO_TRY_ASSIGN(registry::Certificate claim, co_await get_claim(call, needs));
  if (!claim.frozen) {
    co_return refuse(Exception::certificate_state,
                     fmt::format("Claim {} is not frozen; its status is {}", claim.id.hex(),
                                 registry::to_string(claim.status)));
  }
  CO_TRY_ASSIGN(
      const provisioning::KeyHistory history,
      co_await provisioning::read_key_history(needs.store, provisioning::identity_of(claim)));
  CO_TRY(check_activation(history, claim.id));
  claim.frozen.reset();
  claim.status = CertificateStatus::active;
  registry::ChangeSet changes = claim_change(call);
  changes.add(provisioning::precondition_of(history));
  co_return co_await store_claim(std::move(call), needs, std::move(claim), std::move(changes));
}

using enum Exception;

constexpr InputInfo kProvisioningClaim[] = {members::template_name()};
constexpr InputInfo kOneTemplate = [] {
  InputInfo input = members::template_name(Location::body);
  input.required = false;
  return input;
}();
constexpr InputInfo kName{.name = "name", .most = 128, .rule = members::kPrintable};
constexpr InputInfo kClaim[] = {
    kOneTemplate,
    kName,
    {.name = "validForSeconds", .type = Type::integer, .least = 60, .most = kLongestClaim.count()},
    kTemplateNames,
    kMaxDevices,
    kRate,
    kFrom,
    kUntil,
    kNetworks,
    kSerials,
    kLearningDevices};
constexpr InputInfo kUpdate[] = {members::certificate_id(),
                                 members::expected_version(Location::body),
                                 kName,
                                 kTemplateNames,
                                 kMaxDevices,
                                 kRate,
                                 kFrom,
                                 kUntil,
                                 kNetworks,
                                 kSerials,
                                 kLearningDevices};
constexpr InputInfo kOne[] = {members::certificate_id()};
constexpr InputInfo kFreeze[] = {
    members::certificate_id(),
    {.name = "because", .required = true, .least = 1, .most = 256, .rule = members::kPrintable}};
constexpr InputInfo kList[] = {members::kMaxResults, members::kNextToken};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, internal_failure};
constexpr ExceptionSet kListErrors{invalid_request, throttling, unauthorized, service_unavailable,
                                   internal_failure};
constexpr ExceptionSet kUpdateErrors{invalid_request, not_found,    version_conflict,
                                     throttling,      unauthorized, service_unavailable,
                                     internal_failure};
constexpr ExceptionSet kStateErrors{invalid_request, not_found,    certificate_state,
                                    throttling,      unauthorized, service_unavailable,
                                    internal_failure};

constexpr rest::Row<ClaimNeeds> kOperations[] = {
    {"CreateProvisioningClaim", "POST", "/provisioning-templates/{templateName}/provisioning-claim",
     kProvisioningClaim, kErrors, create_provisioning_claim, "provisioningtemplate/{templateName}"},
    {"CreateClaim", "POST", "/imprint/v1/claims", kClaim, kErrors, create_claim,
     "provisioningtemplate/{templateName|templateNames}"},
    {"ListClaims", "GET", "/imprint/v1/claims", kList, kListErrors, list_claims},
    {"DescribeClaim", "GET", "/imprint/v1/claims/{certificateId}", kOne, kErrors, describe_claim,
     "cert/{certificateId}"},
    {"UpdateClaim", "PUT", "/imprint/v1/claims/{certificateId}", kUpdate, kUpdateErrors,
     update_claim, "cert/{certificateId} provisioningtemplate/{templateNames}"},
    {"FreezeClaim", "POST", "/imprint/v1/claims/{certificateId}/freeze", kFreeze, kStateErrors,
     freeze_claim, "cert/{certificateId}"},
    {"ThawClaim", "POST", "/imprint/v1/claims/{certificateId}/thaw", kOne, kStateErrors, thaw_claim,
     "cert/{certificateId}"},
};

}  // namespace

Operations claim_operations(registry::Store& store, provisioning::IssueCertificate& issue,
                            issuance::KeyPool& keys,
                            const Current<provisioning::Settings>& settings, Random& random) {
  return rest::bind(kOperations, ClaimNeeds{store, issue, keys, settings, random});
}

}  // namespace imprint::operator_api
