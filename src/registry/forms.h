// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "encoding/form.h"
#include "registry/records.h"

/// The JSON forms of the types that records have as members.
namespace imprint::encoding {

template <>
struct Form<registry::CertificateStatus>
    : TextForm<registry::CertificateStatus, &registry::parse_certificate_status> {
  static json::value write(registry::CertificateStatus value) {
    return json::value(to_string(value));
  }
};

template <>
struct Form<registry::CertificatePurpose> : Form<std::int64_t> {
  using Purpose = registry::CertificatePurpose;
  static json::value write(Purpose value) { return static_cast<std::int64_t>(value); }
  static bool read(const json::value& value, Purpose& out, Reader& reader) {
    std::int64_t number = -1;
    if (!Form<std::int64_t>::read(value, number, reader)) return false;
    if (number < 0 || number > static_cast<std::int64_t>(Purpose::provisioning_claim))
      return reader.refuse("is unknown");
    out = static_cast<Purpose>(number);
    return true;
  }
};

template <>
struct Form<registry::CertificateMode>
    : EnumForm<registry::CertificateMode::default_mode, registry::CertificateMode::sni_only> {
  static bool is_empty(registry::CertificateMode value) {
    return value == registry::CertificateMode::default_mode;
  }
};

template <>
struct Form<registry::TemplateType>
    : EnumForm<registry::TemplateType::fleet_provisioning, registry::TemplateType::jitp> {};

template <>
struct Form<registry::TaskStatus> : TextForm<registry::TaskStatus, &registry::parse_task_status> {
  static json::value write(registry::TaskStatus value) { return json::value(to_string(value)); }
};

/// Stored as a boolean: true if revoked.
template <>
struct Form<registry::CredentialStatus> : Form<bool> {
  using Status = registry::CredentialStatus;
  static bool is_empty(Status value) { return value == Status::active; }
  static json::value write(Status value) { return value == Status::revoked; }
  static bool read(const json::value& value, Status& out, Reader&) {
    out = value.get_bool() ? Status::revoked : Status::active;
    return true;
  }
};

template <>
struct Form<registry::PolicyTarget>
    : TextForm<registry::PolicyTarget, &registry::parse_policy_target> {
  static json::value write(const registry::PolicyTarget& value) {
    return json::value(registry::to_string(value));
  }
  static registry::PolicyTarget blank() { return encoding::blank<CertificateId>(); }
};

template <>
struct Form<outcome::FailureCategory> : Form<std::string> {
  static json::value write(outcome::FailureCategory value) {
    return json::value(outcome::to_string(value));
  }
  /// One of a later version reads as none.
  static bool read(const json::value& value, outcome::FailureCategory& out, Reader&) {
    const auto found = outcome::find_category(value.get_string());
    if (found) out = *found;
    return found.has_value();
  }
};

template <>
struct Form<registry::JobStatus>
    : EnumForm<registry::JobStatus::scheduled, registry::JobStatus::in_progress,
               registry::JobStatus::completed, registry::JobStatus::canceled,
               registry::JobStatus::deletion_in_progress> {};

template <>
struct Form<registry::JobExecutionStatus>
    : TextForm<registry::JobExecutionStatus, &registry::parse_job_execution_status> {
  static json::value write(registry::JobExecutionStatus value) {
    return json::value(to_string(value));
  }
};

template <>
struct Form<registry::TargetSelection>
    : EnumForm<registry::TargetSelection::snapshot, registry::TargetSelection::continuous> {};

template <>
struct Form<registry::JobTarget> : TextForm<registry::JobTarget, &registry::parse_job_target> {
  static json::value write(const registry::JobTarget& value) {
    return json::value(registry::to_string(value));
  }
  static registry::JobTarget blank() { return encoding::blank<ThingName>(); }
};

template <>
struct Form<registry::JobFailure>
    : EnumForm<registry::JobFailure::failed, registry::JobFailure::rejected,
               registry::JobFailure::timed_out, registry::JobFailure::all> {};

template <>
struct Form<registry::JobEndBehavior>
    : EnumForm<registry::JobEndBehavior::stop_rollout, registry::JobEndBehavior::cancel,
               registry::JobEndBehavior::force_cancel> {};

}  // namespace imprint::encoding
