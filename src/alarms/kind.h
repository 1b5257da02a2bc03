// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace imprint::alarms {

/// The conditions that an operator should look at soon. A closed list: the names are metric labels,
/// parts of topics and keys of imprint.toml.
enum class Kind : std::uint8_t {
  failure_ratio,          ///< too many provisioning steps fail
  no_success,             ///< a started but incomplete batch makes no progress
  hook_failures,          ///< hooks that do not answer
  hook_rejections,        ///< hooks that deny devices
  claim_frozen,           ///< a claim exceeded its budget, or looks leaked
  claim_new_place,        ///< a claim is used from a network it was never used from before
  duplicate_device,       ///< two keys for one thing: two units with one serial number, or a copy
  key_in_two_places,      ///< one key in live sessions from different addresses: a cloned device
  certificates_expiring,  ///< of devices, of claims, the server's own
  ca_expiring,            ///< the deployment's CAs and registered ones
  store_trouble,          ///< changes by devices and operators cannot be stored
  disk_low,               ///< the store may soon be unable to grow
};
std::span<const Kind> all_kinds();

enum class Severity : std::uint8_t {
  warning,   ///< look at it today
  critical,  ///< look at it now: devices cannot be provisioned, or security is at risk
};

std::string_view to_string(Kind kind);  ///< "failure-ratio"
std::optional<Kind> parse_kind(std::string_view name);
Severity severity_of(Kind kind);
std::string_view to_string(Severity severity);  ///< "critical"

}  // namespace imprint::alarms
