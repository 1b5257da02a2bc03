// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "alarms/options.h"
#include "base/clock.h"
#include "provisioning/rules.h"
#include "templates/modes.h"
#include "x509/algorithm.h"

namespace imprint::provisioning {

using templates::JitpMode;
using templates::Reprovision;

/// The settings of provisioning: the deployment's, or those in force for one template
/// (template_settings.h). A reload replaces all settings of the deployment.
struct Settings {
  Reprovision reprovision = Reprovision::same_key;
  JitpMode jitp = JitpMode::inline_registration;
  /// ARN of the pre-provisioning hook of JITP templates; empty: none. AWS has hooks on
  /// fleet templates only, and those name theirs in preProvisioningHook.
  std::string jitp_hook = {};
  std::int64_t fleet_limit = 0;  ///< the most things created through one template; 0: no limit
  x509::KeyAlgorithm key_algorithm = x509::KeyAlgorithm::rsa_2048;  ///< of server-made keys
  std::optional<Seconds> certificate_validity = {};                 ///< the profile's when absent
  Rules rules = {};
  Seconds token_lifetime = std::chrono::hours(1);
  /// The most certificates that may wait for RegisterThing for one claim, and for activation for
  /// one registered CA.
  std::size_t pending_certificates = 10'000;
  alarms::NewPlaceOptions new_places = {};
};

}  // namespace imprint::provisioning
