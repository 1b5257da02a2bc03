// SPDX-License-Identifier: Apache-2.0
#include "registry/keys.h"

namespace imprint::registry {

namespace {

// The number is padded so that keys sort numerically.
std::string number_text(std::int64_t number) { return fmt::format("{:010}", number); }

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
  Timestamp operator()(const JobProgress&) const { return {}; }
  Timestamp operator()(const JobExecution& r) const { return r.queued; }
  Timestamp operator()(const auto& r) const { return r.created; }
};

}  // namespace

KeyOf<Thing> thing_key(const ThingName& name) { return {{Kind::thing, name.str()}}; }
KeyOf<ThingType> thing_type_key(const ThingTypeName& name) {
  return {{Kind::thing_type, name.str()}};
}
KeyOf<ThingGroup> thing_group_key(const ThingGroupName& name) {
  return {{Kind::thing_group, name.str()}};
}
KeyOf<GroupMembership> membership_key(const ThingName& thing, const ThingGroupName& group) {
  return {{Kind::group_membership, thing.str(), group.str()}};
}
KeyOf<Certificate> certificate_key(const CertificateId& id) {
  return {{Kind::certificate, id.hex()}};
}
KeyOf<IssuanceIntent> intent_key(const std::string& serial) {
  return {{Kind::issuance_intent, serial}};
}
KeyOf<Policy> policy_key(const PolicyName& name) { return {{Kind::policy, name.str()}}; }
KeyOf<PolicyVersion> policy_version_key(const PolicyName& name, std::int64_t number) {
  return {{Kind::policy_version, name.str(), number_text(number)}};
}
KeyOf<PolicyAttachment> attachment_key(const PolicyName& policy, const PolicyTarget& target) {
  return {{Kind::policy_attachment, policy.str(), to_string(target)}};
}
KeyOf<ThingPrincipal> principal_key(const ThingName& thing, const CertificateId& certificate) {
  return {{Kind::thing_principal, thing.str(), certificate.hex()}};
}
KeyOf<ProvisioningTemplate> template_key(const TemplateName& name) {
  return {{Kind::provisioning_template, name.str()}};
}
KeyOf<ProvisioningTemplateVersion> template_version_key(const TemplateName& name,
                                                        std::int64_t number) {
  return {{Kind::provisioning_template_version, name.str(), number_text(number)}};
}
KeyOf<Counter> counter_key(const std::string& name) { return {{Kind::counter, name}}; }
KeyOf<Credential> credential_key(const std::string& access_key_id) {
  return {{Kind::credential, access_key_id}};
}
KeyOf<RegistrationTask> registration_task_key(const std::string& id) {
  return {{Kind::registration_task, id}};
}
KeyOf<RegistrationProgress> registration_progress_key(const std::string& task) {
  return {{Kind::registration_progress, task}};
}
KeyOf<IndexingConfiguration> indexing_configuration_key() {
  return {{Kind::indexing_configuration, "things"}};
}
KeyOf<CaCertificate> ca_certificate_key(const CertificateId& id) {
  return {{Kind::ca_certificate, id.hex()}};
}
KeyOf<ResourceTags> tags_key(const std::string& resource) {
  return {{Kind::resource_tags, resource}};
}
KeyOf<Setting> setting_key(const std::string& name) { return {{Kind::setting, name}}; }
KeyOf<ManufacturingList> manufacturing_list_key(const ListName& name) {
  return {{Kind::manufacturing_list, name.str()}};
}
KeyOf<ListEntry> list_entry_key(const ListName& list, const std::string& serial) {
  return {{Kind::list_entry, list.str(), serial}};
}
KeyOf<AuditTrail> audit_trail_key() { return {{Kind::audit_trail, "audit-trail"}}; }
KeyOf<Alarm> alarm_key(const std::string& id) { return {{Kind::alarm, id}}; }
KeyOf<Tombstone> tombstone_key(const CertificateId& certificate) {
  return {{Kind::tombstone, certificate.hex()}};
}

