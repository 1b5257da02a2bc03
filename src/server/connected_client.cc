// SPDX-License-Identifier: Apache-2.0
// A connected client, from CONNACK until its connection closes.
#include "server/connected_client.h"

#include <utility>

#include "outcome/causes.h"
#include "provisioning/first_use.h"
#include "server/protocol_fault.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

namespace {

runtime::Task<void> note_first_use(Services& services, CertificateId certificate) {
  // If this fails because of a conflict or a crash, the next connection of the device records it.
  std::ignore =
      co_await provisioning::note_first_use(services.store, certificate, services.clock.now());
}

}  // namespace

ConnectedClient::ConnectedClient(Peer& peer, ClientRecord& record,
                                 std::unique_ptr<ClientRights> rights, ClientIdHold hold)
    : peer_(peer), record_(record), rights_(std::move(rights)), hold_(hold) {}

void ConnectedClient::open(mqtt::ConnectAnswer answer) {
  answer.check = this;
  answer.account = record_.is_claim() ? services().accounts.of_claim(peer_.certificate)
                                      : services().accounts.of(peer_.certificate);
  // No queued message leaves before the rights have been applied.
  session().hold_deliveries(true);
  const bool is_open = session().accept_connect(std::move(answer), services().clock.monotonic());
  IMPRINT_ASSERT(is_open);
  services().metrics.connection_opened(peer_.shard.index());
  record_.note("connect"_step, Outcome::ok, {.from = peer_.facts.source_ip});
  for (const mqtt::Subscription& subscription : session().subscriptions())
    add_to_index(subscription.filter, subscription.options);
  enter_presence();
  if (!rights_->are_outdated()) apply_rights();
  if (session().is_closed()) return;
  if (provisioning::awaits_first_use(rights_->certificate()))
    runtime::start(note_first_use(services(), peer_.certificate));
  peer_.connection.pump();
}

void ConnectedClient::handle(mqtt::ServerAction action) {
  peer_.shard.apply_changes();
  if (session().is_closed()) return;
  if (rights_->are_outdated() || has_deferred_requests()) {
    deferred_.push_back(std::move(action));
    rights_->read_first();
  } else {
    carry_out(std::move(action));
  }
}

void ConnectedClient::carry_out(mqtt::ServerAction action) {
  // Timers may be late, so check again: nothing is done for a device whose certificate has expired.
  if (services().clock.now() > rights_->certificate().not_after) {
    cut_if_not_entitled();
    if (session().is_closed()) return;
  }
  if (auto* message = std::get_if<mqtt::PublishRequest>(&action)) {
    publish(std::move(*message));
  } else if (auto* subscription = std::get_if<mqtt::SubscribeRequest>(&action)) {
    subscribe(std::move(*subscription));
  } else if (auto* end = std::get_if<mqtt::UnsubscribeRequest>(&action)) {
    unsubscribe(*end);
  }
}

void ConnectedClient::closed(mqtt::Close close) {
  deferred_.clear();
  if (presence_) services().presence.left(std::exchange(presence_, nullptr));
  services().metrics.connection_closed(peer_.shard.index());
  note_if_left_unregistered(close);
  note_end(close);
  // [MQTT-3.1.3-9, 5.0] the delayed will of a session that continues on another connection is not
  // published.
  if (hold_ == ClientIdHold::moved && close.will && close.will->delay > Seconds(0))
    close.will.reset();
  if (hold_ == ClientIdHold::held && close.session_expiry > Seconds(0)) {
    park(close);
  } else {
    end_session();
    if (hold_ == ClientIdHold::held)
      services().clients.release(peer_.facts.client_id, peer_.address());
  }
  if (!close.will) return;
  // Posted to avoid recursion: a will may cut a slow reader, whose own will may cut another.
  peer_.shard.post([&shard = peer_.shard, last = LastWill{.will = std::move(*close.will),
                                                          .certificate = peer_.certificate,
                                                          .facts = peer_.facts,
                                                          .from = peer_.address()}] {
    runtime::start(publish_will(shard, last));
  });
}

