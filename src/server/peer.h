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

/// What is known about the client at the other end of a connection, from the handshake on.
struct Peer {
  Shard& shard;
  Connection& connection;
  const CertificateId certificate;
  /// Set if the registry did not know the certificate but a registered CA introduces it.
  const std::optional<identity::FirstContact> contact;
  const std::string correlation;    ///< shared by all events of this connection
  identity::ConnectionFacts facts;  ///< complete once CONNECT has been received

  [[nodiscard]] Services& services() const;
  [[nodiscard]] mqtt::ServerSession& session() const;
  [[nodiscard]] SessionAddress address() const;

  /// Adds to `facts` what CONNECT says about the client.
  void describe(const mqtt::ConnectRequest& request);
  /// Ends the connection because of `error`.
  void cut(mqtt::ReasonCode code, const Error& error) const;
};

}  // namespace imprint::server