KeyOf<Job> job_key(const JobId& id) { return {{Kind::job, id.str()}}; }
KeyOf<JobProgress> job_progress_key(const JobId& job) { return {{Kind::job_progress, job.str()}}; }
KeyOf<JobTemplate> job_template_key(const JobId& id) { return {{Kind::job_template, id.str()}}; }
KeyOf<JobExecution> job_execution_key(const ThingName& thing, const JobId& job,
                                      std::int64_t number) {
  return {{Kind::job_execution, thing.str(), job.str() + "/" + number_text(number)}};
}

std::string executions_counter(const JobId& job, JobExecutionStatus status) {
  return fmt::format("executions-of-job/{}/{}", job.str(), to_string(status));
}
std::string entries_counter(const ListName& list) {
  return fmt::format("entries-of-list/{}", list.str());
}

KeyOf<Thing> key_of(const Thing& record) { return thing_key(record.name); }
KeyOf<ThingType> key_of(const ThingType& record) { return thing_type_key(record.name); }
KeyOf<ThingGroup> key_of(const ThingGroup& record) { return thing_group_key(record.name); }
KeyOf<GroupMembership> key_of(const GroupMembership& record) {
  return membership_key(record.thing, record.group);
}
KeyOf<Certificate> key_of(const Certificate& record) { return certificate_key(record.id); }
KeyOf<IssuanceIntent> key_of(const IssuanceIntent& record) { return intent_key(record.serial); }
KeyOf<Policy> key_of(const Policy& record) { return policy_key(record.name); }
KeyOf<PolicyVersion> key_of(const PolicyVersion& record) {
  return policy_version_key(record.policy, record.number);
}
KeyOf<PolicyAttachment> key_of(const PolicyAttachment& record) {
  return attachment_key(record.policy, record.target);
}
KeyOf<ThingPrincipal> key_of(const ThingPrincipal& record) {
  return principal_key(record.thing, record.certificate);
}
KeyOf<ProvisioningTemplate> key_of(const ProvisioningTemplate& record) {
  return template_key(record.name);
}
KeyOf<ProvisioningTemplateVersion> key_of(const ProvisioningTemplateVersion& record) {
  return template_version_key(record.template_name, record.number);
}
KeyOf<Counter> key_of(const Counter& record) { return counter_key(record.name); }
KeyOf<AuditEvent> key_of(const AuditEvent& record) {
  return {{Kind::audit_event, number_text(record.sequence)}};
}
KeyOf<Credential> key_of(const Credential& record) { return credential_key(record.access_key_id); }
KeyOf<RegistrationTask> key_of(const RegistrationTask& record) {
  return registration_task_key(record.id);
}
KeyOf<RegistrationProgress> key_of(const RegistrationProgress& record) {
  return registration_progress_key(record.task);
}
KeyOf<IndexingConfiguration> key_of(const IndexingConfiguration&) {
  return indexing_configuration_key();
}
KeyOf<CaCertificate> key_of(const CaCertificate& record) { return ca_certificate_key(record.id); }
KeyOf<ResourceTags> key_of(const ResourceTags& record) { return tags_key(record.resource); }
KeyOf<Setting> key_of(const Setting& record) { return setting_key(record.name); }
KeyOf<ManufacturingList> key_of(const ManufacturingList& record) {
  return manufacturing_list_key(record.name);
}
KeyOf<ListEntry> key_of(const ListEntry& record) {
  return list_entry_key(record.list, record.serial);
}
KeyOf<AuditTrail> key_of(const AuditTrail&) { return audit_trail_key(); }
KeyOf<Alarm> key_of(const Alarm& record) { return alarm_key(record.id); }
KeyOf<Tombstone> key_of(const Tombstone& record) { return tombstone_key(record.certificate); }

KeyOf<Job> key_of(const Job& record) { return job_key(record.id); }
KeyOf<JobProgress> key_of(const JobProgress& record) { return job_progress_key(record.job); }
KeyOf<JobTemplate> key_of(const JobTemplate& record) { return job_template_key(record.id); }
KeyOf<JobExecution> key_of(const JobExecution& record) {
  return job_execution_key(record.thing, record.job, record.number);
}
Key key_of(const Record& record) {
  return std::visit([](const auto& one) -> Key { return key_of(one); }, record);
}
std::int64_t version_of(const Record& record) { return std::visit(VersionOf{}, record); }
Timestamp created_at(const Record& record) { return std::visit(CreatedAt{}, record); }

}  // namespace imprint::registry
