// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "provisioning/check_digit.h"

namespace imprint::provisioning {

/// What a device's value of one parameter must be.
struct ParameterRule {
  std::string pattern = {};  ///< a regular expression for the whole value; empty: any
  std::optional<CheckDigit> check_digit = {};
};

/// What a parameter becomes, whatever the device says.
struct OverrideValue {
  std::string text = {};  ///< the value, or the name of a column of the manufacturing list
  bool is_column = false;
};

/// Of the prefixes that the serial begins with, the longest decides; without one, `otherwise`.
struct OverrideRule {
  std::optional<OverrideValue> otherwise = {};
  std::map<std::string, OverrideValue, std::less<>> by_prefix = {};
};

/// The gatekeeper's rules for one template, by parameter; what is empty asks for nothing.
struct Rules {
  std::string allowlist = {};         ///< name of the manufacturing list a unit must be on
  std::string serial_parameter = {};  ///< empty: SerialNumber, or what the certificate has of one
  bool allows_empty_serial = false;
  std::map<std::string, ParameterRule, std::less<>> parameters = {};
  std::map<std::string, OverrideRule, std::less<>> overrides = {};
};

inline constexpr std::size_t kMaxPatternBytes = 512;

/// RE2's syntax: matched in time linear to the text, with a bound on memory; no back references.
Result<void> check_pattern(std::string_view pattern);

/// Whether the pattern describes the whole text. False for a pattern that check_pattern() refuses.
bool matches_whole(const std::string& pattern, std::string_view text);

}  // namespace imprint::provisioning
