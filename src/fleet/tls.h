// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <vector>

#include "base/result.h"
#include "fleet/options.h"
#include "x509/openssl.h"

namespace imprint::fleet {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

/// An identity in OpenSSL's form. Borrows the key.
struct Login {
  x509::X509Ptr certificate;
  EVP_PKEY* key = nullptr;

  static Result<Login> make(const Identity& identity);
};

/// The client side of TLS for one thread. It verifies the server's chain and name at the first
/// handshake; later handshakes only compare the certificate with that one. Otherwise a process that
/// simulates ten thousand devices would spend most of its time on work that each real device does
/// once. Every handshake still checks the proof of possession.
class ClientTls {
 public:
  static Result<ClientTls> make(const Load& load);

  /// A new client-side connection on a non-blocking socket.
  [[nodiscard]] SslPtr connect(int socket, const Login& login) const;

  /// CAs that the server sent with its certificate, after the first handshake.
  [[nodiscard]] const std::vector<x509::Certificate>& sent_issuers() const;

 private:
  struct State;
  ClientTls(std::shared_ptr<State> state, std::unique_ptr<SSL_CTX, SslFree> context,
            std::string server_name);

  std::shared_ptr<State> state_;  // context_ passes this pointer to the verify callback
  std::unique_ptr<SSL_CTX, SslFree> context_;
  std::string server_name_;  ///< for SNI; empty when the host is an address
};

}  // namespace imprint::fleet
