// SPDX-License-Identifier: Apache-2.0
#include "deployment/create.h"

#include <algorithm>

#include "access/access_key.h"
#include "base/file.h"
#include "base/name.h"
#include "deployment/config.h"
#include "deployment/key_file.h"
#include "deployment/layout.h"
#include "deployment/staging.h"
#include "issuance/key_generation.h"
#include "issuance/serial.h"
#include "x509/general_name.h"
#include "x509/tbs_certificate.h"

namespace imprint::deployment {

namespace {

using x509::AlternativeName;
using x509::NameType;

constexpr std::chrono::hours kDay{24};
// The validity period includes both of its ends (RFC 5280 section 4.1.2.5).
constexpr auto kInclusive = std::chrono::seconds(1);
constexpr auto kRootLife = 30 * 365 * kDay - kInclusive;
constexpr auto kIssuingLife = 20 * 365 * kDay - kInclusive;
// The longest validity that common TLS clients accept from a private CA.
constexpr auto kServerLife = 825 * kDay - kInclusive;
// For devices whose clocks run behind; counts towards a certificate's validity.
constexpr auto kBackdate = std::chrono::hours(1);
constexpr std::size_t kMaxNames = 64;

struct KeyPair {
  x509::Certificate certificate;
  x509::PrivateKey key;
};

Timestamp whole_seconds(Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time); }

Result<void> check_name(const std::string& name) {
  if (x509::parse_ip_address(name)) return {};
  const auto permits = [](char c) { return name_rules::is_alnum(c) || c == '.' || c == '-'; };
  const bool is_host_name = !name.empty() && name.size() <= 253 &&
                            std::ranges::all_of(name, permits) && name.front() != '.' &&
                            name.front() != '-' && name.back() != '.' &&
                            name.find("..") == std::string::npos;
  if (!is_host_name) {
    return fail(Fault::invalid,
                "endpoint {} is neither a host name nor an IP address; write for instance "
                "iot.example.com, without scheme and port",
                quote(name));
  }
  return {};
}

Result<KeyPair> make_authority(const std::string& common_name, const CreateOptions& options,
                               const KeyPair* parent, Timestamp now, Random& random) {
  TRY_ASSIGN(x509::PrivateKey key, issuance::generate_key(options.key_algorithm));
  std::vector<x509::DistinguishedName::Part> parts;
  if (!options.organization.empty())
    parts.push_back({NameType::organization, options.organization});
  parts.push_back({NameType::common_name, common_name});
  TRY_ASSIGN(const x509::DistinguishedName subject, x509::DistinguishedName::make(parts));
  const Bytes key_id = x509::key_identifier(key.public_key());
  x509::TbsCertificate tbs{
      .serial = issuance::make_serial(random),
      .signature_algorithm = key.signature_algorithm(),
      .issuer = parent == nullptr ? subject : parent->certificate.subject(),
      .not_before = whole_seconds(now - kBackdate),
      .not_after = whole_seconds(now - kBackdate + (parent == nullptr ? kRootLife : kIssuingLife)),
      .subject = subject,
      .public_key = key.public_key(),
      .extensions = {.basic_constraints = x509::BasicConstraints{.ca = true},
                     .key_usage = x509::key_cert_sign | x509::crl_sign,
                     .subject_key_id = key_id}};
  if (parent != nullptr) {
    tbs.extensions.basic_constraints->path_length = 0;
    tbs.extensions.authority_key_id = parent->certificate.extensions().subject_key_id;
  }
  TRY_ASSIGN(x509::Certificate certificate,
             x509::sign_certificate(std::move(tbs), parent == nullptr ? key : parent->key));
  return KeyPair{std::move(certificate), std::move(key)};
}

/// Writes the files one by one; the modes are those of layout.h's table.
Result<void> write_files(const Layout& at, const KeyPair& root, const KeyPair& issuing,
                         const KeyPair& server, const KeyPair& second_server,
                         const access::AccessKey& admin, const std::string& config) {
  constexpr mode_t kPublic = 0644;
  constexpr mode_t kSecret = 0600;
  TRY(write_file_durably(at.root_key(), kSecret, root.key.pem_pkcs8().reveal()));
  TRY(write_file_durably(at.root_certificate(), kPublic, root.certificate.pem()));
  TRY(write_file_durably(at.issuing_key(), kSecret, issuing.key.pem_pkcs8().reveal()));
  TRY(write_file_durably(at.issuing_certificate(), kPublic, issuing.certificate.pem()));
  TRY(write_file_durably(at.server_key(), kSecret, server.key.pem_pkcs8().reveal()));
  TRY(write_file_durably(at.server_certificate(), kPublic, server.certificate.pem()));
  TRY(write_file_durably(at.second_server_key(), kSecret, second_server.key.pem_pkcs8().reveal()));
  TRY(write_file_durably(at.second_server_certificate(), kPublic, second_server.certificate.pem()));
  TRY(write_file_durably(at.trusted_root(), kPublic, root.certificate.pem()));
  TRY(write_file_durably(at.admin_credentials(), kSecret, admin.file_text().reveal()));
  return write_file_durably(at.config(), kPublic, config);
}

}  // namespace

