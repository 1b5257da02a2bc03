// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "registry/records.h"

namespace imprint::registry {

/// A record's name within its kind. The functions below make it from well-formed names.
struct Key {
  Kind kind;
  std::string first;
  std::string second = {};

  friend auto operator<=>(const Key&, const Key&) = default;
  friend bool operator==(const Key&, const Key&) = default;
};

/// The key of a record of this type.
template <class T>
struct KeyOf : Key {};

KeyOf<Thing> thing_key(const ThingName& name);
KeyOf<ThingType> thing_type_key(const ThingTypeName& name);
KeyOf<ThingGroup> thing_group_key(const ThingGroupName& name);
KeyOf<GroupMembership> membership_key(const ThingName& thing, const ThingGroupName& group);
KeyOf<Certificate> certificate_key(const CertificateId& id);
KeyOf<IssuanceIntent> intent_key(const std::string& serial);
KeyOf<Policy> policy_key(const PolicyName& name);
KeyOf<PolicyVersion> policy_version_key(const PolicyName& name, std::int64_t number);
KeyOf<PolicyAttachment> attachment_key(const PolicyName& policy, const PolicyTarget& target);
KeyOf<ThingPrincipal> principal_key(const ThingName& thing, const CertificateId& certificate);
KeyOf<ProvisioningTemplate> template_key(const TemplateName& name);
KeyOf<ProvisioningTemplateVersion> template_version_key(const TemplateName& name,
                                                        std::int64_t number);
KeyOf<Counter> counter_key(const std::string& name);
KeyOf<Credential> credential_key(const std::string& access_key_id);
KeyOf<RegistrationTask> registration_task_key(const std::string& id);
KeyOf<RegistrationProgress> registration_progress_key(const std::string& task);
KeyOf<IndexingConfiguration> indexing_configuration_key();
KeyOf<CaCertificate> ca_certificate_key(const CertificateId& id);
KeyOf<ResourceTags> tags_key(const std::string& resource);
KeyOf<Setting> setting_key(const std::string& name);
KeyOf<ManufacturingList> manufacturing_list_key(const ListName& name);
KeyOf<ListEntry> list_entry_key(const ListName& list, const std::string& serial);
KeyOf<AuditTrail> audit_trail_key();
KeyOf<Alarm> alarm_key(const std::string& id);
KeyOf<Tombstone> tombstone_key(const CertificateId& certificate);
KeyOf<Job> job_key(const JobId& id);
KeyOf<JobProgress> job_progress_key(const JobId& job);
KeyOf<JobTemplate> job_template_key(const JobId& id);
KeyOf<JobExecution> job_execution_key(const ThingName& thing, const JobId& job,
                                      std::int64_t number);
/// The counter of a job's executions with this status. The code that changes an execution updates
/// it; it is erased with the job.
std::string executions_counter(const JobId& job, JobExecutionStatus status);
/// The counter of a list's entries. The code that adds and removes entries updates it; it is erased
/// with the list.
std::string entries_counter(const ListName& list);

KeyOf<Thing> key_of(const Thing& record);
KeyOf<ThingType> key_of(const ThingType& record);
KeyOf<ThingGroup> key_of(const ThingGroup& record);
KeyOf<GroupMembership> key_of(const GroupMembership& record);
KeyOf<Certificate> key_of(const Certificate& record);
KeyOf<IssuanceIntent> key_of(const IssuanceIntent& record);
KeyOf<Policy> key_of(const Policy& record);
KeyOf<PolicyVersion> key_of(const PolicyVersion& record);
KeyOf<PolicyAttachment> key_of(const PolicyAttachment& record);
KeyOf<ThingPrincipal> key_of(const ThingPrincipal& record);
KeyOf<ProvisioningTemplate> key_of(const ProvisioningTemplate& record);
KeyOf<ProvisioningTemplateVersion> key_of(const ProvisioningTemplateVersion& record);
KeyOf<Counter> key_of(const Counter& record);
KeyOf<AuditEvent> key_of(const AuditEvent& record);
KeyOf<Credential> key_of(const Credential& record);
KeyOf<RegistrationTask> key_of(const RegistrationTask& record);
KeyOf<RegistrationProgress> key_of(const RegistrationProgress& record);
KeyOf<IndexingConfiguration> key_of(const IndexingConfiguration& record);
KeyOf<CaCertificate> key_of(const CaCertificate& record);
KeyOf<ResourceTags> key_of(const ResourceTags& record);
KeyOf<Setting> key_of(const Setting& record);
KeyOf<ManufacturingList> key_of(const ManufacturingList& record);
KeyOf<ListEntry> key_of(const ListEntry& record);
KeyOf<AuditTrail> key_of(const AuditTrail& record);
KeyOf<Alarm> key_of(const Alarm& record);
KeyOf<Tombstone> key_of(const Tombstone& record);
KeyOf<Job> key_of(const Job& record);
KeyOf<JobProgress> key_of(const JobProgress& record);
KeyOf<JobTemplate> key_of(const JobTemplate& record);
KeyOf<JobExecution> key_of(const JobExecution& record);
Key key_of(const Record& record);
std::int64_t version_of(const Record& record);
Timestamp created_at(const Record& record);

}  // namespace imprint::registry

template <>
struct std::hash<imprint::registry::Key> {
  std::size_t operator()(const imprint::registry::Key& key) const noexcept {
    const std::size_t a = std::hash<std::string>()(key.first);
    const std::size_t b = std::hash<std::string>()(key.second);
    return (a * 31 + b) * 31 + static_cast<std::size_t>(key.kind);
  }
};
