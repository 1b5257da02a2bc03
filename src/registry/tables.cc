// SPDX-License-Identifier: Apache-2.0
#include "registry/tables.h"

#include <array>
#include <cstdlib>
#include <functional>

#include "registry/cell.h"

namespace imprint::registry {

namespace {

/// When the sweep must examine a certificate; never, once a device owns it.
std::optional<Timestamp> sweep_time(const Certificate& certificate) {
  if (certificate.status == CertificateStatus::pending_activation)
    return certificate.ownership_expires;
  if (certificate.purpose == CertificatePurpose::provisioning_claim) return certificate.not_after;
  return std::nullopt;
}

std::optional<TemplateName> stored_template(const CaCertificate& ca) {
  return ca.registration ? ca.registration->template_name : std::nullopt;
}

/// Its place among what its thing has to do: those IN_PROGRESS come first.
std::optional<std::int64_t> pending_rank(const JobExecution& execution) {
  if (is_terminal(execution.status)) return std::nullopt;
  return execution.status == JobExecutionStatus::in_progress ? 0 : 1;
}

template <class Owner, class Member>
Owner owner_of(Member Owner::*);
template <class Owner, class Value>
Owner owner_of(Value (*)(const Owner&));

template <auto access>
Cell searched_cell(const Record& record) {
  return cell(std::invoke(access, std::get<decltype(owner_of(access))>(record)));
}

/// A column that holds a member, or the result of a function of the record.
template <auto access>
SearchedColumn searched(std::string_view name) {
  return {name, &searched_cell<access>};
}

/// In the order of Kind.
const std::array<Table, kKinds> kTables = {{
    {Kind::thing, "things", {"name"}, {searched<&Thing::type>("type")}},
    {Kind::thing_type, "thing_types", {"name"}},
    {Kind::thing_group, "thing_groups", {"name"}, {searched<&ThingGroup::parent>("parent")}},
    {Kind::group_membership, "group_memberships", {"thing", "grp"}},
    {Kind::certificate,
     "certificates",
     {"id"},
     {searched<&Certificate::created>("created"), searched<&Certificate::status>("status"),
      searched<&Certificate::purpose>("purpose"),
      searched<&Certificate::requested_by>("requested_by"),
      searched<&Certificate::public_key>("public_key"), searched<&sweep_time>("sweep"),
      searched<&Certificate::ca_certificate>("ca")}},
    {Kind::issuance_intent,
     "issuance_intents",
     {"serial"},
     {searched<&IssuanceIntent::created>("created")}},
    {Kind::policy, "policies", {"name"}, {searched<&Policy::created>("created")}},
    {Kind::policy_version, "policy_versions", {"policy", "number"}},
    {Kind::policy_attachment, "policy_attachments", {"policy", "target"}},
    {Kind::thing_principal, "thing_principals", {"thing", "certificate"}},
    {Kind::provisioning_template, "provisioning_templates", {"name"}},
    {Kind::provisioning_template_version, "provisioning_template_versions", {"template", "number"}},
    {Kind::counter, "counters", {"name"}},
    {Kind::audit_event,
     "audit_events",
     {"sequence"},
     {searched<&AuditEvent::thing>("thing"), searched<&AuditEvent::certificate>("certificate"),
      searched<&AuditEvent::client>("client"),
      searched<&AuditEvent::serial_number>("serial_number"),
      searched<&AuditEvent::correlation>("correlation"),
      searched<&AuditEvent::refused_for>("refusal")},
     true},
    {Kind::credential, "credentials", {"id"}},
    {Kind::registration_task,
     "registration_tasks",
     {"id"},
     {searched<&RegistrationTask::created>("created"),
      searched<&RegistrationTask::status>("status")}},
    {Kind::registration_progress, "registration_progress", {"task"}},
    {Kind::indexing_configuration, "indexing_configuration", {"name"}},
    {Kind::ca_certificate,
     "ca_certificates",
     {"id"},
     {searched<&CaCertificate::created>("created"), searched<&CaCertificate::subject>("subject"),
      searched<&stored_template>("template")}},
    {Kind::resource_tags, "resource_tags", {"resource"}},
    {Kind::setting, "settings", {"name"}},
    {Kind::manufacturing_list, "manufacturing_lists", {"name"}},
    {Kind::list_entry, "list_entries", {"list", "serial"}},
    {Kind::audit_trail, "audit_trail", {"name"}},
    {Kind::alarm, "alarms", {"id"}, {searched<&Alarm::since>("created")}},
    {Kind::tombstone,
     "tombstones",
     {"certificate"},
     {searched<&Tombstone::public_key>("public_key"),
      searched<&Tombstone::issued_as>("issued_as")}},
    {Kind::job,
     "jobs",
     {"id"},
     {searched<&Job::created>("created"), searched<&Job::status>("status"),
      searched<&Job::selection>("selection")}},
    {Kind::job_progress, "job_progress", {"job"}},
    {Kind::job_template, "job_templates", {"id"}},
    {Kind::job_execution,
     "job_executions",
     {"thing", "place"},
     {searched<&JobExecution::job>("job"), searched<&JobExecution::status>("status"),
      searched<&JobExecution::queued>("queued"), searched<&pending_rank>("pending"),
      searched<&times_out_at>("due")}},
}};

}  // namespace

const Table& table_of(Kind kind) {
  const Table& table = kTables[static_cast<std::size_t>(kind)];
  IMPRINT_ASSERT(table.kind == kind);
  return table;
}

std::vector<Cell> key_cells(const Key& key) {
  const Table& table = table_of(key.kind);
  if (table.is_append_only) return {std::int64_t{std::strtoll(key.first.c_str(), nullptr, 10)}};
  if (table.key.size() == 1) return {key.first};
  return {key.first, key.second};
}

std::vector<Cell> searched_cells(const Record& record) {
  std::vector<Cell> out;
  for (const SearchedColumn& column : table_of(key_of(record).kind).searched)
    out.push_back(column.value(record));
  return out;
}

}  // namespace imprint::registry
