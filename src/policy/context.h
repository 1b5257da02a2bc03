// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace imprint::policy {

/// The parts of a certificate's subject or issuer that policies can name.
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

/// What is known of the connection that asks; a view, cheap to build, owned by nobody. An empty
/// view means unknown: a variable that refers to it cannot be resolved.
struct Context {
  /// Region that policy ARNs must name; empty accepts every region, since the server answers to
  /// any.
  std::string_view region;
  std::string_view account = "000000000000";

  std::string_view client_id;
  std::string_view source_ip;  ///< IPv4 or IPv6 text.

  std::string_view certificate_id;
  std::string_view certificate_serial;
  std::span<const CertificateValue> subject;  ///< In the certificate's order; repeats allowed.
  std::span<const CertificateValue> issuer;

  /// The thing associated with the connection (AWS: exclusive attachment, or client id == name).
  std::string_view thing_name;
  std::string_view thing_type_name;
  const std::map<std::string, std::string, std::less<>>* thing_attributes = nullptr;
  bool is_attached = false;

  /// CONNECT only: what the client asked for.
  bool persistent_connect = false;
  bool last_will = false;
  std::string_view last_will_topic;

  std::optional<Timestamp> now;
};

}  // namespace imprint::policy
