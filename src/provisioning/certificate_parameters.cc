// SPDX-License-Identifier: Apache-2.0
#include "provisioning/certificate_parameters.h"

#include <array>
#include <utility>

namespace imprint::provisioning {

templates::Predefined certificate_parameters(const x509::Certificate& certificate) {
  using enum x509::NameType;
  static constexpr std::array kNames = {
      std::pair{country, "AWS::IoT::Certificate::Country"},
      std::pair{organization, "AWS::IoT::Certificate::Organization"},
      std::pair{organizational_unit, "AWS::IoT::Certificate::OrganizationalUnit"},
      std::pair{dn_qualifier, "AWS::IoT::Certificate::DistinguishedNameQualifier"},
      std::pair{state, "AWS::IoT::Certificate::StateName"},
      std::pair{common_name, "AWS::IoT::Certificate::CommonName"},
      std::pair{serial_number, "AWS::IoT::Certificate::SerialNumber"},
  };
  templates::Predefined out;
  out.values[std::string(templates::kCertificateIdParameter)] = certificate.id().hex();
  for (const auto& [type, name] : kNames) {
    const auto values = certificate.subject().values(type);
    if (!values.empty()) out.values[name] = std::string(values.front());
  }
  return out;
}

}  // namespace imprint::provisioning
