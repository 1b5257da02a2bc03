// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>

#include "encoding/fields.h"
#include "registry/forms.h"
#include "registry/records.h"

/// The fields of each record, with their names in stores, exports and the audit archive. They are
/// written in this order, and the hashes of audit events depend on it: add a new field at the end.
namespace imprint::registry {

using encoding::field;
using encoding::next_part;

constexpr auto fields_of(std::type_identity<Thing>) {
  return std::tuple{
      field("name", &Thing::name),
      field("id", &Thing::id),
      field("type", &Thing::type),
      field("attributes", &Thing::attributes),
      field("created", &Thing::created),
      field("version", &Thing::version),
      field("reprovision_until", &Thing::reprovision_until),
      field("is_reserved", &Thing::is_reserved),
  };
}

constexpr auto fields_of(std::type_identity<ThingType>) {
  return std::tuple{
      field("name", &ThingType::name),
      field("id", &ThingType::id),
      field("description", &ThingType::description),
      field("searchable", &ThingType::searchable_attributes),
      field("deprecated", &ThingType::deprecated),
      field("created", &ThingType::created),
      field("version", &ThingType::version),
  };
}

constexpr auto fields_of(std::type_identity<ThingGroup>) {
  return std::tuple{
      field("name", &ThingGroup::name),
      field("id", &ThingGroup::id),
      field("parent", &ThingGroup::parent),
      field("description", &ThingGroup::description),
      field("attributes", &ThingGroup::attributes),
      field("created", &ThingGroup::created),
      field("version", &ThingGroup::version),
      field("query", &ThingGroup::query),
  };
}

constexpr auto fields_of(std::type_identity<GroupMembership>) {
  return std::tuple{
      field("thing", &GroupMembership::thing),
      field("group", &GroupMembership::group),
      field("created", &GroupMembership::created),
      field("version", &GroupMembership::version),
  };
}

constexpr auto fields_of(std::type_identity<Registration>) {
  return std::tuple{
      field("template", &Registration::template_name),
      field("digest", &Registration::request_digest),
      field("thing", &Registration::thing),
      field("configuration", &Registration::device_configuration),
      field("at", &Registration::at),
  };
}

constexpr auto fields_of(std::type_identity<Rate>) {
  return std::tuple{
      field("most", &Rate::most),
      field("per_seconds", &Rate::per),
  };
}

constexpr auto fields_of(std::type_identity<SerialRange>) {
  return std::tuple{
      field("first", &SerialRange::first),
      field("last", &SerialRange::last),
  };
}

constexpr auto fields_of(std::type_identity<ClaimBudget>) {
  return std::tuple{
      field("templates", &ClaimBudget::templates),
      field("max_devices", &ClaimBudget::max_devices),
      field("rate", &ClaimBudget::rate),
      field("from", &ClaimBudget::from),
      field("until", &ClaimBudget::until),
      field("networks", &ClaimBudget::networks),
      field("serials", &ClaimBudget::serials),
      field("learning_devices", &ClaimBudget::learning_devices),
  };
}

/// Early versions stored only one template and a limit for a claim.
inline void read_first_budget(const encoding::json::object& from, ClaimBudget& out,
                              encoding::Reader& reader) {
  std::optional<TemplateName> only;
  if (read_member(from, "claim_template", only, reader) && only) out.templates.push_back(*only);
  read_member(from, "claim_limit", out.max_devices, reader);
}

constexpr auto fields_of(std::type_identity<Freeze>) {
  return std::tuple{
      field("at", &Freeze::at),
      field("because", &Freeze::because),
      field("by", &Freeze::by),
  };
}

constexpr auto fields_of(std::type_identity<Certificate>) {
  return std::tuple{
      field("id", &Certificate::id),
      field("pem", &Certificate::pem),
      field("status", &Certificate::status),
      field("purpose", &Certificate::purpose),
      field("serial", &Certificate::serial),
      field("common_name", &Certificate::common_name),
      field("public_key", &Certificate::public_key),
      field("not_before", &Certificate::not_before),
      field("not_after", &Certificate::not_after),
      field("generation", &Certificate::generation_id),
      field("requested_by", &Certificate::requested_by),
      field("ownership_round", &Certificate::ownership_round),
      field("ownership_expires", &Certificate::ownership_expires),
      field("registration", &Certificate::registration),
      field("claim_budget", &Certificate::claim_budget).or_earlier(&read_first_budget),
      field("claim_networks", &Certificate::claim_networks),
      field("frozen", &Certificate::frozen),
      field("first_connected", &Certificate::first_connected),
      field("created", &Certificate::created),
      field("modified", &Certificate::modified),
      field("version", &Certificate::version),
      field("ca", &Certificate::ca_certificate),
      field("mode", &Certificate::mode),
      field("replaces", &Certificate::replaces),
      field("replaced_by", &Certificate::replaced_by),
      field("issued_as", &Certificate::issued_as),
      field("deactivated", &Certificate::deactivated),
      field("claim_name", &Certificate::claim_name),
      field("requests", &Certificate::requests),
  };
}

constexpr auto fields_of(std::type_identity<Tombstone>) {
  return std::tuple{
      field("certificate", &Tombstone::certificate), field("public_key", &Tombstone::public_key),
      field("issued_as", &Tombstone::issued_as),     field("serial", &Tombstone::serial),
      field("common_name", &Tombstone::common_name), field("created", &Tombstone::created),
      field("version", &Tombstone::version),
  };
}

constexpr auto fields_of(std::type_identity<IssuanceIntent>) {
  return std::tuple{
      field("serial", &IssuanceIntent::serial),
      field("public_key", &IssuanceIntent::public_key),
      field("requested_by", &IssuanceIntent::requested_by),
      field("profile", &IssuanceIntent::profile),
      field("created", &IssuanceIntent::created),
      field("version", &IssuanceIntent::version),
  };
}

constexpr auto fields_of(std::type_identity<Policy>) {
  return std::tuple{
      field("name", &Policy::name),
      field("default_version", &Policy::default_version),
      field("last_version", &Policy::last_version),
      field("generation", &Policy::generation_id),
      field("created", &Policy::created),
      field("modified", &Policy::modified),
      field("version", &Policy::version),
  };
}

constexpr auto fields_of(std::type_identity<PolicyVersion>) {
  return std::tuple{
      field("policy", &PolicyVersion::policy),     field("number", &PolicyVersion::number),
      field("document", &PolicyVersion::document), field("created", &PolicyVersion::created),
      field("version", &PolicyVersion::version),
  };
}

constexpr auto fields_of(std::type_identity<PolicyAttachment>) {
  return std::tuple{
      field("policy", &PolicyAttachment::policy),
      field("target", &PolicyAttachment::target),
      field("created", &PolicyAttachment::created),
      field("version", &PolicyAttachment::version),
  };
}

constexpr auto fields_of(std::type_identity<ThingPrincipal>) {
  return std::tuple{
      field("thing", &ThingPrincipal::thing),
      field("certificate", &ThingPrincipal::certificate),
      field("exclusive", &ThingPrincipal::exclusive),
      field("created", &ThingPrincipal::created),
      field("version", &ThingPrincipal::version),
  };
}

constexpr auto fields_of(std::type_identity<ProvisioningHook>) {
  return std::tuple{
      field("payload_version", &ProvisioningHook::payload_version),
      field("target_arn", &ProvisioningHook::target_arn),
  };
}

constexpr auto fields_of(std::type_identity<ProvisioningTemplate>) {
  return std::tuple{
      field("name", &ProvisioningTemplate::name),
      field("type", &ProvisioningTemplate::type),
      field("description", &ProvisioningTemplate::description),
      field("enabled", &ProvisioningTemplate::enabled),
      field("role_arn", &ProvisioningTemplate::role_arn),
      field("hook", &ProvisioningTemplate::hook),
      field("default_version", &ProvisioningTemplate::default_version),
      field("last_version", &ProvisioningTemplate::last_version),
      field("created", &ProvisioningTemplate::created),
      field("modified", &ProvisioningTemplate::modified),
      field("version", &ProvisioningTemplate::version),
      field("settings", &ProvisioningTemplate::settings),
  };
}

constexpr auto fields_of(std::type_identity<ProvisioningTemplateVersion>) {
  return std::tuple{
      field("template", &ProvisioningTemplateVersion::template_name),
      field("number", &ProvisioningTemplateVersion::number),
      field("body", &ProvisioningTemplateVersion::body),
      field("created", &ProvisioningTemplateVersion::created),
      field("version", &ProvisioningTemplateVersion::version),
  };
}

constexpr auto fields_of(std::type_identity<Counter>) {
  return std::tuple{
      field("name", &Counter::name),
      field("value", &Counter::value),
      field("version", &Counter::version),
  };
}

constexpr auto fields_of(std::type_identity<AuditEvent>) {
  return std::tuple{
      field("sequence", &AuditEvent::sequence),
      field("time", &AuditEvent::time),
      field("step", &AuditEvent::step),
      field("outcome", &AuditEvent::outcome),
      field("actor", &AuditEvent::actor),
      field("correlation", &AuditEvent::correlation),
      field("thing", &AuditEvent::thing),
      field("certificate", &AuditEvent::certificate),
      field("client", &AuditEvent::client),
      field("serial_number", &AuditEvent::serial_number),
      field("detail", &AuditEvent::detail),
      field("hash", &AuditEvent::hash),
      field("refused_for", &AuditEvent::refused_for),
  };
}

constexpr auto fields_of(std::type_identity<Credential>) {
  return std::tuple{
      field("id", &Credential::access_key_id),
      field("name", &Credential::name),
      field("sealed_secret", &Credential::sealed_secret),
      field("role", &Credential::role),
      field("document", &Credential::document),
      field("revoked", &Credential::revoked),
      field("created_by", &Credential::created_by),
      field("created", &Credential::created),
      field("is_revoked", &Credential::status),
      field("version", &Credential::version),
  };
}

constexpr auto fields_of(std::type_identity<RegistrationTask>) {
  return std::tuple{
      field("id", &RegistrationTask::id),
      field("template_body", &RegistrationTask::template_body),
      field("bucket", &RegistrationTask::bucket),
      field("key", &RegistrationTask::key),
      field("role_arn", &RegistrationTask::role_arn),
      field("region", &RegistrationTask::region),
      field("actor", &RegistrationTask::actor),
      field("status", &RegistrationTask::status),
      field("message", &RegistrationTask::message),
      field("created", &RegistrationTask::created),
      field("modified", &RegistrationTask::modified),
      field("version", &RegistrationTask::version),
  };
}

constexpr auto fields_of(std::type_identity<ReportPlace>) {
  return std::tuple{
      field("part", &ReportPlace::part),
      field("bytes", &ReportPlace::bytes),
  };
}

constexpr auto fields_of(std::type_identity<RegistrationProgress>) {
  return std::tuple{
      field("task", &RegistrationProgress::task),
      field("input_bytes", &RegistrationProgress::input_bytes),
      field("done_bytes", &RegistrationProgress::done_bytes),
      field("done_lines", &RegistrationProgress::done_lines),
      field("succeeded", &RegistrationProgress::succeeded),
      field("failed", &RegistrationProgress::failed),
      field("results", &RegistrationProgress::results),
      field("errors", &RegistrationProgress::errors),
      field("modified", &RegistrationProgress::modified),
      field("version", &RegistrationProgress::version),
  };
}

constexpr auto fields_of(std::type_identity<IndexingConfiguration>) {
  return std::tuple{
      field("things", &IndexingConfiguration::things),
      field("modified", &IndexingConfiguration::modified),
      field("version", &IndexingConfiguration::version),
  };
}

constexpr auto fields_of(std::type_identity<RegistrationConfig>) {
  return std::tuple{
      field("template_body", &RegistrationConfig::template_body),
      field("role_arn", &RegistrationConfig::role_arn),
      field("template", &RegistrationConfig::template_name),
  };
}

constexpr auto fields_of(std::type_identity<CaCertificate>) {
  return std::tuple{
      field("id", &CaCertificate::id),
      field("pem", &CaCertificate::pem),
      field("active", &CaCertificate::is_active),
      field("auto_registration", &CaCertificate::auto_registration),
      field("mode", &CaCertificate::mode),
      field("registration", &CaCertificate::registration),
      field("subject", &CaCertificate::subject),
      field("public_key", &CaCertificate::public_key),
      field("not_before", &CaCertificate::not_before),
      field("not_after", &CaCertificate::not_after),
      field("generation", &CaCertificate::generation_id),
      field("created", &CaCertificate::created),
      field("modified", &CaCertificate::modified),
      field("version", &CaCertificate::version),
  };
}

constexpr auto fields_of(std::type_identity<ResourceTags>) {
  return std::tuple{
      field("resource", &ResourceTags::resource),
      field("tags", &ResourceTags::tags),
      field("created", &ResourceTags::created),
      field("version", &ResourceTags::version),
  };
}

constexpr auto fields_of(std::type_identity<Setting>) {
  return std::tuple{
      field("name", &Setting::name),       field("value", &Setting::value),
      field("created", &Setting::created), field("modified", &Setting::modified),
      field("version", &Setting::version),
  };
}

constexpr auto fields_of(std::type_identity<ManufacturingList>) {
  return std::tuple{
      field("name", &ManufacturingList::name),
      field("description", &ManufacturingList::description),
      field("created", &ManufacturingList::created),
      field("modified", &ManufacturingList::modified),
      field("version", &ManufacturingList::version),
  };
}

constexpr auto fields_of(std::type_identity<ListEntry>) {
  return std::tuple{
      field("list", &ListEntry::list),
      field("serial", &ListEntry::serial),
      field("template", &ListEntry::template_name),
      field("product_line", &ListEntry::product_line),
      field("region", &ListEntry::region),
      field("extra", &ListEntry::extra),
      field("blocked", &ListEntry::is_blocked),
      field("created", &ListEntry::created),
      field("modified", &ListEntry::modified),
      field("version", &ListEntry::version),
  };
}

constexpr auto fields_of(std::type_identity<AuditTrail>) {
  return std::tuple{
      field("unchained", &AuditTrail::unchained),
      field("forgotten", [](auto& trail) -> auto& { return trail.forgotten.sequence; }),
      next_part("forgotten_hash", [](auto& trail) -> auto& { return trail.forgotten.hash; }),
      field("head", [](auto& trail) -> auto& { return trail.head.sequence; }),
      next_part("head_hash", [](auto& trail) -> auto& { return trail.head.hash; }),
      field("archived", &AuditTrail::archived),
  };
}

constexpr auto fields_of(std::type_identity<Alarm>) {
  return std::tuple{
      field("id", &Alarm::id),
      field("kind", &Alarm::kind),
      field("subject", &Alarm::subject),
      field("subject_kind", &Alarm::subject_kind),
      field("because", &Alarm::because),
      field("next", &Alarm::next),
      field("commands", &Alarm::commands),
      field("serial_number", &Alarm::serial_number),
      field("client", &Alarm::client),
      field("level", &Alarm::level),
      field("since", &Alarm::since),
      field("seen", &Alarm::seen),
      field("resolved", &Alarm::resolved),
      field("resolved_because", &Alarm::resolved_because),
      field("owed", &Alarm::owed),
      field("version", &Alarm::version),
  };
}

constexpr auto fields_of(std::type_identity<ExponentialRate>) {
  return std::tuple{
      field("base_per_minute", &ExponentialRate::base_per_minute),
      field("increment_tenths", &ExponentialRate::increment_tenths),
      field("notified_things", &ExponentialRate::notified_things),
      field("succeeded_things", &ExponentialRate::succeeded_things),
  };
}

constexpr auto fields_of(std::type_identity<JobRollout>) {
  return std::tuple{
      field("maximum_per_minute", &JobRollout::maximum_per_minute),
      field("exponential", &JobRollout::exponential),
  };
}

constexpr auto fields_of(std::type_identity<AbortCriterion>) {
  return std::tuple{
      field("failure", &AbortCriterion::failure),
      field("threshold_hundredths", &AbortCriterion::threshold_hundredths),
      field("min_executed_things", &AbortCriterion::min_executed_things),
  };
}

constexpr auto fields_of(std::type_identity<RetryCriterion>) {
  return std::tuple{
      field("failure", &RetryCriterion::failure),
      field("retries", &RetryCriterion::retries),
  };
}

constexpr auto fields_of(std::type_identity<JobSchedule>) {
  return std::tuple{
      field("start", &JobSchedule::start),
      field("end", &JobSchedule::end),
      field("end_behavior", &JobSchedule::end_behavior),
  };
}

constexpr auto fields_of(std::type_identity<PresignedUrls>) {
  return std::tuple{
      field("role_arn", &PresignedUrls::role_arn),
      field("expires_seconds", &PresignedUrls::expires_seconds),
  };
}

constexpr auto fields_of(std::type_identity<JobPlan>) {
  return std::tuple{
      field("description", &JobPlan::description),
      field("document", &JobPlan::document),
      field("document_source", &JobPlan::document_source),
      field("presigned_urls", &JobPlan::presigned_urls),
      field("rollout", &JobPlan::rollout),
      field("abort_criteria", &JobPlan::abort_criteria),
      field("timeout_minutes", &JobPlan::timeout_minutes),
      field("retries", &JobPlan::retries),
  };
}

constexpr auto fields_of(std::type_identity<Job>) {
  return std::tuple{
      field("id", &Job::id),
      field("plan", &Job::plan),
      field("targets", &Job::targets),
      field("selection", &Job::selection),
      field("template_arn", &Job::template_arn),
      field("schedule", &Job::schedule),
      field("document_parameters", &Job::document_parameters),
      field("status", &Job::status),
      field("force_canceled", &Job::is_force_canceled),
      field("reason_code", &Job::reason_code),
      field("comment", &Job::comment),
      field("created", &Job::created),
      field("modified", &Job::modified),
      field("completed", &Job::completed),
      field("version", &Job::version),
  };
}

constexpr auto fields_of(std::type_identity<JobProgress>) {
  return std::tuple{
      field("job", &JobProgress::job),         field("target", &JobProgress::target),
      field("after", &JobProgress::after),     field("complete", &JobProgress::is_complete),
      field("version", &JobProgress::version),
  };
}

constexpr auto fields_of(std::type_identity<JobTemplate>) {
  return std::tuple{
      field("id", &JobTemplate::id),           field("plan", &JobTemplate::plan),
      field("job_arn", &JobTemplate::job_arn), field("created", &JobTemplate::created),
      field("version", &JobTemplate::version),
  };
}

constexpr auto fields_of(std::type_identity<JobExecution>) {
  return std::tuple{
      field("thing", &JobExecution::thing),
      field("job", &JobExecution::job),
      field("number", &JobExecution::number),
      field("status", &JobExecution::status),
      field("details", &JobExecution::details),
      field("force_canceled", &JobExecution::is_force_canceled),
      field("retry", &JobExecution::retry),
      field("retried", &JobExecution::is_retried),
      field("queued", &JobExecution::queued),
      field("started", &JobExecution::started),
      field("in_progress_until", &JobExecution::in_progress_until),
      field("step_until", &JobExecution::step_until),
      field("modified", &JobExecution::modified),
      field("version", &JobExecution::version),
  };
}

}  // namespace imprint::registry
