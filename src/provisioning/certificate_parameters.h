// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "templates/template.h"
#include "x509/certificate.h"

namespace imprint::provisioning {

/// What a template for just-in-time provisioning reads from the device's certificate: its id, and
/// of the subject the first Country, Organization, OrganizationalUnit, DistinguishedNameQualifier,
/// StateName, CommonName and SerialNumber; those that it lacks are absent (AWS IoT, JITP).
templates::Predefined certificate_parameters(const x509::Certificate& certificate);

/// A field of the subject that a template for just-in-time provisioning reads.
struct SubjectField {
  std::string parameter;  ///< "AWS::IoT::Certificate::CommonName"
  std::string_view name;  ///< "CN", as openssl's -subj takes it
  bool is_needed = true;  ///< the template has no default for it
};
std::vector<SubjectField> subject_fields(const templates::Template& parsed);

/// What would keep a device with this certificate from being provisioned through the template:
/// fields that its subject lacks, values that make no name.
std::vector<templates::Problem> check_subject(const templates::Template& parsed,
                                              const x509::Certificate& certificate);

}  // namespace imprint::provisioning
