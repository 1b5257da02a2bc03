// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "x509/certificate.h"
#include "x509/private_key.h"
#include "x509/tbs_certificate.h"

/// Certificates for tests, made with the library's own writer (interoperability tests check it
/// against the openssl tool). Every helper ends the test program if something cannot be made.
namespace imprint::test {

/// 2026-01-01T00:00:00Z, the date in tests unless they say otherwise.
inline constexpr Timestamp kToday{Milliseconds(1'767'225'600'000)};
inline constexpr std::chrono::hours kDay{24};

struct Identity {
  x509::Certificate certificate;
  x509::PrivateKey key;
};

inline x509::PrivateKey make_key(x509::KeyAlgorithm algorithm = x509::KeyAlgorithm::ec_p256) {
  auto key = x509::PrivateKey::generate(algorithm);
  IMPRINT_ASSERT(key.has_value());
  return std::move(*key);
}

inline x509::DistinguishedName common_name(std::string_view text) {
  auto name = x509::DistinguishedName::make({{x509::NameType::common_name, std::string(text)}});
  IMPRINT_ASSERT(name.has_value());
  return std::move(*name);
}

inline x509::CertificateSerial serial(std::uint64_t number) {
  Bytes octets;
  for (int shift = 56; shift >= 0; shift -= 8)
    octets.push_back(static_cast<std::uint8_t>(number >> shift));
  return *x509::CertificateSerial::from_magnitude(octets);
}

/// The defaults of every certificate here; a test changes the fields it is about.
inline x509::TbsCertificate plain_tbs(const x509::PublicKey& key, std::string_view subject) {
  return {
      serial(0x1122334455667788),
      x509::SignatureAlgorithm::ecdsa_sha256,
      common_name(subject),
      kToday - kDay,
      kToday + 365 * kDay,
      common_name(subject),
      key,
      {.basic_constraints = x509::BasicConstraints{}, .subject_key_id = x509::key_identifier(key)}};
}

inline x509::Certificate must_sign(x509::TbsCertificate tbs, const x509::PrivateKey& key) {
  auto certificate = x509::sign_certificate(std::move(tbs), key);
  IMPRINT_ASSERT(certificate.has_value());
  return std::move(*certificate);
}

/// A self-signed CA.
inline Identity make_root(std::string_view name,
                          x509::KeyAlgorithm algorithm = x509::KeyAlgorithm::ec_p256) {
  x509::PrivateKey key = make_key(algorithm);
  auto tbs = plain_tbs(key.public_key(), name);
  tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
  tbs.extensions.key_usage = x509::key_cert_sign | x509::crl_sign;
  tbs.not_after = kToday + 3650 * kDay;
  return {must_sign(std::move(tbs), key), std::move(key)};
}

/// A certificate under `issuer` for a key; `change` edits it before the signature.
template <class Change>
x509::Certificate make_child(const Identity& issuer, std::string_view name,
                             const x509::PrivateKey& key, Change change) {
  auto tbs = plain_tbs(key.public_key(), name);
  tbs.issuer = issuer.certificate.subject();
  tbs.extensions.authority_key_id = issuer.certificate.extensions().subject_key_id;
  change(tbs);
  return must_sign(std::move(tbs), issuer.key);
}

/// The same with a new key.
template <class Change>
Identity make_child(const Identity& issuer, std::string_view name, Change change) {
  x509::PrivateKey key = make_key();
  x509::Certificate certificate = make_child(issuer, name, key, change);
  return {std::move(certificate), std::move(key)};
}

inline Identity make_intermediate(const Identity& issuer, std::string_view name) {
  return make_child(issuer, name, [](x509::TbsCertificate& tbs) {
    tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true, .path_length = 0};
    tbs.extensions.key_usage = x509::key_cert_sign | x509::crl_sign;
  });
}

inline Identity make_device(const Identity& issuer, std::string_view name) {
  return make_child(issuer, name, [](x509::TbsCertificate& tbs) {
    tbs.extensions.key_usage = x509::digital_signature;
    tbs.extensions.extended_key_usage = {std::string(x509::kClientAuth)};
  });
}

}  // namespace imprint::test
