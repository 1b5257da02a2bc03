// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "deployment/create.h"
#include "deployment/layout.h"
#include "issuance/serial.h"
#include "registry/sqlite/sqlite_store.h"
#include "x509/certificate.h"
#include "x509/private_key.h"
#include "x509/tbs_certificate.h"

/// A deployment with everything that the example template refers to, made without a server: for
/// tests and measurements that need devices to onboard. Every helper ends the program if something
/// cannot be made.
namespace imprint::test {

inline constexpr std::string_view kFleetTemplate = "FleetProvisioningTemplate";

inline constexpr std::string_view kFleetTemplateBody = R"({
  "Parameters": {"SerialNumber": {"Type": "String"}, "FirmwareVersion": {"Type": "String"},
                 "AWS::IoT::Certificate::Id": {"Type": "String"}},
  "Resources": {
    "certificate": {"Type": "AWS::IoT::Certificate",
      "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "FleetDevicePolicy"}},
    "thing": {"Type": "AWS::IoT::Thing",
      "OverrideSettings": {"AttributePayload": "MERGE", "ThingGroups": "DO_NOTHING",
                           "ThingTypeName": "REPLACE"},
      "Properties": {"AttributePayload": {"firmwareVersion": {"Ref": "FirmwareVersion"}},
        "ThingGroups": ["unprovisioned-devices"],
        "ThingName": {"Fn::Join": ["", ["device-", {"Ref": "SerialNumber"}]]},
        "ThingTypeName": "SmartSensor"}}}
})";

/// A device may connect under its thing's name and use the topics below device/{thing}.
inline constexpr std::string_view kDevicePolicy = R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "iot:Connect",
   "Resource": "arn:aws:iot:us-east-1:000000000000:client/${iot:Connection.Thing.ThingName}"},
  {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"],
   "Resource": "arn:aws:iot:us-east-1:000000000000:topic/device/${iot:Connection.Thing.ThingName}/*"}
]})";

/// The claim policy of AWS's developer guide, for both flows and every template.
inline constexpr std::string_view kClaimPolicy = R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
  {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"],
   "Resource": ["arn:aws:iot:us-east-1:000000000000:topic/$aws/certificates/*",
                "arn:aws:iot:us-east-1:000000000000:topic/$aws/provisioning-templates/*"]},
  {"Effect": "Allow", "Action": "iot:Subscribe",
   "Resource": ["arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/certificates/*",
                "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/provisioning-templates/*"]}
]})";

inline constexpr std::string_view kAllowEverything =
    R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})";

