// SPDX-License-Identifier: Apache-2.0
#include "bench/pki.h"

#include "base/clock.h"
#include "base/random.h"
#include "bench/must.h"
#include "issuance/serial.h"
#include "x509/tbs_certificate.h"

namespace imprint::bench {

namespace {

fleet::Identity make_identity(std::string_view name, const fleet::Identity* issuer,
                              x509::Extensions extensions) {
  SystemRandom random;
  const Timestamp now = SystemClock().now();
  auto key = must(x509::PrivateKey::generate(x509::KeyAlgorithm::ec_p256));
  const auto subject =
      must(x509::DistinguishedName::make({{x509::NameType::common_name, std::string(name)}}));
  extensions.subject_key_id = x509::key_identifier(key.public_key());
  if (issuer != nullptr)
    extensions.authority_key_id = issuer->certificate.extensions().subject_key_id;
  auto certificate =
      must(x509::sign_certificate({.serial = issuance::make_serial(random),
                                   .signature_algorithm = x509::SignatureAlgorithm::ecdsa_sha256,
                                   .issuer = issuer ? issuer->certificate.subject() : subject,
                                   .not_before = now - std::chrono::hours(1),
                                   .not_after = now + std::chrono::hours(24),
                                   .subject = subject,
                                   .public_key = key.public_key(),
                                   .extensions = std::move(extensions)},
                                  issuer ? issuer->key : key));
  return {std::move(certificate), std::move(key)};
}

}  // namespace

Pki Pki::make() {
  fleet::Identity root = make_identity(
      "Bench root", nullptr,
      {.basic_constraints = x509::BasicConstraints{.ca = true}, .key_usage = x509::key_cert_sign});
  fleet::Identity server =
      make_identity("Bench server", &root,
                    {.basic_constraints = x509::BasicConstraints{},
                     .key_usage = x509::digital_signature,
                     .extended_key_usage = {std::string(x509::kServerAuth)},
                     .alternative_names = {{x509::AlternativeName::ip, "127.0.0.1"}}});
  fleet::Identity client = make_identity("Bench client", &root,
                                         {.basic_constraints = x509::BasicConstraints{},
                                          .key_usage = x509::digital_signature,
                                          .extended_key_usage = {std::string(x509::kClientAuth)}});
  return {std::move(root), std::move(server), std::move(client)};
}

}  // namespace imprint::bench
