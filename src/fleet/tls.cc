// SPDX-License-Identifier: Apache-2.0
#include "fleet/tls.h"

#include <boost/asio/ip/address.hpp>
#include <openssl/x509v3.h>
#include <optional>

#include "base/bytes.h"

namespace imprint::fleet {

namespace {

Sha256 fingerprint(const X509* certificate) {
  Sha256 out{};
  unsigned size = 0;
  IMPRINT_ASSERT(X509_digest(certificate, EVP_sha256(), out.data(), &size) == 1);
  return out;
}

Result<void> set_versions(SSL_CTX* context, TlsVersion version) {
  const int least = version == TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const int greatest = version == TlsVersion::v1_2 ? TLS1_2_VERSION : 0;  // 0: the newest
  if (SSL_CTX_set_min_proto_version(context, least) == 1 &&
      SSL_CTX_set_max_proto_version(context, greatest) == 1) {
    return {};
  }
  return fail(Fault::internal, "this OpenSSL lacks a TLS version: {}", x509::take_openssl_error());
}

Result<void> expect_server(SSL_CTX* context, const Load& load, bool is_address) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const x509::Certificate& root : load.roots) {
    TRY_ASSIGN(const x509::X509Ptr handle, x509::to_openssl(root));
    IMPRINT_ASSERT(X509_STORE_add_cert(store, handle.get()) == 1);
  }
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  const std::string& host = load.endpoint.host;
  const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                             : X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
  if (set != 1)
    return fail(Fault::invalid, "{} is not a host name that TLS can verify", quote(host));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

}  // namespace

struct ClientTls::State {
  std::optional<Sha256> pinned;
  std::vector<x509::Certificate> sent_issuers;

  static int verify(X509_STORE_CTX* chain, void* self) {
    return static_cast<State*>(self)->verify(chain);
  }

  int verify(X509_STORE_CTX* chain) {
    const Sha256 found = fingerprint(X509_STORE_CTX_get0_cert(chain));
    if (pinned == found) {
      X509_STORE_CTX_set_error(chain, X509_V_OK);
      return 1;
    }
    const int verdict = X509_verify_cert(chain);
    if (verdict != 1) return verdict;
    pinned = found;
    sent_issuers.clear();
    const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(chain);
    for (int i = 0; i < sk_X509_num(sent); ++i) {
      auto certificate = x509::from_openssl(sk_X509_value(sent, i));
      if (certificate && certificate->is_ca()) sent_issuers.push_back(std::move(*certificate));
    }
    return 1;
  }
};

Result<Login> Login::make(const Identity& identity) {
  Login out;
  TRY_ASSIGN(out.certificate, x509::to_openssl(identity.certificate));
  out.key = identity.key.handle();
  return out;
}

ClientTls::ClientTls(std::shared_ptr<State> state, std::unique_ptr<SSL_CTX, SslFree> context,
                     std::string server_name)
    : state_(std::move(state)),
      context_(std::move(context)),
      server_name_(std::move(server_name)) {}

Result<ClientTls> ClientTls::make(const Load& load) {
  std::unique_ptr<SSL_CTX, SslFree> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(Fault::internal, "no TLS context: {}", x509::take_openssl_error());
  SSL_CTX* c = context.get();
  TRY(set_versions(c, load.tls_version));
  // NO_AUTO_CHAIN: devices send only their certificate, so libssl need not build a chain.
  SSL_CTX_set_mode(c, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS |
                          SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  boost::system::error_code no_address;
  boost::asio::ip::make_address(load.endpoint.host, no_address);
  const bool is_address = !no_address;
  TRY(expect_server(c, load, is_address));
  auto state = std::make_shared<State>();
  SSL_CTX_set_cert_verify_callback(c, &State::verify, state.get());
  return ClientTls(std::move(state), std::move(context), is_address ? "" : load.endpoint.host);
}

SslPtr ClientTls::connect(int socket, const Login& login) const {
  SslPtr ssl(SSL_new(context_.get()));
  IMPRINT_ASSERT(ssl != nullptr);
  IMPRINT_ASSERT(SSL_set_fd(ssl.get(), socket) == 1);
  IMPRINT_ASSERT(SSL_use_certificate(ssl.get(), login.certificate.get()) == 1);
  IMPRINT_ASSERT(SSL_use_PrivateKey(ssl.get(), login.key) == 1);
  if (!server_name_.empty()) SSL_set_tlsext_host_name(ssl.get(), server_name_.c_str());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

const std::vector<x509::Certificate>& ClientTls::sent_issuers() const {
  return state_->sent_issuers;
}

}  // namespace imprint::fleet
