// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/cause.h"

namespace imprint::server {

/// Why a handshake failed, as far as the server knows.
enum class TlsFailure {
  closed,               ///< by the client
  unknown_certificate,  ///< neither registered nor introduced by a registered CA
  no_certificate,
  server_not_trusted,  ///< the client refused the server's certificate
  no_shared_version,
  no_shared_cipher,
  no_shared_group,
  no_shared_signature,
  no_shared_protocol,  ///< ALPN
  other,
};

Cause cause_of(TlsFailure failure);  ///< empty if there is nothing to report

/// Maps the reason of OpenSSL's oldest queued error.
TlsFailure tls_failure_of(unsigned long openssl_error);

/// What a client offered in its ClientHello, kept until the handshake has ended.
struct ClientOffer {
  std::vector<unsigned> versions;
  std::vector<unsigned> suites;
  std::vector<unsigned> groups;
  std::vector<unsigned> signatures;
  std::string protocols;  ///< ALPN, for people

  /// Only while OpenSSL calls back for a ClientHello.
  static ClientOffer read(SSL* ssl);
};

/// The explanation for operators: what the client offered that the server does not support, and
/// what to do.
std::string explain(TlsFailure failure, const ClientOffer& offer, SSL* ssl);

}  // namespace imprint::server
