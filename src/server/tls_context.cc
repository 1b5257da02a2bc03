// SPDX-License-Identifier: Apache-2.0
#include "server/tls_context.h"

#include <cstring>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "x509/openssl.h"

namespace imprint::server {

namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

// AES-128 comes first: it is as safe here and the cheapest. Of two suites of equal strength ECDSA
// comes first, because its signatures are smaller and cheaper to make.
constexpr const char* kSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// Suites without forward secrecy, or with a MAC over the plaintext: only on request, and last.
constexpr const char* kOldSuites =
    ":ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:"
    "ECDHE-RSA-AES128-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:"
    "AES128-SHA:AES256-SHA";
constexpr const char* kSuites13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroupNames = "X25519:P-256:P-384:P-521";
constexpr const char* kSignatureNames =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";

BioPtr reader_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

x509::X509Ptr read_certificate(const std::string& pem) {
  return x509::X509Ptr(PEM_read_bio_X509(reader_of(pem).get(), nullptr, nullptr, nullptr));
}

Result<void> use_identity(SSL_CTX* context, const ServerIdentity& identity, X509* issuer) {
  const x509::X509Ptr certificate = read_certificate(identity.certificate);
  const x509::EvpPkeyPtr key(
      PEM_read_bio_PrivateKey(reader_of(identity.key->reveal()).get(), nullptr, nullptr, nullptr));
  if (!certificate || !key)
    return fail(Fault::invalid, "the server certificate or key cannot be read: {}",
                take_tls_error());
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1 ||
      SSL_CTX_add1_chain_cert(context, issuer) != 1) {
    return fail(Fault::invalid, "the server certificate and key do not match: {}",
                take_tls_error());
  }
  return {};
}

}  // namespace

std::string take_tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return errno != 0 ? std::strerror(errno) : "the connection ended";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : text.data();
}

Result<SslContextPtr> make_tls_context(const ServerCredentials& credentials, TlsStacks stacks) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(Fault::internal, "no TLS context: {}", take_tls_error());
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(c, 0);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  // Without NO_AUTO_CHAIN libssl builds and verifies the server's own chain in every handshake.
  SSL_CTX_set_mode(c, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
  const std::string suites =
      std::string(kSuites) + (stacks == TlsStacks::old_too ? kOldSuites : "");
  if (SSL_CTX_set_cipher_list(c, suites.c_str()) != 1 ||
      SSL_CTX_set_ciphersuites(c, kSuites13) != 1 ||
      SSL_CTX_set1_groups_list(c, kGroupNames) != 1 ||
      SSL_CTX_set1_sigalgs_list(c, kSignatureNames) != 1) {
    return fail(Fault::internal, "this OpenSSL lacks a cipher or group: {}", take_tls_error());
  }
  const x509::X509Ptr issuer = read_certificate(credentials.issuer);
  if (!issuer)
    return fail(Fault::invalid, "the issuing CA's certificate cannot be read: {}",
                take_tls_error());
  for (const ServerIdentity& identity : credentials.identities)
    TRY(use_identity(c, identity, issuer.get()));
  return context;
}

}  // namespace imprint::server
