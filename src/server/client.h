// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "server/connected_client.h"

namespace imprint::server {

/// The client of one connection, from the end of the TLS handshake, in one of the phases below.
/// Owned by its Connection; used on the shard's thread only. A coroutine that has waited must look
/// the client up again by its connection number, because the client may be gone.
class Client {
 public:
  /// `contact` is set if the registry did not know the certificate but a registered CA introduces
  /// it.
  Client(Shard& shard, Connection& connection, CertificateId certificate,
         std::optional<identity::FirstContact> contact);

  void handle(mqtt::ServerAction action);
  /// The last call.
  void closed(mqtt::Close close);

  /// Null until the CONNECT has been accepted and after the MQTT session has ended.
  [[nodiscard]] ConnectedClient* connected();

  /// The registry changed something that may affect this client. Cuts the connection if the
  /// certificate is no longer ACTIVE; otherwise the rights are outdated until they have been read
  /// again.
  void access_changed();
  /// Reads the rights again; false if the registry could not be read, so that the caller must try
  /// again later.
  static runtime::Task<bool> read_rights(Shard& shard, std::uint64_t number);

 private:
  /// The client has not sent its CONNECT, or its certificate is being looked up.
  struct Unidentified {};
  /// The certificate has been looked up; whether the client may connect is being decided.
  struct Identified {
    std::unique_ptr<ClientRights> rights;  ///< never null
  };
  /// The CONNECT has been refused, and the refusal has been recorded.
  struct Refused {};
  using Phase = std::variant<Unidentified, Identified, ConnectedClient, Refused>;

  // From CONNECT to CONNACK (client_connect.cc).
  static runtime::Task<void> connect(Shard& shard, std::uint64_t number,
                                     mqtt::ConnectRequest request);
  /// The client if its CONNECT has not been answered yet, otherwise null.
  static Client* connecting(Shard& shard, std::uint64_t number);
  static runtime::Task<Result<identity::PrincipalPtr>> identify(Shard& shard, std::uint64_t number);
  /// From this call on, the client is notified when its rights change.
  ClientRights& identified_as(identity::PrincipalPtr principal);
  static std::optional<Error> check_connect(const ClientRights& rights,
                                            const mqtt::ConnectRequest& request);
  void accept(mqtt::ConnectAnswer answer, ClientIdHold hold);
  void refuse(const Error& error);
  /// Records a connection that closed before the server answered its CONNECT, or whose CONNECT the
  /// MQTT session refused itself.
  void note_unanswered(const mqtt::Close& close);

  [[nodiscard]] ClientRights* rights();

  Peer peer_;
  ClientRecord record_{peer_};
  Phase phase_;
};

}  // namespace imprint::server
