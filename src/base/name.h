// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace imprint {

/// Makes text from outside safe to show: control characters and quotes escaped, cut after 80 bytes.
std::string quote(std::string_view text);

/// Checks text against a name's rule; `allowed` lists the permitted characters for the message.
Result<void> check_name(std::string_view kind, std::string_view text, std::size_t max_bytes,
                        bool (*permits)(char), std::string_view allowed);

/// A name that is known to be well formed: only parse() makes one, so a function that takes one
/// need not check it. Rule gives kind, max_bytes, permits(char) and the allowed characters as text.
template <class Rule>
class Name {
 public:
  static Result<Name> parse(std::string_view text) {
    TRY(check_name(Rule::kind, text, Rule::max_bytes, &Rule::permits, Rule::allowed));
    return Name(std::string(text));
  }

  [[nodiscard]] const std::string& str() const { return text_; }
  friend auto operator<=>(const Name&, const Name&) = default;
  friend bool operator==(const Name&, const Name&) = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

namespace name_rules {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Limits and alphabets: AWS IoT API 2015-05-28 (thingName, policyName, templateName,
// certificateId).
struct Registry {
  static constexpr std::size_t max_bytes = 128;
  static constexpr std::string_view allowed = "letters, digits and : _ -";
  static constexpr bool permits(char c) { return is_alnum(c) || c == ':' || c == '_' || c == '-'; }
};
struct Thing : Registry {
  static constexpr std::string_view kind = "thing name";
};
struct ThingType : Registry {
  static constexpr std::string_view kind = "thing type name";
};
struct ThingGroup : Registry {
  static constexpr std::string_view kind = "thing group name";
};
struct BillingGroup : Registry {
  static constexpr std::string_view kind = "billing group name";
};
struct Policy {
  static constexpr std::string_view kind = "policy name";
  static constexpr std::size_t max_bytes = 128;
  static constexpr std::string_view allowed = "letters, digits and _ + = , . @ -";
  static constexpr bool permits(char c) {
    return is_alnum(c) || std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  }
};
struct Template {
  static constexpr std::string_view kind = "provisioning template name";
  static constexpr std::size_t max_bytes = 36;
  static constexpr std::string_view allowed = "letters, digits and _ -";
  static constexpr bool permits(char c) { return is_alnum(c) || c == '_' || c == '-'; }
};
struct ManufacturingList {
  static constexpr std::string_view kind = "manufacturing list name";
  static constexpr std::size_t max_bytes = 64;
  static constexpr std::string_view allowed = "letters, digits and _ -";
  static constexpr bool permits(char c) { return is_alnum(c) || c == '_' || c == '-'; }
};
struct Job {
  static constexpr std::string_view kind = "job id";
  static constexpr std::size_t max_bytes = 64;
  static constexpr std::string_view allowed = "letters, digits and _ -";
  static constexpr bool permits(char c) { return is_alnum(c) || c == '_' || c == '-'; }
};
struct AttributeName {
  static constexpr std::string_view kind = "attribute name";
  static constexpr std::size_t max_bytes = 128;
  static constexpr std::string_view allowed = "letters, digits and _ . , @ / : # -";
  static constexpr bool permits(char c) {
    return is_alnum(c) || std::string_view("_.,@/:#-").find(c) != std::string_view::npos;
  }
};

}  // namespace name_rules

using ThingName = Name<name_rules::Thing>;
using ThingTypeName = Name<name_rules::ThingType>;
using ThingGroupName = Name<name_rules::ThingGroup>;
using BillingGroupName = Name<name_rules::BillingGroup>;
using PolicyName = Name<name_rules::Policy>;
using TemplateName = Name<name_rules::Template>;
using JobId = Name<name_rules::Job>;  ///< of a job or a job template
using ListName = Name<name_rules::ManufacturingList>;
using AttributeName = Name<name_rules::AttributeName>;

/// Attribute values: at most 800 bytes of [a-zA-Z0-9_.,@/:#=\[\]-]* (AWS IoT API attributeValue).
Result<void> check_attribute_value(std::string_view value);

}  // namespace imprint

template <class Rule>
struct std::hash<imprint::Name<Rule>> {
  std::size_t operator()(const imprint::Name<Rule>& name) const noexcept {
    return std::hash<std::string>()(name.str());
  }
};
