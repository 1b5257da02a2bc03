// SPDX-License-Identifier: Apache-2.0
#include "issuance/lint.h"

#include <algorithm>
#include <array>

#include "x509/extensions.h"
#include "x509/tbs_certificate.h"

namespace imprint::issuance {

namespace {

using x509::Extensions;
using x509::TbsView;

constexpr std::size_t kMaxSerialOctets = 20;
constexpr std::size_t kMinSerialOctets = 9;  // more than 64 bits

constexpr std::string_view kBasicConstraintsOid = "2.5.29.19";
constexpr std::string_view kKeyUsageOid = "2.5.29.15";

/// The input of the lint: the fields as read back, and the expected values.
struct Subject {
  const TbsView& tbs;
  const Extensions& extensions;
  const Profile& profile;
  const x509::PublicKey& key;
};

bool lists(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

bool serial_is_random_and_positive(const Subject& s) {
  return s.tbs.serial.size() >= kMinSerialOctets && s.tbs.serial.size() <= kMaxSerialOctets &&
         s.tbs.serial[0] < 0x80;
}

bool signature_algorithm_is_the_issuers(const Subject& s) {
  const auto found = x509::parse_signature_algorithm(s.tbs.signature_algorithm);
  return found && *found == s.profile.signature_algorithm();
}

bool issuer_is_the_ca(const Subject& s) {
  return std::ranges::equal(s.tbs.issuer, s.profile.issuing_ca().subject().der());
}

bool subject_is_the_profiles(const Subject& s) {
  return std::ranges::equal(s.tbs.subject, s.profile.subject().der());
}

bool validity_is_ordered_and_bounded(const Subject& s) {
  // Rounding to whole seconds and back-dating add at most a second to what the profile grants.
  const auto& options = s.profile.options();
  const auto longest = options.validity + options.backdate + Seconds(1);
  return s.tbs.not_before < s.tbs.not_after && s.tbs.not_after - s.tbs.not_before <= longest;
}

bool ends_with_the_ca_at_the_latest(const Subject& s) {
  return s.tbs.not_after <= s.profile.issuing_ca().not_after();
}

bool public_key_is_the_approved_one(const Subject& s) {
  return std::ranges::equal(s.tbs.spki, s.key.spki());
}

bool is_no_ca(const Subject& s) {
  return s.extensions.basic_constraints == x509::BasicConstraints{.ca = false} &&
         lists(s.extensions.critical, kBasicConstraintsOid);
}

bool key_usage_fits_the_key(const Subject& s) {
  // RFC 5480 section 3: an EC key that signs must not claim keyEncipherment.
  const unsigned wanted = s.key.type() == x509::KeyType::rsa
                              ? x509::digital_signature | x509::key_encipherment
                              : x509::digital_signature;
  return s.extensions.key_usage == wanted && lists(s.extensions.critical, kKeyUsageOid);
}

bool serves_tls_clients_only(const Subject& s) {
  return s.extensions.extended_key_usage ==
         std::vector<std::string>{std::string(x509::kClientAuth)};
}

bool key_identifiers_match(const Subject& s) {
  return s.extensions.subject_key_id == x509::key_identifier(s.key) &&
         s.extensions.authority_key_id == s.profile.issuing_ca().extensions().subject_key_id;
}

bool has_no_alternative_names(const Subject& s) {
  return s.extensions.alternative_names.empty() && s.extensions.issuer_alternative_names.empty();
}

bool urls_are_the_profiles(const Subject& s) {
  const auto& options = s.profile.options();
  return s.extensions.crl_urls == options.crl_urls && s.extensions.ocsp_urls == options.ocsp_urls &&
         s.extensions.ca_issuer_urls == options.ca_issuer_urls;
}

bool has_no_other_extension(const Subject& s) {
  constexpr std::array<std::string_view, 7> kKnown = {
      "2.5.29.35", "2.5.29.14", kBasicConstraintsOid, kKeyUsageOid,
      "2.5.29.37", "2.5.29.31", "1.3.6.1.5.5.7.1.1"};
  return std::ranges::all_of(s.extensions.present, [&](const std::string& oid) {
    return std::ranges::find(kKnown, oid) != kKnown.end();
  });
}

struct Rule {
  std::string_view sentence;
  bool (*holds)(const Subject& subject);
};
constexpr Rule kRules[] = {
    {"the serial is positive, of 9 to 20 octets (RFC 5280 4.1.2.2)", serial_is_random_and_positive},
    {"the signature algorithm is the issuing CA's (RFC 5280 4.1.2.3)",
     signature_algorithm_is_the_issuers},
    {"the issuer is the issuing CA (RFC 5280 4.1.2.4)", issuer_is_the_ca},
    {"the subject is the profile's", subject_is_the_profiles},
    {"the validity is ordered and within the profile's", validity_is_ordered_and_bounded},
    {"the certificate does not outlive the issuing CA", ends_with_the_ca_at_the_latest},
    {"the public key is the approved one", public_key_is_the_approved_one},
    {"BasicConstraints is critical and CA:FALSE (RFC 5280 4.2.1.9)", is_no_ca},
    {"KeyUsage is critical and fits the key (RFC 5280 4.2.1.3)", key_usage_fits_the_key},
    {"ExtendedKeyUsage is clientAuth alone", serves_tls_clients_only},
    {"the key identifiers match key and issuing CA (RFC 5280 4.2.1.1, 4.2.1.2)",
     key_identifiers_match},
    {"there are no alternative names", has_no_alternative_names},
    {"CRL, OCSP and CA issuer URLs are the profile's", urls_are_the_profiles},
    {"there is no extension besides these", has_no_other_extension},
};

Unexpected broken(std::string_view rule) {
  return fail(Fault::internal, "lint: not true that {}", rule);
}

}  // namespace

Result<void> lint(BytesView tbs_der, const Profile& profile, const x509::PublicKey& expected_key) {
  const auto tbs = x509::read_tbs(tbs_der);
  if (!tbs) return broken("the certificate reads back: " + tbs.error().message);
  if (tbs->version != 3 || tbs->extensions.empty())
    return broken("the certificate has version 3 and extensions (RFC 5280 4.1.2.1)");
  const auto extensions = x509::read_extensions(tbs->extensions);
  if (!extensions) return broken("the extensions read back: " + extensions.error().message);
  const Subject subject{*tbs, *extensions, profile, expected_key};
  for (const Rule& rule : kRules) {
    if (!rule.holds(subject)) return broken(rule.sentence);
  }
  return {};
}

}  // namespace imprint::issuance
