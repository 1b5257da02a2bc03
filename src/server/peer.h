// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "identity/ca_directory.h"
#include "identity/principal.h"
#include "mqtt/server_session.h"
#include "server/session_address.h"

namespace imprint::server {

class Connection;
class Shard;
struct Services;

/// The client at the other end of a connection, as it is known from the handshake to the end.
struct Peer {
  Shard& shard;
  Connection& connection;
  const CertificateId certificate;
  /// The registry did not know the certificate, and a registered CA introduces it.
  const std::optional<identity::FirstContact> contact;
  const std::string correlation;    ///< of all events of this connection
  identity::ConnectionFacts facts;  ///< what CONNECT says is known from then on

  [[nodiscard]] Services& services() const;
  [[nodiscard]] mqtt::ServerSession& session() const;
  [[nodiscard]] SessionAddress address() const;

  /// Takes over what CONNECT says of the client.
  void describe(const mqtt::ConnectRequest& request);
  /// Ends the connection because of `error`.
  void cut(mqtt::ReasonCode code, const Error& error) const;
};

}  // namespace imprint::server
