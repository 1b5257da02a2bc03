// SPDX-License-Identifier: Apache-2.0
#include "server/client.h"

#include <utility>

#include "outcome/causes.h"
#include "server/access_check.h"
#include "server/shard.h"

namespace imprint::server {

Client::Client(Shard& shard, Connection& connection, CertificateId certificate,
               std::optional<identity::FirstContact> contact)
    : peer_{.shard = shard,
            .connection = connection,
            .certificate = certificate,
            .contact = std::move(contact),
            .correlation = make_uuid(shard.services().random),
            .facts = {.client_id = {},
                      .source_ip = connection.source_ip(),
                      .domain_name = connection.domain_name(),
                      .persistent = false,
                      .has_will = false,
                      .will_topic = {}}} {}

void Client::handle(mqtt::ServerAction action) {
  if (auto* request = std::get_if<mqtt::ConnectRequest>(&action)) {
    peer_.describe(*request);
    runtime::start(connect(peer_.shard, peer_.connection.number(), std::move(*request)));
  } else if (ConnectedClient* client = connected()) {
    client->handle(std::move(action));
  }
}

void Client::closed(mqtt::Close close) {
  peer_.services().log.debug("connection closed", {{"client", peer_.facts.client_id},
                                                   {"reason", mqtt::to_string(close.reason)},
                                                   {"detail", close.detail}});
  if (auto* client = std::get_if<ConnectedClient>(&phase_)) return client->closed(std::move(close));
  if (!std::holds_alternative<Refused>(phase_)) note_unanswered(close);
}

ConnectedClient* Client::connected() {
  return peer_.session().is_connected() ? std::get_if<ConnectedClient>(&phase_) : nullptr;
}

ClientRights* Client::rights() {
  if (auto* client = std::get_if<ConnectedClient>(&phase_)) return &client->rights();
  auto* identified = std::get_if<Identified>(&phase_);
  return identified == nullptr ? nullptr : identified->rights.get();
}

void Client::access_changed() {
  // A client that is not connected yet is checked before its CONNECT is accepted.
  if (ConnectedClient* client = connected()) client->cut_if_not_entitled();
  if (rights() != nullptr && !peer_.session().is_closed()) rights()->outdate();
}

runtime::Task<bool> Client::read_rights(Shard& shard, std::uint64_t number) {
  const Client* before = shard.client(number);
  if (before == nullptr) co_return true;
  auto principal = co_await shard.services().access.principal(before->peer_.certificate);
  Client* self = shard.client(number);
  ClientRights* rights = self == nullptr ? nullptr : self->rights();
  if (rights == nullptr || self->peer_.session().is_closed()) co_return true;
  if (principal) {
    rights->replace(std::move(*principal));
    if (ConnectedClient* client = self->connected()) client->apply_rights();
    co_return true;
  }
  if (principal.error().fault != Fault::not_found) co_return false;
  self->peer_.cut(mqtt::ReasonCode::administrative_action,
                  forbidden("the certificate has been deleted", "CertificateDeleted"_cause));
  co_return true;
}

}  // namespace imprint::server
