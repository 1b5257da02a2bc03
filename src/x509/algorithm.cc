// SPDX-License-Identifier: Apache-2.0
#include "x509/algorithm.h"

#include <algorithm>

#include "base/name.h"
#include "outcome/causes.h"
#include "x509/der.h"

namespace imprint::x509 {

namespace {

using namespace std::string_view_literals;

struct SignatureRow {
  SignatureAlgorithm algorithm;
  bool rsa;
  std::string_view name;
  std::string_view oid;
};

constexpr SignatureRow kSignatures[] = {
    {SignatureAlgorithm::rsa_sha256, true, "sha256WithRSAEncryption",
     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"sv},
    {SignatureAlgorithm::rsa_sha384, true, "sha384WithRSAEncryption",
     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"sv},
    {SignatureAlgorithm::rsa_sha512, true, "sha512WithRSAEncryption",
     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"sv},
    {SignatureAlgorithm::ecdsa_sha256, false, "ecdsa-with-SHA256",
     "\x2a\x86\x48\xce\x3d\x04\x03\x02"sv},
    {SignatureAlgorithm::ecdsa_sha384, false, "ecdsa-with-SHA384",
     "\x2a\x86\x48\xce\x3d\x04\x03\x03"sv},
    {SignatureAlgorithm::ecdsa_sha512, false, "ecdsa-with-SHA512",
     "\x2a\x86\x48\xce\x3d\x04\x03\x04"sv},
};

/// Names for the refused algorithms that are seen in practice.
struct RefusedRow {
  std::string_view oid;
  std::string_view name;
};
constexpr RefusedRow kRefused[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"sv, "md5WithRSAEncryption"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"sv, "sha1WithRSAEncryption"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"sv, "RSASSA-PSS"},
    {"\x2a\x86\x48\xce\x3d\x04\x01"sv, "ecdsa-with-SHA1"},
    {"\x2b\x65\x70"sv, "Ed25519"},
};

struct KeyRow {
  KeyAlgorithm algorithm;
  std::string_view name;
};
constexpr KeyRow kKeys[] = {
    {KeyAlgorithm::ec_p256, "ec-p256"},   {KeyAlgorithm::ec_p384, "ec-p384"},
    {KeyAlgorithm::rsa_2048, "rsa-2048"}, {KeyAlgorithm::rsa_3072, "rsa-3072"},
    {KeyAlgorithm::rsa_4096, "rsa-4096"},
};

const SignatureRow& row_of(SignatureAlgorithm algorithm) {
  return *std::ranges::find(kSignatures, algorithm, &SignatureRow::algorithm);
}

}  // namespace

std::string_view to_string(SignatureAlgorithm algorithm) { return row_of(algorithm).name; }
bool is_rsa(SignatureAlgorithm algorithm) { return row_of(algorithm).rsa; }

Bytes algorithm_identifier(SignatureAlgorithm algorithm) {
  const SignatureRow& row = row_of(algorithm);
  // RFC 4055 section 5: RSA parameters are NULL; RFC 5758 section 3.2: ECDSA has none.
  if (row.rsa) return der::sequence_of(der::oid(row.oid), der::element(der::null, {}));
  return der::sequence_of(der::oid(row.oid));
}

Result<SignatureAlgorithm> parse_signature_algorithm(BytesView algorithm_identifier) {
  constexpr std::string_view kWhat = "signature algorithm";
  TRY_ASSIGN(const der::Element outer, der::read_one(algorithm_identifier, der::sequence, kWhat));
  der::Reader reader(outer.content);
  TRY_ASSIGN(const BytesView oid, reader.oid(kWhat));
  const auto row = std::ranges::find(kSignatures, as_text(oid), &SignatureRow::oid);
  if (row == std::end(kSignatures)) {
    const auto known = std::ranges::find(kRefused, as_text(oid), &RefusedRow::oid);
    Error error{
        Fault::invalid,
        fmt::format("signature algorithm: {} is not accepted; sign with SHA-256, SHA-384 or "
                    "SHA-512 and RSA (PKCS#1 v1.5) or ECDSA",
                    known == std::end(kRefused) ? der::oid_text(oid) : std::string(known->name))};
    error.cause = "SignatureNotAccepted"_cause;
    return tl::unexpected(std::move(error));
  }
  // RFC 4055 section 5 asks readers to accept absent RSA parameters as well as NULL.
  if (row->rsa && !reader.empty()) {
    TRY_ASSIGN(const der::Element parameters, reader.expect(der::null, kWhat));
    if (!parameters.content.empty())
      return fail(Fault::invalid, "signature algorithm: NULL with content");
  }
  TRY(reader.end(kWhat));
  return row->algorithm;
}

std::string_view to_string(KeyAlgorithm algorithm) {
  return std::ranges::find(kKeys, algorithm, &KeyRow::algorithm)->name;
}

Result<KeyAlgorithm> parse_key_algorithm(std::string_view text) {
  const auto row = std::ranges::find(kKeys, text, &KeyRow::name);
  if (row != std::end(kKeys)) return row->algorithm;
  return fail(Fault::invalid,
              "key algorithm {} is unknown; write ec-p256, ec-p384, rsa-2048, rsa-3072 or rsa-4096",
              quote(text));
}

}  // namespace imprint::x509
