// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "provisioning/check_digit.h"

namespace imprint::provisioning {

/// A rule for the value that a device sends for one parameter.
struct ParameterRule {
  std::string pattern = {};  ///< a regular expression for the whole value; empty: any
  std::optional<CheckDigit> check_digit = {};
};

/// A value that replaces the device's own for a parameter.
struct OverrideValue {
  std::string text = {};  ///< the value, or the name of a column of the manufacturing list
  bool is_column = false;
};

/// The longest prefix of the serial number decides; if none matches, `otherwise` does.
struct OverrideRule {
  std::optional<OverrideValue> otherwise = {};
  std::map<std::string, OverrideValue, std::less<>> by_prefix = {};
};

/// The gatekeeper's rules for one template, by parameter. An empty member is no rule.
struct Rules {
  std::string allowlist = {};         ///< name of the manufacturing list a unit must be on
  std::string serial_parameter = {};  ///< empty: the default of serial_parameter_of()
  bool allows_empty_serial = false;
  std::map<std::string, ParameterRule, std::less<>> parameters = {};
  std::map<std::string, OverrideRule, std::less<>> overrides = {};
};

inline constexpr std::size_t kMaxPatternBytes = 512;

/// Checks a pattern in RE2's syntax, without back references. Matching takes time linear in the
/// length of the text, and bounded memory.
Result<void> check_pattern(std::string_view pattern);

/// Whether the pattern matches the whole text. False for a pattern that check_pattern() refuses.
bool matches_whole(const std::string& pattern, std::string_view text);

}  // namespace imprint::provisioning
