// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/client_record.h"
#include "server/peer.h"
#include "server/switchboard.h"

namespace imprint::server {

/// What an identified client may do, as the registry last said. While it exists the shard passes on
/// changes of the registry, and from a change on the rights are outdated until they have been read
/// again: nothing that depends on them happens in between.
class ClientRights {
 public:
  ClientRights(Peer& peer, ClientRecord& record, identity::PrincipalPtr principal);
  ~ClientRights();
  ClientRights(const ClientRights&) = delete;
  ClientRights& operator=(const ClientRights&) = delete;

  /// The rights have been read again.
  void replace(identity::PrincipalPtr principal);
  /// A change concerns them: no message leaves, and the shard reads them again.
  void outdate();
  [[nodiscard]] bool are_outdated() const { return are_outdated_; }
  /// Something waits for them: the shard reads them before those of others.
  void read_first();

  [[nodiscard]] std::optional<Error> check_certificate() const;
  [[nodiscard]] std::optional<Error> check(policy::Action action, std::string_view resource) const;
  /// The earliest time at which the certificate ends or a condition on time may change what the
  /// policies say.
  [[nodiscard]] Timestamp next_change(Timestamp now) const;

  [[nodiscard]] const registry::Certificate& certificate() const { return principal_->certificate; }
  /// The client id is the name of a thing that the certificate is attached to.
  [[nodiscard]] bool owns_client_id() const;
  /// A thing stands for the connection, so that only its own certificates take over the client id.
  [[nodiscard]] bool is_device_in_its_own_name() const { return thing() != nullptr; }
  /// The session, as it is kept without its connection.
  [[nodiscard]] Switchboard::Parked parked(std::unique_ptr<mqtt::SessionState> state,
                                           Monotonic expires) const;

 private:
  [[nodiscard]] const registry::Thing* thing() const;
  void use(identity::PrincipalPtr principal);

  Peer& peer_;
  ClientRecord& record_;
  identity::PrincipalPtr principal_;  ///< never null
  identity::Rights rights_;           ///< of the principal, for this client id
  bool are_outdated_ = false;
  bool are_read_first_ = false;
};

}  // namespace imprint::server
