// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "encoding/json.h"
#include "provisioning/settings.h"
#include "provisioning/template_source.h"
#include "registry/store.h"
#include "templates/template.h"
#include "trail/details.h"

/// The built-in gatekeeper decides by the rules in a template's settings which devices may register
/// through it. It runs before any hook, and a hook may override the parameters that it sets.
namespace imprint::provisioning {

/// The device that wants to register.
struct Applicant {
  TemplateSource source;
  templates::Use use;                ///< fleet or jitp
  templates::Parameters parameters;  ///< from the device, or for JITP from its certificate
};

/// The manufacturing list that the rules name, and the device's entry in it.
struct Listing {
  bool exists = false;  ///< the list itself
  std::optional<registry::ListEntry> entry = {};
};

/// The parameter that holds the serial: the setting `serial-parameter`, else SerialNumber, or of a
/// certificate the serialNumber in its subject and, without one, the common name.
std::string serial_parameter_of(const Rules& rules, const Applicant& applicant);

/// Decides; pure. Returns the parameters that the rules set, or Fault::forbidden: the message is
/// for the device; `rule` names the deciding rule for operators.
Result<templates::Parameters> admit(const Rules& rules, const Applicant& applicant,
                                    const Listing& listing);

/// The result of an admission, for the registration that follows.
struct Admission {
  templates::Parameters overrides = {};  ///< only of parameters that the template declares
  /// The list entry as it was read, so that a unit removed from the list since is refused.
  std::vector<registry::Require> holds = {};
  /// For the audit event: the list, what was overridden, and what the template does not declare.
  trail::Registered registered = {};
};

/// Looks up the applicant and calls admit(). Reads one record by key, or none without a list.
registry::Task<Result<Admission>> ask_gatekeeper(registry::Store& store, Rules rules,
                                                 Applicant applicant,
                                                 const templates::Template& of);

/// Fault::invalid with InvalidParameters if nothing distinguishes this unit from others: after
/// gatekeeper and hook, the serial parameter is empty, or one that the thing's name needs and that
/// has no default. All units of a factory that leaves it unset would become one thing.
Result<void> check_serials(const Rules& rules, const Applicant& applicant,
                           const templates::Template& of, const templates::Parameters& parameters,
                           const templates::Predefined& predefined);

/// The device's parameters, overridden by those that the gatekeeper has set.
templates::Parameters with_overrides(templates::Parameters parameters,
                                     const templates::Parameters& overrides);

}  // namespace imprint::provisioning
