// SPDX-License-Identifier: Apache-2.0
#include "x509/certificate.h"

#include <algorithm>
#include <openssl/sha.h>

#include "encoding/text.h"
#include "x509/der.h"
#include "x509/digest.h"
#include "x509/issued_as.h"
#include "x509/pem.h"
#include "x509/tbs_certificate.h"

namespace imprint::x509 {

namespace {

constexpr std::size_t kMaxSerialBytes = 64;

struct Outer {
  BytesView tbs;
  BytesView algorithm;
  BytesView signature;
};

Result<Outer> read_outer(BytesView der) {
  TRY_ASSIGN(const der::Element whole, der::read_one(der, der::sequence, "certificate"));
  der::Reader reader(whole.content);
  TRY_ASSIGN(const der::Element tbs, reader.expect(der::sequence, "certificate"));
  TRY_ASSIGN(const der::Element algorithm, reader.expect(der::sequence, "signature algorithm"));
  TRY_ASSIGN(const BytesView signature, reader.bit_string_bytes("signature"));
  TRY(reader.end("certificate"));
  return Outer{tbs.whole, algorithm.whole, signature};
}

Result<std::string> serial_text(BytesView integer) {
  if (integer.size() > kMaxSerialBytes)
    return fail(Fault::invalid, "serial number of {} octets", integer.size());
  if (integer[0] < 0x80) {
    const bool sign_octet = integer[0] == 0 && integer.size() > 1;
    return encoding::to_hex(sign_octet ? integer.subspan(1) : integer);
  }
  // Some issuers ignore RFC 5280; a two's-complement serial becomes a magnitude with a sign.
  Bytes magnitude(integer.begin(), integer.end());
  bool carry = true;
  for (auto it = magnitude.rbegin(); it != magnitude.rend(); ++it) {
    *it = static_cast<std::uint8_t>(~*it + (carry ? 1 : 0));
    carry = carry && *it == 0;
  }
  return "-" + encoding::to_hex(magnitude);
}

CertificateId fingerprint(BytesView der) {
  Sha256 digest{};
  SHA256(der.data(), der.size(), digest.data());
  return CertificateId(digest);
}

}  // namespace

struct Certificate::Data {
  Bytes der;
  CertificateId id;
  int version;
  std::string serial_hex;
  DistinguishedName subject;
  DistinguishedName issuer;
  Timestamp not_before;
  Timestamp not_after;
  PublicKey public_key;
  Extensions extensions;
};

Result<Certificate> Certificate::from_pem(std::string_view text) {
  TRY_ASSIGN(const PemBlock block, decode_pem(text, {"CERTIFICATE"}, kMaxPemChars, "certificate"));
  return from_der(block.der);
}

Result<Certificate> Certificate::from_der(BytesView der) {
  if (der.size() > kMaxDerBytes) {
    return fail(Fault::invalid, "the certificate has {} bytes; at most {} are allowed", der.size(),
                kMaxDerBytes);
  }
  TRY_ASSIGN(const Outer outer, read_outer(der));
  TRY_ASSIGN(const TbsView tbs, read_tbs(outer.tbs));
  // RFC 5280 section 4.1.1.2: the two algorithm fields MUST be the same.
  if (!std::ranges::equal(outer.algorithm, tbs.signature_algorithm))
    return fail(Fault::invalid, "certificate: the two signature algorithm fields differ");
  TRY_ASSIGN(std::string serial, serial_text(tbs.serial));
  TRY_ASSIGN(DistinguishedName issuer, DistinguishedName::from_der(tbs.issuer));
  TRY_ASSIGN(DistinguishedName subject, DistinguishedName::from_der(tbs.subject));
  TRY_ASSIGN(PublicKey key, PublicKey::from_spki(tbs.spki));
  Extensions extensions;
  if (!tbs.extensions.empty()) {
    TRY_ASSIGN(extensions, read_extensions(tbs.extensions));
  }
  return Certificate(std::make_shared<const Data>(
      Data{Bytes(der.begin(), der.end()), fingerprint(der), tbs.version, std::move(serial),
           std::move(subject), std::move(issuer), tbs.not_before, tbs.not_after, std::move(key),
           std::move(extensions)}));
}

const Bytes& Certificate::der() const { return data_->der; }
std::string Certificate::pem() const { return encode_pem("CERTIFICATE", data_->der); }
const CertificateId& Certificate::id() const { return data_->id; }
int Certificate::version() const { return data_->version; }
const std::string& Certificate::serial_hex() const { return data_->serial_hex; }
Sha256 Certificate::issued_as() const {
  if (is_self_issued())
    return x509::issued_as(data_->issuer, data_->public_key.sha256(), data_->serial_hex);
  return x509::issued_as(data_->issuer, data_->extensions.authority_key_id, data_->serial_hex);
}
const DistinguishedName& Certificate::subject() const { return data_->subject; }
const DistinguishedName& Certificate::issuer() const { return data_->issuer; }
Timestamp Certificate::not_before() const { return data_->not_before; }
Timestamp Certificate::not_after() const { return data_->not_after; }
const PublicKey& Certificate::public_key() const { return data_->public_key; }
const Extensions& Certificate::extensions() const { return data_->extensions; }

bool Certificate::is_ca() const {
  const Extensions& e = data_->extensions;
  return e.basic_constraints && e.basic_constraints->ca &&
         (!e.key_usage || (*e.key_usage & key_cert_sign) != 0);
}

bool Certificate::is_self_issued() const { return data_->subject == data_->issuer; }

Result<void> Certificate::verify_signed_by(const Certificate& issuer) const {
  if (data_->issuer != issuer.subject()) {
    return fail(Fault::invalid, "the certificate names the issuer \"{}\", not \"{}\"",
                data_->issuer.text(), issuer.subject().text());
  }
  TRY_ASSIGN(const Outer outer, read_outer(data_->der));
  TRY_ASSIGN(const SignatureAlgorithm algorithm, parse_signature_algorithm(outer.algorithm));
  return issuer.public_key().verify(algorithm, outer.tbs, outer.signature);
}

}  // namespace imprint::x509
