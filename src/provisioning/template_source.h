// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "base/certificate_id.h"
#include "base/name.h"

namespace imprint::provisioning {

/// What a CA certificate itself says of its devices: the template body in its registration config,
/// or without one what its activation hook decides.
struct TemplateOfCa {
  CertificateId ca;
  friend bool operator==(const TemplateOfCa&, const TemplateOfCa&) = default;
};

/// The template that a device is registered through: stored under a name, or carried by a CA.
using TemplateSource = std::variant<TemplateName, TemplateOfCa>;

/// As events, metrics, ARNs and counters name it: the template's name, or "cacert/<id>".
std::string to_string(const TemplateSource& source);

}  // namespace imprint::provisioning
