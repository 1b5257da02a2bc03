// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/context.h"

namespace imprint::policy {

/// The target of a `${name}` in a policy, or of a condition's key. Names are case-sensitive; an
/// unknown one is refused when the policy is made, because it would silently never match.
struct Variable {
  enum class Key : std::uint8_t {
    client_id,
    source_ip,
    domain_name,
    certificate_id,
    certificate_serial,
    available_keys,
    subject,
    issuer,
    thing_name,
    thing_type_name,
    thing_attribute,
    is_attached,
    connect_attributes,
    last_will_topic,
    current_time,
    epoch_time,
    secure_transport,
  };

  /// Parses the text between `${` and `}`, or a condition key.
  static Result<Variable> parse(std::string_view name);

  /// Has several values at once; conditions then need ForAllValues: or ForAnyValue:.
  [[nodiscard]] bool is_list() const {
    return list || key == Key::available_keys || key == Key::connect_attributes;
  }
  [[nodiscard]] bool is_time() const { return key == Key::current_time || key == Key::epoch_time; }
  /// Refers to the thing associated with the connection.
  [[nodiscard]] bool is_of_thing() const {
    return key == Key::thing_name || key == Key::thing_type_name || key == Key::thing_attribute;
  }
  /// Whether `${name}` may be used in a resource or a condition value.
  [[nodiscard]] bool substitutes() const {
    return !is_list() && !is_time() && key != Key::last_will_topic;
  }

  friend bool operator==(const Variable&, const Variable&) = default;

  Key key = Key::client_id;
  CertificateField field = CertificateField::common_name;  ///< For Key::subject and Key::issuer.
  std::uint8_t index = 0;                                  ///< Which of several values, from 0.
  bool list = false;                                       ///< The name ends in ".List".
  std::string attribute;                                   ///< The thing attribute's name.
  std::string name;                                        ///< As the policy spells it.
};

/// The value of a variable in a context. `escaped` values come from a certificate: the characters ,
/// " \ + = < > ; count as if preceded by a backslash.
struct Value {
  std::string_view text;
  bool escaped = false;
};

/// The value for substitution; empty text when there is none. In an Allow, Imprint never
/// substitutes a value that could act as a wildcard, in a policy or in a topic filter (* ? # +),
/// one that begins with '$', a client id with a slash, or a certificate value of more than 1024
/// bytes.
Value substitution(const Variable& variable, const Context& context, Reading reading);

/// The values for condition keys: all of them, unfiltered (nothing is substituted, so nothing can
/// widen). Times are not among them; conditions read Context::now.
std::vector<Value> values(const Variable& variable, const Context& context);

/// The value as a policy author sees it, with escapes; uses `storage` only if it has any.
std::string_view spell(Value value, std::string& storage);

/// One of the characters that certificate values show with a preceding backslash.
constexpr bool needs_escape(char c) {
  return std::string_view(",\"\\+=<>;").find(c) != std::string_view::npos;
}

}  // namespace imprint::policy
