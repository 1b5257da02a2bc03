// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "templates/template.h"
#include "x509/certificate.h"

namespace imprint::provisioning {

/// The parameters of a template for just-in-time provisioning, from the device's certificate: its
/// id and, of its subject, the first Country, Organization, OrganizationalUnit,
/// DistinguishedNameQualifier, StateName, CommonName and SerialNumber. A field that the subject
/// does not have is absent (AWS IoT, JITP).
templates::Predefined certificate_parameters(const x509::Certificate& certificate);

/// A field of the subject that a template for just-in-time provisioning reads.
struct SubjectField {
  std::string parameter;  ///< "AWS::IoT::Certificate::CommonName"
  std::string_view name;  ///< "CN", as openssl's -subj takes it
  bool is_needed = true;  ///< the template has no default for it
};
std::vector<SubjectField> subject_fields(const templates::Template& parsed);

/// The problems that would keep a device with this certificate from being provisioned through the
/// template: missing fields of its subject, and values that are not valid names.
std::vector<templates::Problem> check_subject(const templates::Template& parsed,
                                              const x509::Certificate& certificate);

}  // namespace imprint::provisioning