/// Returns the value of a setup step, which must succeed.
template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", describe(result.error()));
    IMPRINT_ASSERT(result.has_value());
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class FleetDeployment {
 public:
  /// Makes the deployment `directory` with its registry. In the directory,
  /// claims/FleetProvisioningTemplate holds a claim bundle, and claims/broker a certificate that
  /// may do everything.
  explicit FleetDeployment(std::filesystem::path directory) : layout_(std::move(directory)) {
    must(deployment::create(layout_.directory(), {}, clock_, random_));
    const auto store = must(registry::SqliteStore::open(layout_.store()));
    add_names();
    add_policy("FleetDevicePolicy", kDevicePolicy);
    add_policy("FleetClaimPolicy", kClaimPolicy);
    add_policy("AllowEverything", kAllowEverything);
    add_template();
    std::filesystem::create_directory(layout_.directory() / "claims");
    add_login(claim_folder(), registry::CertificatePurpose::claim, "FleetClaimPolicy");
    add_login(broker_folder(), registry::CertificatePurpose::identity, "AllowEverything");
    must(runtime::run_blocking(store->commit(std::move(changes_))));
  }

  [[nodiscard]] const deployment::Layout& layout() const { return layout_; }
  [[nodiscard]] std::filesystem::path claim_folder() const {
    return layout_.directory() / "claims" / kFleetTemplate;
  }
  [[nodiscard]] std::filesystem::path broker_folder() const {
    return layout_.directory() / "claims" / "broker";
  }

 private:
  void put(registry::Record record) {
    changes_.changes.emplace_back(registry::Put{std::move(record), registry::Expect::absent()});
  }

  void add_names() {
    put(registry::ThingType{.name = must(ThingTypeName::parse("SmartSensor")),
                            .id = make_uuid(random_),
                            .created = clock_.now()});
    put(registry::ThingGroup{.name = must(ThingGroupName::parse("unprovisioned-devices")),
                             .id = make_uuid(random_),
                             .created = clock_.now()});
  }

  void add_policy(std::string_view name, std::string_view document) {
    const PolicyName policy = must(PolicyName::parse(name));
    put(registry::Policy{.name = policy, .created = clock_.now(), .modified = clock_.now()});
    put(registry::PolicyVersion{
        .policy = policy, .document = std::string(document), .created = clock_.now()});
  }

  void add_template() {
    const TemplateName name = must(TemplateName::parse(kFleetTemplate));
    put(registry::ProvisioningTemplate{.name = name,
                                       .enabled = true,
                                       .role_arn = "arn:aws:iam::000000000000:role/provisioning",
                                       .created = clock_.now(),
                                       .modified = clock_.now()});
    put(registry::ProvisioningTemplateVersion{
        .template_name = name, .body = std::string(kFleetTemplateBody), .created = clock_.now()});
  }

  x509::Certificate issue(const x509::PublicKey& key) {
    const auto issuer =
        must(x509::Certificate::from_pem(must(read_file(layout_.issuing_certificate(), 65536))));
    const auto issuing_key = must(
        x509::PrivateKey::from_pem(must(read_secret_file(layout_.issuing_key(), 65536)).reveal()));
    return must(x509::sign_certificate(
        {.serial = issuance::make_serial(random_),
         .signature_algorithm = issuing_key.signature_algorithm(),
         .issuer = issuer.subject(),
         .not_before = clock_.now() - std::chrono::minutes(5),
         .not_after = clock_.now() + std::chrono::hours(24 * 30),
         .subject = must(x509::DistinguishedName::make({{x509::NameType::common_name, "claim"}})),
         .public_key = key,
         .extensions = {.basic_constraints = x509::BasicConstraints{},
                        .key_usage = x509::digital_signature,
                        .extended_key_usage = {std::string(x509::kClientAuth)},
                        .subject_key_id = x509::key_identifier(key),
                        .authority_key_id = issuer.extensions().subject_key_id}},
        issuing_key));
  }

  void add_login(const std::filesystem::path& folder, registry::CertificatePurpose purpose,
                 std::string_view policy) {
    const auto key = must(x509::PrivateKey::generate(x509::KeyAlgorithm::ec_p256));
    const x509::Certificate certificate = issue(key.public_key());
    std::filesystem::create_directory(folder);
    must(write_file_durably(folder / "claim.pem", 0644, certificate.pem()));
    must(write_file_durably(folder / "claim.key", 0600, key.pem_pkcs8().reveal()));
    std::filesystem::copy(layout_.trusted_root(), folder / "root-ca.pem");
    put(registry::Certificate{.id = certificate.id(),
                              .pem = certificate.pem(),
                              .status = registry::CertificateStatus::active,
                              .purpose = purpose,
                              .serial = certificate.serial_hex(),
                              .common_name = "claim",
                              .public_key = certificate.public_key().sha256(),
                              .not_before = certificate.not_before(),
                              .not_after = certificate.not_after(),
                              .created = clock_.now(),
                              .modified = clock_.now()});
    put(registry::PolicyAttachment{.policy = must(PolicyName::parse(policy)),
                                   .target = certificate.id(),
                                   .created = clock_.now()});
  }

  deployment::Layout layout_;
  SystemClock clock_;
  SystemRandom random_;
  registry::ChangeSet changes_;
};

}  // namespace imprint::test
