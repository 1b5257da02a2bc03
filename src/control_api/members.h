// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/words.h"
#include "rest/members.h"

/// Inputs that several operations share, with the limits of the AWS IoT API model (contract
/// section 8.4).
namespace imprint::control_api::members {

using namespace rest::members;

constexpr InputInfo thing_name(Location in = Location::path, bool required = true,
                               std::string_view member = "thingName") {
  return name_input<name_rules::Thing>(member, "[a-zA-Z0-9:_-]+", in, required);
}
constexpr InputInfo thing_type_name(Location in = Location::path, bool required = true) {
  return name_input<name_rules::ThingType>("thingTypeName", "[a-zA-Z0-9:_-]+", in, required);
}
constexpr InputInfo thing_group_name(Location in = Location::path, bool required = true,
                                     std::string_view member = "thingGroupName") {
  return name_input<name_rules::ThingGroup>(member, "[a-zA-Z0-9:_-]+", in, required);
}
constexpr InputInfo policy_name() {
  return name_input<name_rules::Policy>("policyName", "[\\w+=,.@-]+", Location::path, true);
}
constexpr InputInfo template_name(Location in = Location::path) {
  return name_input<name_rules::Template>("templateName", "^[0-9A-Za-z_-]+$", in, true);
}
constexpr InputInfo certificate_id() {
  return {.name = "certificateId",
          .in = Location::path,
          .required = true,
          .least = 64,
          .most = 66,
          .rule = kHex};
}

/// `certificateId` of the operations on CA certificates: {caCertificateId} on the wire.
constexpr InputInfo certificate_id_of_ca() {
  InputInfo input = certificate_id();
  input.wire = "caCertificateId";
  return input;
}
constexpr InputInfo ca_certificate_id() {
  InputInfo input = certificate_id();
  input.name = "caCertificateId";
  return input;
}
constexpr InputInfo certificate_pem(std::string_view member, bool required) {
  return {.name = member, .required = required, .least = 1, .most = 65536};
}

}  // namespace imprint::control_api::members
