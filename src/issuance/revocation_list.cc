// SPDX-License-Identifier: Apache-2.0
#include "issuance/revocation_list.h"

#include <map>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "x509/der.h"
#include "x509/openssl.h"
#include "x509/strings.h"

namespace imprint::issuance {

namespace {

namespace der = x509::der;

// id-ce, RFC 5280 section 5.
constexpr std::string_view kCrlNumber = "\x55\x1D\x14";
constexpr std::string_view kReasonCode = "\x55\x1D\x15";
constexpr std::string_view kAuthorityKeyId = "\x55\x1D\x23";
constexpr std::uint8_t kEnumerated = 0x0A;
constexpr std::uint8_t kVersion2[] = {der::integer, 1, 1};

struct FreeCrl {
  void operator()(X509_CRL* crl) const { X509_CRL_free(crl); }
};
using CrlPtr = std::unique_ptr<X509_CRL, FreeCrl>;

Bytes extension(std::string_view id, BytesView value) {
  return der::sequence_of(der::oid(id), der::element(der::octet_string, value));
}

Result<Bytes> encode_entry(const RevokedSerial& revoked) {
  TRY_ASSIGN(const Bytes when, x509::encode_time(revoked.when));
  const Bytes serial = der::unsigned_integer(revoked.serial.magnitude());
  if (revoked.reason == RevocationReason::unspecified) return der::sequence_of(serial, when);
  const std::uint8_t reason[] = {static_cast<std::uint8_t>(revoked.reason)};
  return der::sequence_of(
      serial, when,
      der::sequence_of(extension(kReasonCode, der::element(kEnumerated, BytesView(reason)))));
}

Bytes list_extensions(const x509::Certificate& issuer, std::uint64_t number) {
  Bytes magnitude;
  for (int shift = 56; shift >= 0; shift -= 8)
    magnitude.push_back(static_cast<std::uint8_t>(number >> shift));
  const Bytes crl_number = extension(kCrlNumber, der::unsigned_integer(magnitude));
  const Bytes& key_id = issuer.extensions().subject_key_id;
  const Bytes authority =
      key_id.empty() ? Bytes()
                     : extension(kAuthorityKeyId,
                                 der::sequence_of(der::element(der::context(0, false), key_id)));
  return der::constructed(der::context(0, true), der::sequence_of(authority, crl_number));
}

Result<Bytes> encode_list(const x509::Certificate& issuer, const Bytes& algorithm,
                          const std::vector<RevokedSerial>& revoked,
                          const RevocationListTerms& terms) {
  TRY_ASSIGN(const Bytes this_update, x509::encode_time(terms.this_update));
  TRY_ASSIGN(const Bytes next_update, x509::encode_time(terms.next_update));
  Bytes entries;
  for (const RevokedSerial& one : revoked) {
    TRY_ASSIGN(const Bytes entry, encode_entry(one));
    der::append(entries, entry);
  }
  // RFC 5280 section 5.1.2.6: without entries the list is absent, not empty.
  const Bytes list = entries.empty() ? Bytes() : der::element(der::sequence, entries);
  return der::sequence_of(BytesView(kVersion2), algorithm, issuer.subject().der(), this_update,
                          next_update, list, list_extensions(issuer, terms.number));
}

CrlPtr to_openssl(const Bytes& der) {
  const unsigned char* at = der.data();
  return CrlPtr(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
}

/// Checked independently of building: OpenSSL reads the list back and verifies the signature.
Result<void> check(const RevocationList& list, const x509::Certificate& issuer) {
  const CrlPtr crl = to_openssl(list.der);
  TRY_ASSIGN(const x509::EvpPkeyPtr key, x509::to_openssl(issuer.public_key()));
  const auto* entries = crl == nullptr ? nullptr : X509_CRL_get_REVOKED(crl.get());
  const int found = entries == nullptr ? 0 : sk_X509_REVOKED_num(entries);
  if (crl == nullptr || X509_CRL_verify(crl.get(), key.get()) != 1 ||
      static_cast<std::size_t>(found) != list.entries) {
    return fail(Fault::internal, "the revocation list does not verify: {}",
                x509::take_openssl_error());
  }
  return {};
}

/// Sorted by serial, keeping the first entry given for each.
std::vector<RevokedSerial> each_serial_once(std::vector<RevokedSerial> revoked) {
  std::map<Bytes, RevokedSerial> by_serial;
  for (RevokedSerial& one : revoked) {
    Bytes magnitude = one.serial.magnitude();
    by_serial.try_emplace(std::move(magnitude), std::move(one));
  }
  revoked.clear();
  for (auto& [magnitude, one] : by_serial) revoked.push_back(std::move(one));
  return revoked;
}

}  // namespace

std::string RevocationList::pem() const {
  const CrlPtr crl = to_openssl(der);
  const x509::OpensslPtr<BIO> memory(BIO_new(BIO_s_mem()));
  IMPRINT_ASSERT(crl != nullptr && PEM_write_bio_X509_CRL(memory.get(), crl.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Result<RevocationList> make_revocation_list(const Issuer& issuer,
                                            std::vector<RevokedSerial> revoked,
                                            const RevocationListTerms& terms) {
  if (terms.next_update <= terms.this_update)
    return fail(Fault::invalid, "the revocation list's next update is not after this one");
  revoked = each_serial_once(std::move(revoked));
  const Bytes algorithm = x509::algorithm_identifier(issuer.algorithm_);
  TRY_ASSIGN(const Bytes tbs, encode_list(issuer.certificate(), algorithm, revoked, terms));
  TRY_ASSIGN(const Bytes signature, issuer.signer_->sign(tbs));
  RevocationList out{.der = der::sequence_of(tbs, algorithm, der::bit_string_of(signature)),
                     .entries = revoked.size()};
  TRY(check(out, issuer.certificate()));
  return out;
}

}  // namespace imprint::issuance
