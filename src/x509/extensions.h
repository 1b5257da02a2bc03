// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::x509 {

/// KeyUsage bits as RFC 5280 section 4.2.1.3 numbers them: bit n of the mask is named bit n.
enum KeyUsage : std::uint16_t {
  digital_signature = 1U << 0U,
  key_encipherment = 1U << 2U,
  key_cert_sign = 1U << 5U,
  crl_sign = 1U << 6U,
};

struct BasicConstraints {
  bool ca = false;
  std::optional<unsigned> path_length = {};
  friend bool operator==(const BasicConstraints&, const BasicConstraints&) = default;
};

/// The GeneralName kinds; those that AWS has a policy variable for carry a value.
struct AlternativeName {
  enum Kind { email, dns, uri, ip, directory, other };
  Kind kind = other;
  /// ASCII text; an address as "192.0.2.1" or "2001:db8::1"; a directory name as its text();
  /// empty for other.
  std::string value = {};
  friend bool operator==(const AlternativeName&, const AlternativeName&) = default;
};

/// The certificate extensions that Imprint reads and writes. Absent ones are not written.
struct Extensions {
  std::optional<BasicConstraints> basic_constraints = {};
  std::optional<std::uint16_t> key_usage = {};
  std::vector<std::string> extended_key_usage = {};  ///< dotted; see kClientAuth, kServerAuth
  Bytes subject_key_id = {};
  Bytes authority_key_id = {};
  std::vector<AlternativeName> alternative_names = {};
  std::vector<AlternativeName> issuer_alternative_names = {};
  std::vector<std::string> crl_urls = {};
  std::vector<std::string> ocsp_urls = {};
  std::vector<std::string> ca_issuer_urls = {};
  /// Dotted identifiers of every extension present, in order, and of the critical ones.
  /// Filled by reading, ignored by writing.
  std::vector<std::string> present = {};
  std::vector<std::string> critical = {};
};

inline constexpr std::string_view kClientAuth = "1.3.6.1.5.5.7.3.2";
inline constexpr std::string_view kServerAuth = "1.3.6.1.5.5.7.3.1";

/// Reads the Extensions SEQUENCE. Refused: a repeated extension, an empty sequence (also inside
/// EKU), a known extension that is not well formed. Unknown ones are listed only; at most 64.
Result<Extensions> read_extensions(BytesView sequence);

/// The Extensions SEQUENCE in a fixed order, criticality as RFC 5280 asks (BasicConstraints and
/// KeyUsage critical, the rest not). Fails on URLs and names that are not printable ASCII and on
/// addresses that do not parse.
Result<Bytes> write_extensions(const Extensions& extensions);

}  // namespace imprint::x509
