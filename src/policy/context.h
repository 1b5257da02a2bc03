// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/required.h"

namespace imprint::policy {

/// The parts of a certificate's subject or issuer that policies can refer to.
enum class CertificateField : std::uint8_t {
  distinguished_name_qualifier,
  country,
  organization,
  organizational_unit,
  state,
  common_name,
  serial_number,
  title,
  surname,
  given_name,
  initials,
  pseudonym,
  generation_qualifier,
  alternative_rfc822_name,
  alternative_dns_name,
  alternative_directory_name,
  alternative_uri,
  alternative_ip_address,
};
inline constexpr std::size_t kCertificateFieldCount = 18;

struct CertificateValue {
  CertificateField field;
  std::string_view value;  ///< UTF-8 as the certificate holds it, not escaped.
};

/// The known facts about the connection that asks; a view, cheap to build, without ownership. An
/// empty view means unknown: a variable that refers to it cannot be resolved. Code that makes one
/// must name every member, because a key without a value also decides.
struct Context {
  /// Region that policy ARNs must name; empty accepts every region, since the server accepts
  /// requests for any region.
  Required<std::string_view> region;
  Required<std::string_view> account;

  Required<std::string_view> client_id;
  Required<std::string_view> source_ip;    ///< IPv4 or IPv6 text.
  Required<std::string_view> domain_name;  ///< The endpoint name that the client connected to.

  Required<std::string_view> certificate_id;
  Required<std::string_view> certificate_serial;
  /// In the certificate's order; duplicates allowed.
  Required<std::span<const CertificateValue>> subject;
  Required<std::span<const CertificateValue>> issuer;

  /// The thing associated with the connection (AWS: exclusive attachment, or client id == name).
  Required<std::string_view> thing_name;
  Required<std::string_view> thing_type_name;
  Required<const std::map<std::string, std::string, std::less<>>*> thing_attributes;
  Required<bool> is_attached;
  /// The certificate has things, and the client id, which the client chose, names none of them.
  Required<bool> hides_its_thing;

  /// The client's requests in its CONNECT.
  Required<bool> persistent_connect;
  Required<bool> last_will;
  Required<std::string_view> last_will_topic;

  Required<Timestamp> now;
};

/// For patterns without variables, and as a starting point for tests: no connection at all.
inline Context nothing_known() {
  return {.region = "",
          .account = "000000000000",
          .client_id = "",
          .source_ip = "",
          .domain_name = "",
          .certificate_id = "",
          .certificate_serial = "",
          .subject = std::span<const CertificateValue>(),
          .issuer = std::span<const CertificateValue>(),
          .thing_name = "",
          .thing_type_name = "",
          .thing_attributes = nullptr,
          .is_attached = false,
          .hides_its_thing = false,
          .persistent_connect = false,
          .last_will = false,
          .last_will_topic = "",
          .now = Timestamp()};
}

/// How the value of a variable is interpreted. A client chooses some values itself; none may widen
/// an Allow, and none may exempt it from a Deny.
enum class Reading : std::uint8_t {
  /// Allow: a value that could act as a wildcard, a path or a reserved topic counts as missing.
  allow,
  /// Allow of iot:Connect, whose resource is the client id itself: a value with wildcards counts as
  /// missing.
  allow_client,
  /// Deny: every value is taken literally; a missing value may be anything.
  deny,
};

}  // namespace imprint::policy
