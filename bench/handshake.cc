// SPDX-License-Identifier: Apache-2.0
#include "bench/handshake.h"

#include <openssl/ssl.h>

#include "bench/cpu_time.h"
#include "bench/must.h"
#include "fleet/tls.h"

namespace imprint::bench {

namespace {

using fleet::SslPtr;
using Context = std::unique_ptr<SSL_CTX, fleet::SslFree>;

Context make_context(const SSL_METHOD* method, const fleet::Identity& identity,
                     const fleet::Identity& root) {
  Context context(SSL_CTX_new(method));
  const auto certificate = must(x509::to_openssl(identity.certificate));
  const auto trusted = must(x509::to_openssl(root.certificate));
  IMPRINT_ASSERT(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  IMPRINT_ASSERT(SSL_CTX_use_PrivateKey(context.get(), identity.key.handle()) == 1);
  IMPRINT_ASSERT(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), trusted.get()) == 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

/// Returns the server's CPU time.
CpuTime shake_hands(SSL_CTX* client_context, SSL_CTX* server_context) {
  CpuTime spent{};
  const SslPtr client(SSL_new(client_context));
  const CpuTime made = thread_cpu_time();
  SslPtr server(SSL_new(server_context));
  spent += thread_cpu_time() - made;
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  IMPRINT_ASSERT(BIO_new_bio_pair(&client_end, 65536, &server_end, 65536) == 1);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int round = 0; round < 4 && !SSL_is_init_finished(server.get()); ++round) {
    SSL_do_handshake(client.get());
    const CpuTime began = thread_cpu_time();
    SSL_do_handshake(server.get());
    spent += thread_cpu_time() - began;
  }
  IMPRINT_ASSERT(SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get()));
  const CpuTime freed = thread_cpu_time();
  server.reset();
  return spent + (thread_cpu_time() - freed);
}

}  // namespace

double measure_handshake(const Pki& pki) {
  constexpr int kTimes = 150;
  const Context client = make_context(TLS_client_method(), pki.client, pki.root);
  const Context server = make_context(TLS_server_method(), pki.server, pki.root);
  shake_hands(client.get(), server.get());
  CpuTime spent{};
  for (int i = 0; i < kTimes; ++i) spent += shake_hands(client.get(), server.get());
  return to_microseconds(spent) / kTimes;
}

}  // namespace imprint::bench
