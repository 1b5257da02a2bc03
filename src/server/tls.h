// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "identity/ca_directory.h"
#include "identity/certificate_directory.h"

namespace imprint::server {

/// The server's own certificate, as PEM.
struct ServerCredentials {
  std::string certificate;
  std::string issuer;  ///< sent along, so that clients need to know the root only
  std::shared_ptr<const Secret> key;
};

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

/// By what a handshake judges a client's certificate: whether the registry knows it, and if not,
/// whether a registered CA introduces it. All of it outlives every connection.
struct ClientTrust {
  const identity::CertificateDirectory& known;
  const identity::CaDirectory& introducers;
  const Clock& clock;
};

/// What a handshake has seen of its client. OpenSSL itself forgets a certificate that it refuses.
struct SeenClient {
  std::optional<CertificateId> certificate = {};
  std::optional<identity::FirstContact> contact = {};  ///< of one that the registry does not know
  std::string refusal = {};                            ///< why its certificate was not accepted
};

/// The TLS settings of one MQTT shard: 1.2 and 1.3, ECDHE and AEAD only, a client certificate
/// required, no tickets and no session cache (a device that onboards once never resumes), ALPN
/// "mqtt" and "x-amzn-mqtt-ca" or none. Each shard has its own: OpenSSL's objects are shared with
/// nobody.
///
/// Who a client is, is a matter of membership: possession of the key is proved by the handshake,
/// and the certificate's fingerprint must be in the directory. Chains are built only for those that
/// are not: one that leads to a registered CA is a first contact.
class MqttTls {
 public:
  static Result<MqttTls> make(const ServerCredentials& credentials, const ClientTrust& trust);

  /// A new server-side connection on a socket that does not block.
  [[nodiscard]] SslPtr accept(int socket) const;

  /// Has the handshake write down what it sees of the client. `seen` outlives the handshake.
  static void report_client(SSL* ssl, SeenClient& seen);

 private:
  explicit MqttTls(std::unique_ptr<SSL_CTX, SslFree> context);

  std::unique_ptr<SSL_CTX, SslFree> context_;
};

/// Loads certificate, issuer and key into a context of any listener.
Result<void> use_credentials(SSL_CTX* context, const ServerCredentials& credentials);

/// The sentence of OpenSSL's last error, clearing the queue; or what errno says.
std::string take_tls_error();

}  // namespace imprint::server
