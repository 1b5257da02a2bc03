// SPDX-License-Identifier: Apache-2.0
#include "x509/public_key.h"

#include <algorithm>
#include <array>
#include <bit>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "x509/der.h"
#include "x509/openssl.h"
#include "x509/rsa_numbers.h"

namespace imprint::x509 {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxSpkiBytes = 4096;
constexpr std::string_view kRsaEncryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;
constexpr std::string_view kEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01"sv;

struct CurveRow {
  KeyType type;
  std::string_view oid;
  unsigned bits;
};
constexpr CurveRow kCurves[] = {
    {KeyType::ec_p256, "\x2a\x86\x48\xce\x3d\x03\x01\x07"sv, 256},
    {KeyType::ec_p384, "\x2b\x81\x04\x00\x22"sv, 384},
    {KeyType::ec_p521, "\x2b\x81\x04\x00\x23"sv, 521},
};

const EVP_MD* digest_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::rsa_sha256:
    case SignatureAlgorithm::ecdsa_sha256:
      return EVP_sha256();
    case SignatureAlgorithm::rsa_sha384:
    case SignatureAlgorithm::ecdsa_sha384:
      return EVP_sha384();
    case SignatureAlgorithm::rsa_sha512:
    case SignatureAlgorithm::ecdsa_sha512:
      return EVP_sha512();
  }
  return nullptr;
}

class OpensslVerifier final : public Verifier {
 public:
  OpensslVerifier(EvpPkeyPtr key, bool rsa) : key_(std::move(key)), rsa_(rsa) {}

  [[nodiscard]] Result<void> verify(SignatureAlgorithm algorithm, BytesView message,
                                    BytesView signature) const override {
    if (is_rsa(algorithm) != rsa_) {
      return fail(Fault::invalid, "the signature claims {} but the key is of another kind",
                  to_string(algorithm));
    }
    const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, key_.get()) !=
        1)
      return fail(Fault::internal, "signature check could not start: {}", take_openssl_error());
    // 0 means "does not verify" and a negative number "undecided": only 1 is a yes.
    if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                         message.size()) != 1) {
      take_openssl_error();
      return fail(Fault::invalid, "the signature does not verify");
    }
    return {};
  }

 private:
  const EvpPkeyPtr key_;
  const bool rsa_;
};

/// The named curve of EC parameters, or null for explicit parameters and other curves.
const CurveRow* named_curve(der::Reader parameters) {
  const auto oid = parameters.oid("curve");
  if (!oid || !parameters.empty()) return nullptr;
  const auto* row = std::ranges::find(kCurves, as_text(*oid), &CurveRow::oid);
  return row == std::end(kCurves) ? nullptr : row;
}

}  // namespace

Result<PublicKey> PublicKey::from_spki(BytesView der) {
  if (der.size() > kMaxSpkiBytes) {
    return fail(Fault::invalid, "public key of {} bytes; at most {} are allowed", der.size(),
                kMaxSpkiBytes);
  }
  TRY_ASSIGN(const der::Element outer, der::read_one(der, der::sequence, "public key"));
  der::Reader reader(outer.content);
  TRY_ASSIGN(der::Reader algorithm, reader.enter(der::sequence, "public key algorithm"));
  TRY_ASSIGN(const BytesView oid, algorithm.oid("public key algorithm"));
  TRY_ASSIGN(const BytesView bits, reader.bit_string_bytes("public key"));
  TRY(reader.end("public key"));

  PublicKey out;
  out.spki_.assign(der.begin(), der.end());
  out.algorithm_oid_ = der::oid_text(oid);
  if (as_text(oid) == kRsaEncryption) {
    // RFC 3279 section 2.3.1: the parameters field MUST be NULL.
    TRY(algorithm.expect(der::null, "RSA parameters"));
    TRY(algorithm.end("RSA parameters"));
    TRY_ASSIGN(const RsaNumbers numbers, read_rsa_numbers(bits));
    out.type_ = KeyType::rsa;
    out.bits_ = numbers.modulus_bits();
  } else if (as_text(oid) == kEcPublicKey) {
    if (const CurveRow* curve = named_curve(algorithm)) {
      out.type_ = curve->type;
      out.bits_ = curve->bits;
    }
  }
  return out;
}

std::string PublicKey::describe() const {
  switch (type_) {
    case KeyType::rsa:
      return fmt::format("RSA {}", bits_);
    case KeyType::ec_p256:
    case KeyType::ec_p384:
    case KeyType::ec_p521:
      return fmt::format("EC P-{}", bits_);
    case KeyType::other:
      break;
  }
  if (algorithm_oid_ == "1.2.840.10045.2.1")
    return "EC on another curve than P-256, P-384, P-521, or with explicit parameters";
  return algorithm_oid_;
}

Sha256 PublicKey::sha256() const {
  Sha256 out{};
  SHA256(spki_.data(), spki_.size(), out.data());
  return out;
}

BytesView PublicKey::key_bytes() const {
  der::Reader outer(der::read_one(spki_, der::sequence, "public key")->content);
  static_cast<void>(outer.any("public key algorithm"));
  return *outer.bit_string_bytes("public key");
}

Result<void> PublicKey::verify(SignatureAlgorithm algorithm, BytesView message,
                               BytesView signature) const {
  TRY_ASSIGN(const auto verifier, Verifier::make(*this));
  return verifier->verify(algorithm, message, signature);
}

Result<std::shared_ptr<const Verifier>> Verifier::make(const PublicKey& key) {
  // Arithmetic on a giant modulus takes seconds (CVE-2023-3446); from_spki limits it to 32 kbit,
  // this limit to the size that CAs really use.
  constexpr unsigned kMaxRsaBits = 8192;
  // With an exponent as long as the modulus, a verification costs as much as a signature.
  constexpr std::size_t kMaxExponentBytes = 8;
  if (key.type() == KeyType::rsa && key.bits() > kMaxRsaBits)
    return fail(Fault::invalid, "{} keys are too large; at most {} bits", key.describe(),
                kMaxRsaBits);
  if (key.type() == KeyType::rsa) {
    TRY_ASSIGN(const RsaNumbers numbers, read_rsa_numbers(key.key_bytes()));
    if (numbers.exponent.size() > kMaxExponentBytes)
      return fail(Fault::invalid, "the RSA exponent has {} bytes; at most {}",
                  numbers.exponent.size(), kMaxExponentBytes);
  }
  TRY_ASSIGN(EvpPkeyPtr handle, to_openssl(key));
  return std::make_shared<const OpensslVerifier>(std::move(handle), key.type() == KeyType::rsa);
}

Bytes key_identifier(const PublicKey& key) {
  constexpr std::size_t kIdentifierBytes = 20;
  const BytesView bytes = key.key_bytes();
  Sha256 digest{};
  SHA256(bytes.data(), bytes.size(), digest.data());
  return {digest.begin(), digest.begin() + kIdentifierBytes};
}

}  // namespace imprint::x509
