// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "registry/records.h"
#include "test/support/test_ca.h"
#include "x509/digest.h"

/// A CA that an operator has registered, whose devices are provisioned when they first connect.
namespace imprint::test {

/// A JITP template: a thing named after the device's common name, with this policy.
inline std::string jitp_template(std::string_view policy) {
  return fmt::format(R"({{
  "Parameters": {{
    "AWS::IoT::Certificate::CommonName": {{"Type": "String"}},
    "AWS::IoT::Certificate::Id": {{"Type": "String"}}
  }},
  "Resources": {{
    "thing": {{"Type": "AWS::IoT::Thing", "Properties": {{
      "ThingName": {{"Ref": "AWS::IoT::Certificate::CommonName"}}}}}},
    "certificate": {{"Type": "AWS::IoT::Certificate", "Properties": {{
      "CertificateId": {{"Ref": "AWS::IoT::Certificate::Id"}}, "Status": "ACTIVE"}}}},
    "policy": {{"Type": "AWS::IoT::Policy", "Properties": {{"PolicyName": "{}"}}}}
  }}
}})",
                     policy);
}

inline registry::CaCertificate registered_ca(const Identity& ca, std::string template_body,
                                             std::int64_t version) {
  return {.id = ca.certificate.id(),
          .pem = ca.certificate.pem(),
          .is_active = true,
          .auto_registration = true,
          .registration = registry::RegistrationConfig{.template_body = std::move(template_body)},
          .subject = x509::sha256(ca.certificate.subject().der()),
          .not_after = ca.certificate.not_after(),
          .version = version};
}

}  // namespace imprint::test