Result<std::vector<std::string>> server_names(const std::vector<std::string>& endpoints) {
  std::vector<std::string> out;
  for (const std::string& name : endpoints) {
    TRY(check_name(name));
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  }
  for (const std::string name : {"localhost", "127.0.0.1", "::1"}) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  }
  if (out.size() > kMaxNames)
    return fail(Fault::invalid, "{} endpoint names; at most {} are allowed", out.size(), kMaxNames);
  return out;
}

Result<x509::Certificate> make_server_certificate(const x509::PublicKey& server_key,
                                                  const std::vector<std::string>& names,
                                                  const x509::Certificate& issuing_ca,
                                                  const x509::PrivateKey& issuing_key,
                                                  Timestamp now, Random& random) {
  IMPRINT_ASSERT(!names.empty());
  // A common name holds at most 64 characters; verifiers read the alternative names.
  TRY_ASSIGN(const x509::DistinguishedName subject,
             x509::DistinguishedName::make(
                 {{NameType::common_name, names[0].size() <= 64 ? names[0] : "Imprint server"}}));
  x509::Extensions extensions{.basic_constraints = x509::BasicConstraints{.ca = false},
                              .key_usage = server_key.type() == x509::KeyType::rsa
                                               ? x509::digital_signature | x509::key_encipherment
                                               : x509::digital_signature,
                              .extended_key_usage = {std::string(x509::kServerAuth)},
                              .subject_key_id = x509::key_identifier(server_key),
                              .authority_key_id = issuing_ca.extensions().subject_key_id};
  for (const std::string& name : names) {
    const bool address = x509::parse_ip_address(name).has_value();
    extensions.alternative_names.push_back(
        {address ? AlternativeName::ip : AlternativeName::dns, name});
  }
  return x509::sign_certificate(
      {.serial = issuance::make_serial(random),
       .signature_algorithm = issuing_key.signature_algorithm(),
       .issuer = issuing_ca.subject(),
       .not_before = whole_seconds(now - kBackdate),
       .not_after = std::min(whole_seconds(now - kBackdate + kServerLife), issuing_ca.not_after()),
       .subject = subject,
       .public_key = server_key,
       .extensions = std::move(extensions)},
      issuing_key);
}

namespace {

x509::KeyAlgorithm other_family(x509::KeyAlgorithm algorithm) {
  const bool is_ec =
      algorithm == x509::KeyAlgorithm::ec_p256 || algorithm == x509::KeyAlgorithm::ec_p384;
  return is_ec ? x509::KeyAlgorithm::rsa_2048 : x509::KeyAlgorithm::ec_p256;
}

Result<KeyPair> make_server(x509::KeyAlgorithm algorithm, const std::vector<std::string>& names,
                            const KeyPair& issuing, Timestamp now, Random& random) {
  TRY_ASSIGN(x509::PrivateKey key, issuance::generate_key(algorithm));
  TRY_ASSIGN(x509::Certificate certificate,
             make_server_certificate(key.public_key(), names, issuing.certificate, issuing.key, now,
                                     random));
  return KeyPair{std::move(certificate), std::move(key)};
}

}  // namespace

Result<Created> create(const std::filesystem::path& directory, const CreateOptions& options,
                       const Clock& clock, Random& random) {
  TRY_ASSIGN(const std::vector<std::string> names, server_names(options.endpoints));
  TRY_ASSIGN(Staging staging, Staging::make(directory, random));

  const Timestamp now = clock.now();
  TRY_ASSIGN(const KeyPair root, make_authority("Imprint Root CA", options, nullptr, now, random));
  TRY_ASSIGN(const KeyPair issuing,
             make_authority("Imprint Issuing CA", options, &root, now, random));
  TRY_ASSIGN(const KeyPair server, make_server(options.key_algorithm, names, issuing, now, random));
  TRY_ASSIGN(const KeyPair second,
             make_server(other_family(options.key_algorithm), names, issuing, now, random));
  const access::AccessKey admin = access::AccessKey::make(random);

  const Layout at(staging.path());
  TRY(make_folder(at.ca_folder()));
  TRY(make_folder(at.server_folder()));
  TRY(write_files(at, root, issuing, server, second, admin,
                  default_config_text(options.endpoints)));
  TRY(make_key_file(at.credentials_key(), random));
  TRY(staging.finish());
  return Created{root.certificate.id().hex(), admin.id, names, server.certificate.not_after()};
}

}  // namespace imprint::deployment
