// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/client_rights.h"
#include "server/presence.h"
#include "server/provisioning_queue.h"

namespace imprint::server {

/// Whether a connected client holds its client id.
enum class ClientIdHold {
  none,   ///< a claim: its devices may share one client id, and no session is kept
  held,   ///< this connection is the holder in the ClientDirectory
  lost,   ///< another connection uses it now; the session has ended
  moved,  ///< another connection uses it now and continues the session
};

/// A client whose CONNECT has been accepted: carries out what the client requests, as far as its
/// policies allow. Lives as long as its Connection, even after the MQTT session has ended.
class ConnectedClient final : public mqtt::DeliveryCheck {
 public:
  ConnectedClient(Peer& peer, ClientRecord& record, std::unique_ptr<ClientRights> rights,
                  ClientIdHold hold);

  /// Answers the CONNECT; the first call.
  void open(mqtt::ConnectAnswer answer);
  void handle(mqtt::ServerAction action);
  /// The last call: parks or ends the session, publishes the will.
  void closed(mqtt::Close close);

  /// Delivers a message that matched one of the client's subscriptions.
  void deliver(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain);
  [[nodiscard]] bool may_receive(const mqtt::Message& message) const override;
  /// The client has sent something.
  void note_activity();

  // Rights (connected_client_rights.cc).
  [[nodiscard]] ClientRights& rights() { return *rights_; }
  /// Cuts the connection if the certificate may no longer be used or the client may no longer
  /// connect.
  void cut_if_not_entitled();
  /// Applies rights that may have changed to the connection, to its subscriptions and to the
  /// requests that waited for them.
  void apply_rights();
  /// True while requests wait for the rights to be read; the connection reads no further requests
  /// meanwhile.
  [[nodiscard]] bool has_deferred_requests() const { return !deferred_.empty(); }
  /// When the certificate expires or a condition on time may change what the policies allow.
  [[nodiscard]] std::optional<Monotonic> deadline() const { return deadline_; }
  void tick(Monotonic now);

  // Takeover by another connection with the same client id.
  [[nodiscard]] const CertificateId& certificate() const { return peer_.certificate; }
  [[nodiscard]] bool holds_client_id() const { return hold_ == ClientIdHold::held; }
  [[nodiscard]] bool may_be_resumed(bool clean_start, mqtt::Version version) const;
  /// Gives the client id to another connection. Returns the session if it moves there; otherwise
  /// the session ends.
  std::unique_ptr<mqtt::SessionState> hand_over(bool moves);

 private:
  [[nodiscard]] Services& services() const { return peer_.services(); }
  [[nodiscard]] mqtt::ServerSession& session() const { return peer_.session(); }
  void carry_out(mqtt::ServerAction action);

  // Begin and end (connected_client.cc).
  void enter_presence();
  void raise_key_in_two_places(const PresenceWatch::Twin& twin);
  void note_end(const mqtt::Close& close);
  void park(mqtt::Close& close);
  void end_session();

  // Publish and subscribe (connected_client_messages.cc).
  void publish(mqtt::PublishRequest request);
  void ignore_publish(const mqtt::PublishRequest& request);
  void refuse_publish(const std::string& topic, mqtt::QoS qos, std::uint16_t packet_id,
                      const Error& error);
  void subscribe(mqtt::SubscribeRequest request);
  void send_retained(const mqtt::SubscribeRequest::Entry& entry);
  void note_absent_events(const std::string& filter);
  [[nodiscard]] std::optional<Error> check_subscription(const std::string& filter) const;
  void unsubscribe(const mqtt::UnsubscribeRequest& request);
  /// From now on, messages that match the filter are delivered to this connection.
  void add_to_index(const std::string& filter, const mqtt::SubscribeOptions& options);

  // Subscriptions that policy has suspended (connected_client_rights.cc).
  void review_subscriptions();
  [[nodiscard]] bool is_suspended(std::string_view filter) const;
  void set_deadline();

  // Provision (connected_client_provisioning.cc).
  void queue_provisioning(const mqtt::PublishRequest& request, device_api::ProvisioningTopic topic);
  static runtime::Task<void> answer_requests(Shard& shard, std::uint64_t number);
  std::optional<ProvisioningQueue::Request> next_request();
  [[nodiscard]] provisioning::Caller caller(std::string topic) const;
  void answer(const ProvisioningQueue::Request& request, const device_api::Answer& answer);
  void deliver_answer(const device_api::Answer& answer);
  void note_if_left_unregistered(const mqtt::Close& close);

  Peer& peer_;
  ClientRecord& record_;
  const std::unique_ptr<ClientRights> rights_;  ///< never null
  ClientIdHold hold_;
  ProvisioningQueue requests_;
  std::deque<mqtt::ServerAction> deferred_;  ///< until the rights have been read again
  std::vector<std::string> suspended_;       ///< subscriptions that policy does not allow now
  std::optional<Monotonic> deadline_;
  PresencePtr presence_;                ///< null for claims
  std::int64_t ignored_publishes_ = 0;  ///< to services that this server does not have
  bool has_noted_absent_events_ = false;
};

}  // namespace imprint::server
