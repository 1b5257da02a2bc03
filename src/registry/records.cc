// SPDX-License-Identifier: Apache-2.0
#include "registry/records.h"

#include <array>
#include <utility>

namespace imprint::registry {

namespace {

constexpr std::array<std::pair<CertificateStatus, std::string_view>, 6> kStatuses = {{
    {CertificateStatus::active, "ACTIVE"},
    {CertificateStatus::inactive, "INACTIVE"},
    {CertificateStatus::revoked, "REVOKED"},
    {CertificateStatus::pending_transfer, "PENDING_TRANSFER"},
    {CertificateStatus::register_inactive, "REGISTER_INACTIVE"},
    {CertificateStatus::pending_activation, "PENDING_ACTIVATION"},
}};

constexpr std::array<std::pair<TaskStatus, std::string_view>, 5> kTaskStatuses = {{
    {TaskStatus::in_progress, "InProgress"},
    {TaskStatus::completed, "Completed"},
    {TaskStatus::failed, "Failed"},
    {TaskStatus::cancelled, "Cancelled"},
    {TaskStatus::cancelling, "Cancelling"},
}};

constexpr std::array<std::string_view, kKinds> kKindNames = {
    "thing",
    "thing type",
    "thing group",
    "group membership",
    "certificate",
    "issuance intent",
    "policy",
    "policy version",
    "policy attachment",
    "thing principal",
    "provisioning template",
    "provisioning template version",
    "counter",
    "audit event",
    "credential",
    "registration task",
    "registration progress",
    "indexing configuration",
    "CA certificate",
    "tag set",
    "setting",
    "manufacturing list",
    "list entry",
    "audit trail",
    "alarm",
    "revocation",
    "job",
    "job progress",
    "job template",
    "job execution",
};

}  // namespace

Record::Record(const Record& other) = default;
Record::Record(Record&& other) noexcept = default;
Record& Record::operator=(const Record& other) = default;
Record& Record::operator=(Record&& other) noexcept = default;
Record::~Record() = default;

std::string_view to_string(CertificateStatus status) {
  for (const auto& [value, text] : kStatuses) {
    if (value == status) return text;
  }
  return "INACTIVE";
}

Result<CertificateStatus> parse_certificate_status(std::string_view text) {
  for (const auto& [value, name] : kStatuses) {
    if (name == text) return value;
  }
  return fail(Fault::invalid,
              "{} is not a certificate status; one of ACTIVE, INACTIVE, REVOKED, PENDING_TRANSFER, "
              "REGISTER_INACTIVE, PENDING_ACTIVATION is",
              quote(text));
}

std::string_view to_string(TaskStatus status) {
  return kTaskStatuses[static_cast<std::size_t>(status)].second;
}

Result<TaskStatus> parse_task_status(std::string_view text) {
  for (const auto& [value, name] : kTaskStatuses) {
    if (name == text) return value;
  }
  return fail(Fault::invalid,
              "{} is not the status of a task; one of InProgress, Completed, Failed, Cancelled, "
              "Cancelling is",
              quote(text));
}

std::string_view to_string(CertificateMode mode) {
  return mode == CertificateMode::sni_only ? "SNI_ONLY" : "DEFAULT";
}

std::string_view to_string(TemplateType type) {
  return type == TemplateType::jitp ? "JITP" : "FLEET_PROVISIONING";
}

std::string_view to_string(CredentialStatus status) {
  return status == CredentialStatus::active ? "active" : "revoked";
}

std::string to_string(const PolicyTarget& target) {
  if (const auto* certificate = std::get_if<CertificateId>(&target))
    return "cert/" + certificate->hex();
  return "thinggroup/" + std::get<ThingGroupName>(target).str();
}

Result<PolicyTarget> parse_policy_target(std::string_view text) {
  if (text.starts_with("cert/")) {
    if (auto certificate = CertificateId::parse(text.substr(5))) return *certificate;
  } else if (text.starts_with("thinggroup/")) {
    if (auto group = ThingGroupName::parse(text.substr(11))) return *group;
  }
  return fail(Fault::invalid, "is not a policy target");
}

std::string_view kind_name(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace imprint::registry
