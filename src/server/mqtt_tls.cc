// SPDX-License-Identifier: Apache-2.0
#include "server/mqtt_tls.h"

#include <array>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <vector>

#include "x509/openssl.h"

namespace imprint::server {

namespace {

/// A bound, because OpenSSL decodes every key of a chain before it calls verify().
constexpr long kMaxClientChainBytes = 2048 * static_cast<long>(identity::kMaxChain);

std::optional<CertificateId> id_of(const X509* certificate) {
  Sha256 digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1 || size != digest.size())
    return std::nullopt;
  return CertificateId(digest);
}

/// RFC 7301: the first of ours that the client offers. A client that offers only others speaks
/// another protocol and gets an alert that says so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::array<std::string_view, 2> kProtocols = {"x-amzn-mqtt-ca", "mqtt"};
  for (const std::string_view wanted : kProtocols) {
    for (unsigned at = 0; at < offered_size; at += offered[at] + 1U) {
      const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
      if (name != wanted) continue;
      *out = offered + at + 1;
      *out_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Keeps the offer for the explanation in case nothing can be agreed on.
int keep_offer(SSL* ssl, int*, void*) {
  if (auto* seen = static_cast<SeenClient*>(SSL_get_app_data(ssl)))
    seen->offer = ClientOffer::read(ssl);
  return SSL_CLIENT_HELLO_SUCCESS;
}

/// The certificates that the client sent after its own, as far as they can be parsed.
std::vector<x509::Certificate> sent_along(X509_STORE_CTX* store) {
  std::vector<x509::Certificate> out;
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 1; i < sk_X509_num(chain); ++i) {
    if (auto one = x509::from_openssl(sk_X509_value(chain, i))) out.push_back(std::move(*one));
  }
  return out;
}

Result<identity::FirstContact> first_contact(const ClientTrust& trust, X509_STORE_CTX* store) {
  const int sent = sk_X509_num(X509_STORE_CTX_get0_untrusted(store));
  if (sent > static_cast<int>(identity::kMaxChain)) {
    return fail(Fault::forbidden, "the client sent {} certificates; at most {} are allowed", sent,
                identity::kMaxChain);
  }
  TRY_ASSIGN(const x509::Certificate leaf, x509::from_openssl(X509_STORE_CTX_get0_cert(store)));
  return trust.introducers.vouch(leaf, sent_along(store), trust.clock.now());
}

/// Returns 1 for a certificate that a registered CA introduces or that the registry knows, whatever
/// its status: one that is not ACTIVE is refused at CONNECT, where the reason can be given.
int verify(X509_STORE_CTX* store, void* argument) {
  const auto& trust = *static_cast<const ClientTrust*>(argument);
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  SeenClient ignored;
  auto* reported = static_cast<SeenClient*>(SSL_get_app_data(ssl));
  SeenClient& seen = reported == nullptr ? ignored : *reported;
  const X509* leaf = X509_STORE_CTX_get0_cert(store);
  if (leaf != nullptr) seen.certificate = id_of(leaf);
  if (seen.certificate && trust.known.status(*seen.certificate)) return 1;
  if (seen.certificate) {
    auto contact = first_contact(trust, store);
    ERR_clear_error();
    if (contact) {
      seen.contact = std::move(*contact);
      return 1;
    }
    seen.refusal = std::move(contact).error();
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

}  // namespace

MqttTls::MqttTls(SslContextPtr context) : context_(std::move(context)) {}

Result<MqttTls> MqttTls::make(const ServerCredentials& credentials, const ClientTrust& trust,
                              TlsStacks stacks) {
  TRY_ASSIGN(SslContextPtr context, make_tls_context(credentials, stacks));
  SSL_CTX* c = context.get();
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // `trust` outlives every connection; after a reload some still use the previous context.
  SSL_CTX_set_cert_verify_callback(c, &verify, const_cast<ClientTrust*>(&trust));
  SSL_CTX_set_max_cert_list(c, kMaxClientChainBytes);
  SSL_CTX_set_client_hello_cb(c, &keep_offer, nullptr);
  SSL_CTX_set_alpn_select_cb(c, &choose_protocol, nullptr);
  return MqttTls(std::move(context));
}

SslPtr MqttTls::accept(int socket) const {
  SslPtr ssl(SSL_new(context_.get()));
  IMPRINT_ASSERT(ssl != nullptr);
  IMPRINT_ASSERT(SSL_set_fd(ssl.get(), socket) == 1);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

void MqttTls::report_client(SSL* ssl, SeenClient& seen) { SSL_set_app_data(ssl, &seen); }

}  // namespace imprint::server
