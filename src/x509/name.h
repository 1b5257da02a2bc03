// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::x509 {

/// The attributes that AWS IoT policy variables can name, with common relatives.
enum class NameType {
  common_name,
  country,
  state,
  locality,
  organization,
  organizational_unit,
  serial_number,  ///< the subject attribute (2.5.4.5), not the certificate's serial
  title,
  surname,
  given_name,
  initials,
  pseudonym,
  generation_qualifier,
  dn_qualifier,
  email_address,
  domain_component,
  other,
};

struct NameAttribute {
  NameType type = NameType::other;
  std::string oid;  ///< "2.5.4.3"
  std::string
      value;  ///< UTF-8 without control characters; for a type that is not a string, "#" + hex

  friend bool operator==(const NameAttribute&, const NameAttribute&) = default;
};

/// An X.501 name: a value. Two names are equal when their encoded bytes are, the only comparison
/// that two implementations cannot interpret differently.
class DistinguishedName {
 public:
  /// The empty name.
  DistinguishedName();

  /// From a DER Name: at most 64 attributes of at most 1024 bytes. Control characters, NUL and text
  /// that is not valid in its string type are refused (such names forge log lines and comparisons).
  static Result<DistinguishedName> from_der(BytesView der);

  struct Part {
    NameType type;
    std::string value;
  };
  /// One attribute per RDN, in order. Values are UTF-8 within RFC 5280's upper bounds (64 for most
  /// types, exactly 2 letters for a country).
  static Result<DistinguishedName> make(std::span<const Part> parts);
  static Result<DistinguishedName> make(std::initializer_list<Part> parts) {
    return make(std::span(parts.begin(), parts.size()));
  }

  [[nodiscard]] const Bytes& der() const { return der_; }
  [[nodiscard]] const std::vector<NameAttribute>& attributes() const { return attributes_; }
  /// All values of one type, in the order of the certificate.
  [[nodiscard]] std::vector<std::string_view> values(NameType type) const;
  /// The first common name, or "".
  [[nodiscard]] std::string_view common_name() const;
  /// "CN=...,O=..." in the order of the certificate, specials escaped by a backslash as RFC 4514
  /// section 2.4 does. For people, never for comparison.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const DistinguishedName& a, const DistinguishedName& b) {
    return a.der_ == b.der_;
  }

 private:
  Bytes der_;
  std::vector<NameAttribute> attributes_;
};

/// The X in ${iot:Certificate.Subject.X}: "CommonName", "Organization", ...; empty for types
/// without an AWS variable.
std::string_view aws_variable(NameType type);

}  // namespace imprint::x509
