// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "alarms/options.h"
#include "base/clock.h"
#include "provisioning/rules.h"
#include "x509/algorithm.h"

namespace imprint::provisioning {

/// What happens when a thing that has a certificate is registered again (template setting
/// `reprovision`).
enum class Reprovision : std::uint8_t {
  /// With the key it has: yes. With another: only while the old certificate has never been used, as
  /// after a lost answer; the old one is then deactivated in the same transaction.
  same_key,
  /// Yes. The old certificates that are in use stay so until the new one first connects and are
  /// deactivated then, so that a lost answer takes nobody out of service.
  replace,
  /// Only with an operator's permission for that thing (Thing::reprovision_until), or after an
  /// operator has deactivated or detached the old certificates.
  operator_decides,
  never,  ///< No.
  aws,    ///< Yes; the old certificates stay as they are.
};

/// What the first connection of a device comes to whose certificate a registered CA signed
/// (template setting `jitp`).
enum class JitpMode : std::uint8_t {
  inline_registration,  ///< It is provisioned within its CONNECT and goes on.
  aws,                  ///< It is provisioned and dropped; the next connection gets in.
};

/// The rules of provisioning: the deployment's, and what one template makes of them
/// (template_settings.h). A value; a reload replaces the deployment's whole.
struct Settings {
  Reprovision reprovision = Reprovision::same_key;
  JitpMode jitp = JitpMode::inline_registration;
  /// ARN of the hook that a JITP template's devices are asked about; empty: none. AWS has hooks on
  /// fleet templates only, and those name theirs in preProvisioningHook.
  std::string jitp_hook = {};
  std::int64_t fleet_limit = 0;  ///< most things one template may make; 0: no limit
  x509::KeyAlgorithm key_algorithm = x509::KeyAlgorithm::rsa_2048;  ///< of server-made keys
  std::optional<Seconds> certificate_validity = {};                 ///< the profile's when absent
  Rules rules = {};
  Seconds ownership_lifetime = std::chrono::hours(1);
  /// Most certificates of one claim that wait for RegisterThing, and of one registered CA that wait
  /// for their activation.
  std::size_t pending_certificates = 10'000;
  alarms::NewPlaceOptions new_places = {};
};

}  // namespace imprint::provisioning
