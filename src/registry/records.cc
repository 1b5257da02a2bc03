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
};

// The number is padded so that keys sort as the numbers do.
std::string number_text(std::int64_t number) { return fmt::format("{:010}", number); }

struct KeyOf {
  Key operator()(const Thing& r) const { return thing_key(r.name); }
  Key operator()(const ThingType& r) const { return thing_type_key(r.name); }
  Key operator()(const ThingGroup& r) const { return thing_group_key(r.name); }
  Key operator()(const GroupMembership& r) const { return membership_key(r.thing, r.group); }
  Key operator()(const Certificate& r) const { return certificate_key(r.id); }
  Key operator()(const IssuanceIntent& r) const { return intent_key(r.serial); }
  Key operator()(const Policy& r) const { return policy_key(r.name); }
  Key operator()(const PolicyVersion& r) const { return policy_version_key(r.policy, r.number); }
  Key operator()(const PolicyAttachment& r) const { return attachment_key(r.policy, r.target); }
  Key operator()(const ThingPrincipal& r) const { return principal_key(r.thing, r.certificate); }
  Key operator()(const ProvisioningTemplate& r) const { return template_key(r.name); }
  Key operator()(const ProvisioningTemplateVersion& r) const {
    return template_version_key(r.template_name, r.number);
  }
  Key operator()(const Counter& r) const { return counter_key(r.name); }
  Key operator()(const AuditEvent& r) const { return {Kind::audit_event, number_text(r.sequence)}; }
  Key operator()(const Credential& r) const { return credential_key(r.access_key_id); }
  Key operator()(const RegistrationTask& r) const { return registration_task_key(r.id); }
  Key operator()(const RegistrationProgress& r) const { return registration_progress_key(r.task); }
  Key operator()(const IndexingConfiguration&) const { return indexing_configuration_key(); }
  Key operator()(const CaCertificate& r) const { return ca_certificate_key(r.id); }
  Key operator()(const ResourceTags& r) const { return tags_key(r.resource); }
  Key operator()(const Setting& r) const { return setting_key(r.name); }
  Key operator()(const ManufacturingList& r) const { return manufacturing_list_key(r.name); }
  Key operator()(const ListEntry& r) const { return list_entry_key(r.list, r.serial); }
  Key operator()(const AuditTrail&) const { return audit_trail_key(); }
  Key operator()(const Alarm& r) const { return alarm_key(r.id); }
  Key operator()(const Tombstone& r) const { return tombstone_key(r.certificate); }
};

struct VersionOf {
  std::int64_t operator()(const AuditEvent&) const { return 1; }
  std::int64_t operator()(const AuditTrail&) const { return 1; }
  std::int64_t operator()(const auto& r) const { return r.version; }
};

struct CreatedAt {
  Timestamp operator()(const Counter&) const { return {}; }
  Timestamp operator()(const AuditEvent& r) const { return r.time; }
  Timestamp operator()(const AuditTrail&) const { return {}; }
  Timestamp operator()(const RegistrationProgress& r) const { return r.modified; }
  Timestamp operator()(const IndexingConfiguration& r) const { return r.modified; }
  Timestamp operator()(const Alarm& r) const { return r.since; }
  Timestamp operator()(const auto& r) const { return r.created; }
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

Key thing_key(const ThingName& name) { return {Kind::thing, name.str()}; }
Key thing_type_key(const ThingTypeName& name) { return {Kind::thing_type, name.str()}; }
Key thing_group_key(const ThingGroupName& name) { return {Kind::thing_group, name.str()}; }
Key membership_key(const ThingName& thing, const ThingGroupName& group) {
  return {Kind::group_membership, thing.str(), group.str()};
}
Key certificate_key(const CertificateId& id) { return {Kind::certificate, id.hex()}; }
Key alarm_key(const std::string& id) { return {Kind::alarm, id}; }
Key tombstone_key(const CertificateId& certificate) { return {Kind::tombstone, certificate.hex()}; }
Key intent_key(const std::string& serial) { return {Kind::issuance_intent, serial}; }
Key policy_key(const PolicyName& name) { return {Kind::policy, name.str()}; }
Key policy_version_key(const PolicyName& name, std::int64_t number) {
  return {Kind::policy_version, name.str(), number_text(number)};
}
Key attachment_key(const PolicyName& policy, const PolicyTarget& target) {
  return {Kind::policy_attachment, policy.str(), to_string(target)};
}
Key principal_key(const ThingName& thing, const CertificateId& certificate) {
  return {Kind::thing_principal, thing.str(), certificate.hex()};
}
Key template_key(const TemplateName& name) { return {Kind::provisioning_template, name.str()}; }
Key template_version_key(const TemplateName& name, std::int64_t number) {
  return {Kind::provisioning_template_version, name.str(), number_text(number)};
}
Key counter_key(const std::string& name) { return {Kind::counter, name}; }
Key registration_task_key(const std::string& id) { return {Kind::registration_task, id}; }
Key registration_progress_key(const std::string& task) {
  return {Kind::registration_progress, task};
}
Key indexing_configuration_key() { return {Kind::indexing_configuration, "things"}; }
Key ca_certificate_key(const CertificateId& id) { return {Kind::ca_certificate, id.hex()}; }
Key tags_key(const std::string& resource) { return {Kind::resource_tags, resource}; }
Key setting_key(const std::string& name) { return {Kind::setting, name}; }
Key manufacturing_list_key(const ListName& name) { return {Kind::manufacturing_list, name.str()}; }
Key list_entry_key(const ListName& list, const std::string& serial) {
  return {Kind::list_entry, list.str(), serial};
}
Key audit_trail_key() { return {Kind::audit_trail, "audit-trail"}; }
std::string entries_counter(const ListName& list) {
  return fmt::format("entries-of-list/{}", list.str());
}

Key credential_key(const std::string& access_key_id) { return {Kind::credential, access_key_id}; }

Key key_of(const Record& record) { return std::visit(KeyOf{}, record); }
std::int64_t version_of(const Record& record) { return std::visit(VersionOf{}, record); }
Timestamp created_at(const Record& record) { return std::visit(CreatedAt{}, record); }

std::string to_string(const PolicyTarget& target) {
  if (const auto* certificate = std::get_if<CertificateId>(&target))
    return "cert/" + certificate->hex();
  return "thinggroup/" + std::get<ThingGroupName>(target).str();
}

std::string_view kind_name(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace imprint::registry
