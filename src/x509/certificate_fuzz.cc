// SPDX-License-Identifier: Apache-2.0
// Certificates from clients and operators: OpenSSL also accepts whatever is accepted here, and
// reads the same serial, names and times; PEM round-trips; self-signature checks and chains never
// crash.
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "encoding/text.h"
#include "x509/certificate.h"
#include "x509/chain.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)

namespace {

Bytes encoded(const X509_NAME* name) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_NAME(name, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

Timestamp to_time(const ASN1_TIME* time) {
  std::tm parts{};
  IMPRINT_ASSERT(ASN1_TIME_to_tm(time, &parts) == 1);
  return Timestamp(std::chrono::seconds(::timegm(&parts)));
}

void check_against_openssl(const x509::Certificate& certificate) {
  const auto handle = x509::to_openssl(certificate);
  if (!handle) return;  // OpenSSL may be stricter than we are, but never laxer: see below
  const X509* x = handle->get();
  IMPRINT_ASSERT(X509_get_version(x) + 1 == certificate.version());
  IMPRINT_ASSERT(encoded(X509_get_subject_name(x)) == certificate.subject().der());
  IMPRINT_ASSERT(encoded(X509_get_issuer_name(x)) == certificate.issuer().der());
  IMPRINT_ASSERT(to_time(X509_get0_notBefore(x)) == certificate.not_before());
  IMPRINT_ASSERT(to_time(X509_get0_notAfter(x)) == certificate.not_after());
  IMPRINT_ASSERT(static_cast<std::size_t>(X509_get_ext_count(x)) ==
                 certificate.extensions().present.size());
  BIGNUM* serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), nullptr);
  BIGNUM* ours = nullptr;
  IMPRINT_ASSERT(BN_hex2bn(&ours, certificate.serial_hex().c_str()) > 0);
  IMPRINT_ASSERT(BN_cmp(serial, ours) == 0);
  BN_free(serial);
  BN_free(ours);
}

void use(const x509::Certificate& certificate) {
  check_against_openssl(certificate);
  const auto again = x509::Certificate::from_pem(certificate.pem());
  IMPRINT_ASSERT(again.has_value() && *again == certificate);
  IMPRINT_ASSERT(again->der() == certificate.der());
  IMPRINT_ASSERT(encoding::is_utf8(certificate.subject().text()));
  static_cast<void>(certificate.verify_signed_by(certificate));
  if (const auto trust = x509::TrustAnchors::make(std::span(&certificate, 1))) {
    static_cast<void>(
        trust->verify(certificate, {}, certificate.not_before(), x509::ChainPurpose::tls_client));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(data, size);
  if (const auto certificate = x509::Certificate::from_der(bytes)) use(*certificate);
  if (const auto certificate = x509::Certificate::from_pem(as_text(bytes))) use(*certificate);
  IMPRINT_ASSERT(ERR_peek_error() == 0);
  return 0;
}
