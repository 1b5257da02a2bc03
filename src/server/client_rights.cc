// SPDX-License-Identifier: Apache-2.0
#include "server/client_rights.h"

#include <utility>

#include "server/access_check.h"
#include "server/shard.h"

namespace imprint::server {

ClientRights::ClientRights(Peer& peer, ClientRecord& record, identity::PrincipalPtr principal)
    : peer_(peer), record_(record) {
  use(std::move(principal));
}

ClientRights::~ClientRights() {
  peer_.shard.delist(peer_.connection.number(), peer_.certificate, *principal_);
}

void ClientRights::replace(identity::PrincipalPtr principal) {
  peer_.shard.delist(peer_.connection.number(), peer_.certificate, *principal_);
  use(std::move(principal));
}

void ClientRights::use(identity::PrincipalPtr principal) {
  principal_ = std::move(principal);
  rights_ = principal_->rights_of(peer_.facts.client_id);
  are_outdated_ = false;
  are_read_first_ = false;
  record_.identified_as(*principal_);
  peer_.shard.enlist(peer_.connection.number(), peer_.certificate, *principal_);
}

void ClientRights::outdate() {
  are_outdated_ = true;
  peer_.session().hold_deliveries(true);
  peer_.shard.refresh_rights(peer_.connection.number(), false);
}

void ClientRights::read_first() {
  if (!std::exchange(are_read_first_, true))
    peer_.shard.refresh_rights(peer_.connection.number(), true);
}

std::optional<Error> ClientRights::check_certificate() const {
  return server::check_certificate(peer_.services(), *principal_);
}

std::optional<Error> ClientRights::check(policy::Action action, std::string_view resource) const {
  return check_policy(peer_.services(), *principal_, rights_, peer_.facts, action, resource);
}

Timestamp ClientRights::next_change(Timestamp now) const {
  const Timestamp end = certificate().not_after + Milliseconds(1);
  return std::min(end, rights_.next_change(now).value_or(end));
}

const registry::Thing* ClientRights::thing() const {
  return principal_->thing_of(peer_.facts.client_id);
}

bool ClientRights::owns_client_id() const {
  return thing() != nullptr && thing()->name.str() == peer_.facts.client_id;
}

Switchboard::Parked ClientRights::parked(std::unique_ptr<mqtt::SessionState> state,
                                         Monotonic expires) const {
  return {.facts = peer_.facts,
          .certificate = peer_.certificate,
          .state = std::move(state),
          .expires = expires,
          .protected_until = belongs_to_thing() ? certificate().not_after : Timestamp()};
}

}  // namespace imprint::server
