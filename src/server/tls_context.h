// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace imprint::server {

/// One of the server's own certificates and its key, as PEM.
struct ServerIdentity {
  std::string certificate;
  std::shared_ptr<const Secret> key;
};

/// What a listener presents to its clients.
struct ServerCredentials {
  /// One, or one RSA and one EC: each client gets the one that it can verify.
  std::vector<ServerIdentity> identities;
  std::string issuer;  ///< sent along, so that clients need only the root
};

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslFree>;

/// The TLS stacks of clients that a listener supports.
enum class TlsStacks {
  current,  ///< TLS 1.2 and 1.3 with ECDHE and AEAD
  old_too,  ///< TLS 1.2 with CBC suites and RSA key exchange as well, for devices that
            ///< support nothing else
};

/// The groups of a key exchange, RFC 8446 section 4.2.7. A client's EC key must be on one of them
/// in TLS 1.2, so every curve that issuance accepts is here.
inline constexpr std::array<unsigned, 4> kGroups = {29, 23, 24, 25};
/// SignatureScheme values, RFC 8446 section 4.2.3: ECDSA, RSA-PSS, RSA with SHA-256, 384, 512.
inline constexpr std::array<unsigned, 9> kSignatureSchemes = {
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601};

/// The TLS settings that all listeners share, so that none is weaker or more expensive than
/// another. The groups and suites bound the cost of a handshake, and there are no tickets, no
/// session cache and no renegotiation.
Result<SslContextPtr> make_tls_context(const ServerCredentials& credentials, TlsStacks stacks);

/// The text of OpenSSL's last error, or else of errno. Clears OpenSSL's error queue.
std::string take_tls_error();

}  // namespace imprint::server
