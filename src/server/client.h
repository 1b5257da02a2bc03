// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "server/connected_client.h"

namespace imprint::server {

/// The client of one connection, from the end of its handshake on, through the phases below. Owned
/// by its Connection; used on the shard's thread only. A coroutine that has waited looks the client
/// up again by the number of its connection, for it may be gone.
class Client {
 public:
  /// `contact`: the registry did not know the certificate, and a registered CA introduces it.
  Client(Shard& shard, Connection& connection, CertificateId certificate,
         std::optional<identity::FirstContact> contact);

  void handle(mqtt::ServerAction action);
  /// The last call.
  void closed(mqtt::Close close);

  /// Null before its CONNECT has been accepted and after the end of its MQTT session.
  [[nodiscard]] ConnectedClient* connected();

  /// The registry changed something that may concern this client. The connection is cut if its
  /// certificate is not ACTIVE any more; otherwise its rights are outdated until they have been
  /// read again.
  void access_changed();
  /// Reads the rights again; false if the registry could not say and is to be asked later.
  static runtime::Task<bool> read_rights(Shard& shard, std::uint64_t number);

 private:
  /// Has not sent its CONNECT, or the registry is being asked who it is.
  struct Unidentified {};
  /// It is known who it is; whether it may connect is being decided.
  struct Identified {
    std::unique_ptr<ClientRights> rights;  ///< never null
  };
  /// Its CONNECT has been refused, and that is on record.
  struct Refused {};
  using Phase = std::variant<Unidentified, Identified, ConnectedClient, Refused>;

  // From CONNECT to CONNACK (client_connect.cc).
  static runtime::Task<void> connect(Shard& shard, std::uint64_t number,
                                     mqtt::ConnectRequest request);
  /// The client if its CONNECT still waits for an answer, otherwise null.
  static Client* connecting(Shard& shard, std::uint64_t number);
  static runtime::Task<Result<identity::PrincipalPtr>> identify(Shard& shard, std::uint64_t number);
  /// From here on changes of its rights reach it.
  ClientRights& identified_as(identity::PrincipalPtr principal);
  static std::optional<Error> check_connect(const ClientRights& rights,
                                            const mqtt::ConnectRequest& request);
  void accept(mqtt::ConnectAnswer answer, ClientIdHold hold);
  void refuse(const Error& error);
  /// A connection that ended before the server had answered its CONNECT, or by the MQTT session's
  /// own answer.
  void note_unanswered(const mqtt::Close& close);

  [[nodiscard]] ClientRights* rights();

  Peer peer_;
  ClientRecord record_{peer_};
  Phase phase_;
};

}  // namespace imprint::server
