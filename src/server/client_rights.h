// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/client_record.h"
#include "server/peer.h"
#include "server/switchboard.h"

namespace imprint::server {

/// What an identified client may do, as last read from the registry. While this object exists, the
/// shard notifies it of changes in the registry. After a change the rights are outdated until they
/// have been read again; nothing that depends on them happens in between.
class ClientRights {
 public:
  ClientRights(Peer& peer, ClientRecord& record, identity::PrincipalPtr principal);
  ~ClientRights();
  ClientRights(const ClientRights&) = delete;
  ClientRights& operator=(const ClientRights&) = delete;

  /// The rights have been read again.
  void replace(identity::PrincipalPtr principal);
  /// Marks the rights as outdated: holds back messages until the shard has read the rights again.
  void outdate();
  [[nodiscard]] bool are_outdated() const { return are_outdated_; }
  /// Has the shard read these rights before those of other clients, because a request waits for
  /// them.
  void read_first();

  [[nodiscard]] std::optional<Error> check_certificate() const;
  [[nodiscard]] std::optional<Error> check(policy::Action action, std::string_view resource) const;
  /// The earliest time at which the certificate expires or a condition on time may change what the
  /// policies allow.
  [[nodiscard]] Timestamp next_change(Timestamp now) const;

  [[nodiscard]] const registry::Certificate& certificate() const { return principal_->certificate; }
  /// True if the client id is the name of a thing that the certificate is attached to.
  [[nodiscard]] bool owns_client_id() const;
  /// True if the connection belongs to a thing, so that only certificates of that thing may take
  /// over the client id.
  [[nodiscard]] bool belongs_to_thing() const { return thing() != nullptr; }
  /// The session in the form in which it is kept without its connection.
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
