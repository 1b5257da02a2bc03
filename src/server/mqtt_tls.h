// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "base/result.h"
#include "identity/ca_directory.h"
#include "identity/certificate_directory.h"
#include "server/tls_context.h"
#include "server/tls_failure.h"

namespace imprint::server {

/// What a handshake uses to judge a client's certificate: whether the registry knows it, and if
/// not, whether a registered CA introduces it. Must outlive every connection.
struct ClientTrust {
  const identity::CertificateDirectory& known;
  const identity::CaDirectory& introducers;
  const Clock& clock;
};

/// What a handshake has seen of its client. OpenSSL does not keep a certificate that it refuses.
struct SeenClient {
  std::optional<CertificateId> certificate = {};
  std::optional<identity::FirstContact> contact = {};  ///< if the registry does not know it
  Error refusal = {};                                  ///< why its certificate was not accepted
  ClientOffer offer = {};                              ///< from its ClientHello
};

/// The TLS settings of one MQTT shard: those of every listener, and a client certificate required,
/// ALPN "mqtt" and "x-amzn-mqtt-ca" or none. Each shard has its own, so that no OpenSSL object is
/// shared between threads.
///
/// Clients are authenticated by membership: the handshake proves possession of the key, and the
/// certificate's fingerprint must be in the directory. Chains are built only for certificates that
/// are not in it: a chain that leads to a registered CA is a first contact.
class MqttTls {
 public:
  static Result<MqttTls> make(const ServerCredentials& credentials, const ClientTrust& trust,
                              TlsStacks stacks = TlsStacks::current);

  /// A new server-side connection on a socket that does not block.
  [[nodiscard]] SslPtr accept(int socket) const;

  /// Has the handshake record in `seen` what it learns about the client. `seen` must outlive the
  /// handshake.
  static void report_client(SSL* ssl, SeenClient& seen);

 private:
  explicit MqttTls(SslContextPtr context);

  SslContextPtr context_;
};

}  // namespace imprint::server
