// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "templates/template.h"
#include "x509/certificate.h"

namespace imprint::provisioning {

/// What a template for just-in-time provisioning reads from the device's certificate: its id, and
/// of the subject the first Country, Organization, OrganizationalUnit, DistinguishedNameQualifier,
/// StateName, CommonName and SerialNumber; those that it lacks are absent (AWS IoT, JITP).
templates::Predefined certificate_parameters(const x509::Certificate& certificate);

}  // namespace imprint::provisioning
