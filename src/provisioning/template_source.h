// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "base/certificate_id.h"
#include "base/name.h"

namespace imprint::provisioning {

/// The template body in the registration config of a CA certificate or, without one, the decisions
/// of its activation hook.
struct TemplateOfCa {
  CertificateId ca;
  friend bool operator==(const TemplateOfCa&, const TemplateOfCa&) = default;
};

/// The template that a device is registered through: stored under a name, or part of a registered
/// CA.
using TemplateSource = std::variant<TemplateName, TemplateOfCa>;

/// As events, metrics, ARNs and counters name it: the template's name, or "cacert/<id>".
std::string to_string(const TemplateSource& source);

}  // namespace imprint::provisioning
