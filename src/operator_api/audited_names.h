// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/certificate_id.h"
#include "operator_api/words.h"
#include "provisioning/register_thing.h"
#include "registry/store.h"

/// The names by which the audit trail is searched.
namespace imprint::operator_api {

constexpr InputInfo audited_name(std::string_view name) {
  return {.name = name, .in = Location::query, .most = 256};
}
inline constexpr InputInfo kAuditedCertificate{
    .name = "certificateId", .in = Location::query, .most = 64, .rule = members::kHex};

inline registry::query::AuditEvents audited_names(const Call& call) {
  // The id may be written in any form; the trail has it in lower case.
  const auto id = CertificateId::parse(call.in.text("certificateId"));
  return {.thing = call.in.text("thingName"),
          .certificate = id ? id->hex() : call.in.text("certificateId"),
          .client = call.in.text("clientId"),
          .serial_number = provisioning::audited_serial_number(call.in.text("serialNumber")),
          .correlation = call.in.text("correlationId")};
}

}  // namespace imprint::operator_api
