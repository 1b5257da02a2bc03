// SPDX-License-Identifier: Apache-2.0
#include "issuance/profile.h"

#include <algorithm>

#include "base/name.h"

namespace imprint::issuance {

namespace {

using x509::DistinguishedName;
using x509::KeyType;
using x509::NameType;
using x509::SignatureAlgorithm;

constexpr Seconds kMinValidity = std::chrono::minutes(1);
constexpr Seconds kMaxValidity = std::chrono::hours(24 * 365 * 100);
constexpr std::size_t kMaxUrls = 4;
constexpr std::size_t kMaxUrlChars = 256;

Result<SignatureAlgorithm> algorithm_for(const x509::PublicKey& key) {
  switch (key.type()) {
    case KeyType::ec_p256:
      return SignatureAlgorithm::ecdsa_sha256;
    case KeyType::ec_p384:
      return SignatureAlgorithm::ecdsa_sha384;
    case KeyType::ec_p521:
      return SignatureAlgorithm::ecdsa_sha512;
    case KeyType::rsa:
      return SignatureAlgorithm::rsa_sha256;
    case KeyType::other:
      break;
  }
  return fail(Fault::invalid, "an issuing CA cannot have a key of type {}", key.describe());
}

// CRLs and CA certificates are fetched over plain HTTP (RFC 5280 section 8): a client that needs
// TLS to check TLS would go in circles.
Result<void> check_urls(std::string_view kind, const std::vector<std::string>& urls) {
  if (urls.size() > kMaxUrls)
    return fail(Fault::invalid, "{} {} URLs; at most {} are allowed", urls.size(), kind, kMaxUrls);
  for (const std::string& url : urls) {
    const bool plain = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!url.starts_with("http://") || url.size() <= 7 || url.size() > kMaxUrlChars || !plain) {
      return fail(Fault::invalid, "{} URL {} is not http://HOST/... of at most {} ASCII characters",
                  kind, quote(url), kMaxUrlChars);
    }
  }
  return {};
}

Result<void> check_options(const ProfileOptions& options) {
  if (options.validity < kMinValidity || options.validity > kMaxValidity)
    return fail(Fault::invalid, "a validity of {} s is outside 1 minute to 100 years",
                options.validity.count());
  if (options.backdate < Seconds(0) || options.backdate > Profile::kMaxBackdate)
    return fail(Fault::invalid, "a back-date of {} s is outside 0 to 24 hours",
                options.backdate.count());
  TRY(check_urls("CRL", options.crl_urls));
  TRY(check_urls("OCSP", options.ocsp_urls));
  return check_urls("CA issuer", options.ca_issuer_urls);
}

}  // namespace

Result<Profile> Profile::make(const ProfileOptions& options, const x509::Certificate& issuing_ca) {
  TRY(check_options(options));
  const std::string ca = issuing_ca.subject().text();
  if (!issuing_ca.is_ca()) return fail(Fault::invalid, "\"{}\" is not a CA certificate", ca);
  if (issuing_ca.extensions().subject_key_id.empty())
    return fail(Fault::invalid, "the CA certificate \"{}\" has no subject key identifier", ca);
  TRY_ASSIGN(const SignatureAlgorithm algorithm, algorithm_for(issuing_ca.public_key()));
  std::vector<DistinguishedName::Part> parts;
  if (!options.organization.empty())
    parts.push_back({NameType::organization, options.organization});
  parts.push_back({NameType::common_name, options.common_name});
  TRY_ASSIGN(DistinguishedName subject, DistinguishedName::make(parts));
  return Profile(options, issuing_ca, std::move(subject), algorithm);
}

Result<Profile> Profile::with_validity(Seconds validity) const {
  ProfileOptions options = options_;
  options.validity = validity;
  return make(options, issuing_ca_);
}

}  // namespace imprint::issuance
