// SPDX-License-Identifier: Apache-2.0
#include "server/peer.h"

#include "server/shard.h"

namespace imprint::server {

Services& Peer::services() const { return shard.services(); }

mqtt::ServerSession& Peer::session() const { return connection.session(); }

SessionAddress Peer::address() const { return {shard.index(), connection.number()}; }

void Peer::describe(const mqtt::ConnectRequest& request) {
  facts.client_id = request.client_id;
  facts.persistent = !request.clean_start || request.session_expiry > Seconds(0);
  facts.has_will = request.will.has_value();
  if (request.will) facts.will_topic = request.will->message->topic;
}

void Peer::cut(mqtt::ReasonCode code, const Error& error) const {
  services().log.info("cut a connection", {{"client", facts.client_id},
                                           {"certificate", certificate.hex()},
                                           {"because", error.message}});
  session().disconnect(code, error.message);
  connection.pump();
}

}  // namespace imprint::server
