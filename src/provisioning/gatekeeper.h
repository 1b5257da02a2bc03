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

/// The built-in gatekeeper: who may register through a template, by the rules in its settings. It
/// is asked before any hook, and a hook may change what it has set.
namespace imprint::provisioning {

/// Who wants to register.
struct Applicant {
  TemplateSource source;
  templates::Use use;                ///< fleet or jitp
  templates::Parameters parameters;  ///< what the device says, or for JITP its certificate
};

/// What the registry has of the list that the rules name.
struct Listing {
  bool exists = false;  ///< the list itself
  std::optional<registry::ListEntry> entry = {};
};

/// The parameter that holds the serial: the setting `serial-parameter`, else SerialNumber, or of a
/// certificate the serialNumber in its subject and, without one, the common name.
std::string serial_parameter_of(const Rules& rules, const Applicant& applicant);

/// Decides; pure. Gives what the rules set parameters to, or Fault::forbidden: its message is for
/// the device, its `rule` names for operators what decided.
Result<templates::Parameters> admit(const Rules& rules, const Applicant& applicant,
                                    const Listing& listing);

/// What came of it, for the registration that goes on with it.
struct Admission {
  templates::Parameters overrides = {};  ///< only of parameters that the template declares
  /// The entry as it was read: off the list meanwhile, the unit does not get in.
  std::vector<registry::Require> holds = {};
  /// For the audit event: the list, what was overridden, and what the template does not declare.
  trail::Registered registered = {};
};

/// Looks the applicant up and asks admit(). One find by key, and none where no list is named.
registry::Task<Result<Admission>> ask_gatekeeper(registry::Store& store, Rules rules,
                                                 Applicant applicant,
                                                 const templates::Template& of);

/// Fault::invalid with InvalidParameters where nothing tells this unit from others: the serial
/// parameter, or one that the thing's name needs and that has no default, is empty after gatekeeper
/// and hook. A factory that leaves it unset would make one thing of all its units.
Result<void> check_serials(const Rules& rules, const Applicant& applicant,
                           const templates::Template& of, const templates::Parameters& parameters,
                           const templates::Predefined& predefined);

/// The device's parameters under what the gatekeeper has set.
templates::Parameters with_overrides(templates::Parameters parameters,
                                     const templates::Parameters& overrides);

}  // namespace imprint::provisioning
