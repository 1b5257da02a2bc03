// SPDX-License-Identifier: Apache-2.0
#include "registry/order.h"

namespace imprint::registry {

namespace {

bool is_by_creation(const Query& query) {
  return std::holds_alternative<query::Certificates>(query) ||
         std::holds_alternative<query::Claims>(query) ||
         std::holds_alternative<query::Policies>(query) ||
         std::holds_alternative<query::RegistrationTasks>(query) ||
         std::holds_alternative<query::Alarms>(query) ||
         std::holds_alternative<query::Jobs>(query) ||
         std::holds_alternative<query::CaCertificates>(query) ||
         std::holds_alternative<query::CertificatesOfCa>(query) ||
         std::holds_alternative<query::AwaitingActivation>(query);
}

}  // namespace

std::string sort_key(const Record& record, const Query& query) {
  const Key key = key_of(record);
  if (std::holds_alternative<query::ExpiringCertificates>(query)) {
    return fmt::format("{:016}/{}", to_milliseconds(std::get<Certificate>(record).not_after),
                       key.first);
  }
  if (std::holds_alternative<query::SameIdentity>(query)) {
    const CertificateStatus status = std::get<Certificate>(record).status;
    const char rank = status == CertificateStatus::revoked    ? '0'
                      : status == CertificateStatus::inactive ? '1'
                                                              : '2';
    return rank + key.first;
  }
  if (std::holds_alternative<query::PendingExecutions>(query)) {
    const auto& execution = std::get<JobExecution>(record);
    return fmt::format("{}{:016}/{}", execution.status == JobExecutionStatus::in_progress ? 0 : 1,
                       to_milliseconds(execution.queued), key.second);
  }
  if (is_by_creation(query)) {
    return fmt::format("{:016}/{}", to_milliseconds(created_at(record)), key.first);
  }
  return key.second.empty() ? key.first : key.first + "/" + key.second;
}

bool is_ascending(const Query& query) {
  if (const auto* certificates = std::get_if<query::Certificates>(&query))
    return certificates->ascending;
  if (const auto* policies = std::get_if<query::Policies>(&query)) return policies->ascending;
  if (const auto* events = std::get_if<query::AuditEvents>(&query)) return events->ascending;
  if (const auto* cas = std::get_if<query::CaCertificates>(&query)) return cas->ascending;
  if (const auto* of_ca = std::get_if<query::CertificatesOfCa>(&query)) return of_ca->ascending;
  return !std::holds_alternative<query::RegistrationTasks>(query) &&
         !std::holds_alternative<query::Jobs>(query) &&
         !std::holds_alternative<query::Alarms>(query);
}

}  // namespace imprint::registry
