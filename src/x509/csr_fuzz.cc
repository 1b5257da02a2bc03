// SPDX-License-Identifier: Apache-2.0
// Requests from the network: OpenSSL reads whatever Csr accepts as a request with the same key, and
// verifies it; a valid request grafted onto the input reaches the code behind the signature check.
#include <openssl/err.h>
#include <openssl/x509.h>

#include "issuance/key_rules.h"
#include "x509/csr.h"
#include "x509/pem.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)

namespace {

void check_against_openssl(BytesView der, const x509::Csr& csr) {
  const unsigned char* at = der.data();
  X509_REQ* request = d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size()));
  IMPRINT_ASSERT(request != nullptr && at == der.data() + der.size());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  IMPRINT_ASSERT(X509_REQ_verify(request, key) == 1);
  unsigned char* spki = nullptr;
  const int size = i2d_PUBKEY(key, &spki);
  IMPRINT_ASSERT(Bytes(spki, spki + size) == csr.public_key().spki());
  OPENSSL_free(spki);
  X509_REQ_free(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(data, size);
  if (const auto csr = x509::Csr::from_der(bytes, issuance::check_device_key))
    check_against_openssl(bytes, *csr);
  if (const auto csr = issuance::read_csr(as_text(bytes))) {
    const auto block = x509::decode_pem(
        as_text(bytes), {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}, 4096, "CSR");
    IMPRINT_ASSERT(block.has_value());
    check_against_openssl(block->der, *csr);
  }
  // The key rules also see keys without a signature around them.
  if (const auto key = x509::PublicKey::from_spki(bytes))
    static_cast<void>(issuance::check_device_key(*key));
  IMPRINT_ASSERT(ERR_peek_error() == 0);
  return 0;
}
