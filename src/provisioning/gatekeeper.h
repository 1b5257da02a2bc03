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

/// What the registry says of the list that the rules name.
struct Listing {
  bool exists = false;  ///< the list itself
  std::optional<registry::ListEntry> entry = {};
};

/// The parameter that holds the serial: the setting `serial-parameter`, else SerialNumber, or of a
/// certificate the serialNumber in its subject and, without one, the common name.
std::string serial_parameter_of(const Rules& rules, const Applicant& applicant);

/// Decides; pure. Returns the parameters that the rules set, or Fault::forbidden, whose message is
/// for the device and whose `rule` tells operators what decided.
Result<templates::Parameters> admit(const Rules& rules, const Applicant& applicant,
                                    const Listing& listing);

/// What the gatekeeper gives to the registration that it admits.
struct Admission {
  templates::Parameters overrides = {};  ///< only of parameters that the template declares
  /// The list entry must still be as it was read when the registration is committed.
  std::vector<registry::Require> preconditions = {};
  /// For the audit event: the list, what was overridden, and what the template does not declare.
  trail::Registered registered = {};
};

/// Reads the applicant's entry, if the rules name a list, and asks admit().
registry::Task<Result<Admission>> ask_gatekeeper(registry::Store& store, Rules rules,
                                                 Applicant applicant,
                                                 const templates::Template& of);

/// Refuses (InvalidParameters) a device that nothing distinguishes from others: after gatekeeper
/// and hook, its serial parameter is empty, or another one that the thing's name needs and that has
/// no default. A factory that leaves it unset would make one thing of all its units.
Result<void> check_serials(const Rules& rules, const Applicant& applicant,
                           const templates::Template& of, const templates::Parameters& parameters,
                           const templates::Predefined& predefined);

/// The device's parameters, with those that the gatekeeper has set in place of its own.
templates::Parameters with_overrides(templates::Parameters parameters,
                                     const templates::Parameters& overrides);

}  // namespace imprint::provisioning
