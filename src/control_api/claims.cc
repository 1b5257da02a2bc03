// SPDX-License-Identifier: Apache-2.0
#include "control_api/claim_policy.h"
#include "control_api/operations.h"
#include "control_api/template_records.h"

namespace imprint::control_api {

namespace {

using registry::CertificatePurpose;
using registry::Expect;

/// AWS IoT, provisioning by trusted user.
constexpr Seconds kTrustedUserClaim = std::chrono::minutes(5);
constexpr Seconds kDefaultClaim = std::chrono::hours(24 * 30);
constexpr Seconds kLongestClaim = std::chrono::hours(24 * 3650);

/// What a claim certificate is to be.
struct ClaimRequest {
  CertificatePurpose purpose;
  x509::KeyAlgorithm algorithm;
  Seconds validity;
  std::optional<std::int64_t> max_devices = {};
};

struct Claim {
  registry::Certificate certificate;
  x509::PrivateKey key;
  PolicyName policy;
};

/// The changes that come with the certificate: its policy, made when it is the first claim of its
/// template, and the attachment.
void add_policy(const Call& call, const registry::ProvisioningTemplate& record, bool policy_exists,
                const registry::Certificate& certificate, registry::ChangeSet& changes) {
  const PolicyName policy = claim_policy_name(record.name);
  const Timestamp now = certificate.created;
  if (policy_exists) {
    require(changes, registry::policy_key(policy));
  } else {
    put(changes,
        registry::Policy{.name = policy,
                         .generation_id = make_uuid(call.server.random),
                         .created = now,
                         .modified = now},
        Expect::absent());
    put(changes,
        registry::PolicyVersion{policy, 1, claim_policy_document(record.name, call.server.account),
                                now},
        Expect::absent());
  }
  put(changes, registry::PolicyAttachment{policy, registry::PolicyTarget(certificate.id), now},
      Expect::absent());
  require(changes, registry::template_key(record.name));
}

runtime::Task<Result<Claim>> make_claim(Call call, ClaimRequest request) {
  registry::Store& store = call.server.store;
  CO_TRY_ASSIGN(const registry::ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  if (record.type != registry::TemplateType::fleet_provisioning) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Provisioning template {} is of type {}; claims are for "
                                 "FLEET_PROVISIONING",
                                 quote(record.name.str()), registry::to_string(record.type)));
  }
  const PolicyName policy = claim_policy_name(record.name);
  CO_TRY_ASSIGN(const std::optional<registry::Policy> existing,
                co_await find_record<registry::Policy>(store, registry::policy_key(policy)));
  CO_TRY_ASSIGN(x509::PrivateKey key,
                co_await provisioning::make_device_key(request.algorithm, call.server.keys));
  json::object detail{{"template", record.name.str()}, {"policy", policy.str()}};
  if (request.max_devices) detail["max_devices"] = *request.max_devices;
  provisioning::IssueRequest issue{
      .status = registry::CertificateStatus::active,
      .purpose = request.purpose,
      .claim_template = record.name,
      .claim_limit = request.max_devices,
      .validity = request.validity,
      .event = call.event(std::move(detail)),
      .also = [call, record, policy_exists = existing.has_value()](
                  const registry::Certificate& certificate, registry::ChangeSet& changes) {
        add_policy(call, record, policy_exists, certificate, changes);
      }};
  CO_TRY_ASSIGN(registry::Certificate certificate,
                co_await call.server.issue.run(key.public_key(), std::move(issue)));
  co_return Claim{std::move(certificate), std::move(key), policy};
}

Answer create_provisioning_claim(Call call) {
  const ClaimRequest request{.purpose = CertificatePurpose::provisioning_claim,
                             .algorithm = call.server.settings.get()->key_algorithm,
                             .validity = kTrustedUserClaim};
  CO_TRY_ASSIGN(const Claim claim, co_await make_claim(std::move(call), request));
  co_return json::object{
      {"certificateId", claim.certificate.id.hex()},
      {"certificatePem", claim.certificate.pem},
      {"keyPair", json::object{{"PublicKey", claim.key.public_pem()},
                               {"PrivateKey", claim.key.pem_traditional().reveal()}}},
      {"expiration", epoch_seconds(claim.certificate.not_after)}};
}

/// Imprint's own: AWS leaves claim certificates to the operator. Its key is P-256, because the
/// choice is ours: small, quick to make, understood by every client.
Answer create_claim(Call call) {
  const ClaimRequest request{
      .purpose = CertificatePurpose::claim,
      .algorithm = x509::KeyAlgorithm::ec_p256,
      .validity = Seconds(call.in.integer("validForSeconds").value_or(kDefaultClaim.count())),
      .max_devices = call.in.integer("maxDevices")};
  const std::string document =
      claim_policy_document(call.in.name<TemplateName>("templateName"), call.server.account);
  CO_TRY_ASSIGN(const Claim claim, co_await make_claim(std::move(call), request));
  co_return json::object{{"certificateId", claim.certificate.id.hex()},
                         {"certificatePem", claim.certificate.pem},
                         {"privateKey", claim.key.pem_traditional().reveal()},
                         {"policyName", claim.policy.str()},
                         {"policyDocument", document},
                         {"expiration", epoch_seconds(claim.certificate.not_after)}};
}

using enum Exception;

constexpr InputInfo kProvisioningClaim[] = {members::template_name()};
constexpr InputInfo kClaim[] = {
    members::template_name(Location::body),
    {.name = "validForSeconds", .type = Type::integer, .least = 60, .most = kLongestClaim.count()},
    {.name = "maxDevices", .type = Type::integer, .least = 1, .most = 1'000'000'000}};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, internal_failure};

constexpr OperationInfo kOperations[] = {
    {"CreateProvisioningClaim", "POST", "/provisioning-templates/{templateName}/provisioning-claim",
     kProvisioningClaim, kErrors, create_provisioning_claim, "provisioningtemplate/{templateName}"},
    {"CreateClaim", "POST", "/imprint/v1/claims", kClaim, kErrors, create_claim,
     "provisioningtemplate/{templateName}"},
};

}  // namespace

Operations claim_operations() { return kOperations; }

}  // namespace imprint::control_api