void ConnectedClient::note_end(const mqtt::Close& close) {
  trail::Told told{.because = close.detail, .cause = fault_of(close)};
  if (told.cause) {
    told.from = peer_.facts.source_ip;
    told.category = record_.count_failure("disconnect", told.cause->category);
  }
  const bool is_ok = close.reason == mqtt::CloseReason::peer_disconnected;
  const auto ignored = ignored_publishes_ > 0 ? std::optional(ignored_publishes_) : std::nullopt;
  record_.note("disconnect"_step, is_ok ? Outcome::ok : Outcome::failed, std::move(told),
               trail::Ended{.reason = std::string(mqtt::to_string(close.reason)),
                            .ignored_publishes = ignored});
}

void ConnectedClient::park(mqtt::Close& close) {
  const Monotonic now = services().clock.monotonic();
  Switchboard::Parked parked = rights_->parked(session().take_state(), now + close.session_expiry);
  if (close.will && close.will->delay > Seconds(0)) {
    parked.will_due = now + close.will->delay;
    parked.will = std::exchange(close.will, std::nullopt);
  }
  peer_.shard.switchboard().park(peer_.connection.number(), std::move(parked));
}

void ConnectedClient::end_session() {
  const auto state = session().take_state();
  peer_.shard.switchboard().end_session(peer_.address(), *state);
}

bool ConnectedClient::may_be_resumed(bool clean_start, mqtt::Version version) const {
  return session().outlives_connection() && !clean_start && session().version() == version;
}

std::unique_ptr<mqtt::SessionState> ConnectedClient::hand_over(bool moves) {
  services().log.info(
      "another connection has taken over a client id; if devices share one, give each its own",
      {{"client", peer_.facts.client_id}, {"from", peer_.facts.source_ip}});
  hold_ = moves ? ClientIdHold::moved : ClientIdHold::lost;
  session().disconnect(mqtt::ReasonCode::session_taken_over,
                       "another connection uses this client id");
  auto state = session().take_state();
  if (moves) {
    peer_.shard.switchboard().forget_subscriptions(peer_.address(), *state);
  } else {
    peer_.shard.switchboard().end_session(peer_.address(), *state);
    state.reset();
  }
  peer_.connection.pump();
  return state;
}

/// Watches only devices: claims are shared on purpose, and an operator's own programs may share a
/// certificate, but a device's key belongs in one place.
void ConnectedClient::enter_presence() {
  const registry::Certificate& certificate = rights_->certificate();
  const bool is_device = certificate.requested_by || certificate.ca_certificate;
  if (record_.is_claim()) return;
  PresenceWatch::Arrival arrival = services().presence.arrived(peer_.certificate,
                                                               {.client_id = peer_.facts.client_id,
                                                                .address = peer_.facts.source_ip,
                                                                .since = services().clock.now()},
                                                               is_device);
  presence_ = std::move(arrival.presence);
  if (arrival.twin) raise_key_in_two_places(*arrival.twin);
}

void ConnectedClient::note_activity() {
  if (!presence_ || !presence_->is_contested.load(std::memory_order_relaxed)) return;
  if (const auto twin = services().presence.spoke(presence_)) raise_key_in_two_places(*twin);
}

void ConnectedClient::raise_key_in_two_places(const PresenceWatch::Twin& twin) {
  const std::string id = peer_.certificate.hex();
  services().alarms.raise(
      alarms::Kind::key_in_two_places, id,
      fmt::format(
          "one key is in use at two addresses at once, {} and {}: the device was cloned, or "
          "its key has been taken out of it; deactivate the certificate (aws iot "
          "update-certificate --certificate-id {} --new-status INACTIVE) and provision the "
          "right one again",
          twin.address, twin.other_address, id),
      record_.about());
}

}  // namespace imprint::server
