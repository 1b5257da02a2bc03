// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "identity/ca_directory.h"
#include "identity/principal.h"
#include "mqtt/server_session.h"
#include "provisioning/just_in_time.h"
#include "runtime/task.h"
#include "server/presence.h"
#include "server/request_record.h"
#include "server/switchboard.h"
#include "trail/event.h"

namespace imprint::server {

class Connection;
class Shard;
struct Services;

/// What one connected client may do, and what becomes of what it does: policies at connect,
/// publish, subscribe and receive; provisioning requests, one at a time and answered in order.
/// Owned by its Connection; used on the shard's thread only. Work that waits looks the connection
/// up again by number when it goes on, for it may be gone.
class Client final : public mqtt::DeliveryCheck {
 public:
  /// `contact`: the registry did not know the certificate, and a registered CA introduces it.
  Client(Shard& shard, Connection& connection, CertificateId certificate,
         std::optional<identity::FirstContact> contact);

  void handle(mqtt::ServerAction action);
  /// The last call: parks or ends the session, publishes the will.
  void closed(mqtt::Close close);

  /// A message that matched one of this client's subscriptions.
  void deliver(const mqtt::MessagePtr& message, mqtt::QoS qos, bool retain);

  /// The registry changed something that may concern this client: the connection is cut if its
  /// certificate is not ACTIVE any more. Otherwise its rights are read again, and until they are,
  /// nothing that rests on them happens: what it asks for and what is for it waits.
  void access_changed();

  /// Reads the rights again; false when the registry could not say and it is to be asked later.
  static runtime::Task<bool> reload(Shard& shard, std::uint64_t number);
  /// Requests wait for rights to be read: the connection reads no more of them meanwhile.
  [[nodiscard]] bool is_waiting() const { return !deferred_.empty(); }

  [[nodiscard]] bool may_receive(const mqtt::Message& message) const override;

  /// When the certificate ends or a condition on time may change what the policies say.
  [[nodiscard]] std::optional<Monotonic> deadline() const { return deadline_; }
  void tick(Monotonic now);

  /// The connection has said something.
  void heard();

  /// CONNECT was accepted and the session has not ended.
  [[nodiscard]] bool is_connected() const;

  // Takeover by another connection with the same client id.
  [[nodiscard]] bool holds_client_id() const { return holds_client_id_; }
  [[nodiscard]] bool is_device_in_its_own_name() const;
  [[nodiscard]] bool may_be_resumed(bool clean_start, mqtt::Version version) const;
  /// The session, if it goes on with the newcomer; otherwise it ends here.
  std::unique_ptr<mqtt::SessionState> give_way(bool goes_on);

  [[nodiscard]] const CertificateId& certificate() const { return certificate_; }
  [[nodiscard]] const identity::Principal* principal() const { return principal_.get(); }

 private:
  struct ProvisioningRequest {
    device_api::ProvisioningTopic topic;
    std::string name;  ///< the topic as it was published to
    mqtt::QoS qos;
    Bytes payload;
    std::uint16_t packet_id;
    bool throttled;
  };

  // Identify (client_introduction.cc).
  /// The principal of a connection that has sent its CONNECT; a device that a registered CA
  /// introduces is provisioned first.
  static runtime::Task<Result<identity::PrincipalPtr>> identify(Shard& shard, std::uint64_t number);
  [[nodiscard]] std::optional<provisioning::FirstConnection> first_connection(
      const Result<identity::PrincipalPtr>& principal) const;
  static runtime::Task<Result<void>> introduce(Shard& shard, std::uint64_t number,
                                               provisioning::FirstConnection first);

  // Connect (client_connect.cc).
  static runtime::Task<void> connect(Shard& shard, std::uint64_t number,
                                     mqtt::ConnectRequest request);
  /// The client while its CONNECT waits for an answer, or null.
  static Client* undecided(Shard& shard, std::uint64_t number);
  /// Makes the connection the holder of its client id, ending any other; gives the session to
  /// resume, if there is one.
  static runtime::Task<Result<std::unique_ptr<mqtt::SessionState>>> take_client_id(
      Shard& shard, std::uint64_t number, Switchboard::Newcomer newcomer);
  void use(identity::PrincipalPtr principal);
  std::optional<Error> check_connect(const mqtt::ConnectRequest& request);
  [[nodiscard]] std::optional<Error> check_will(const mqtt::ConnectRequest& request) const;
  std::optional<Error> check_certificate() const;
  [[nodiscard]] std::string why_out_of_use(registry::CertificateStatus status) const;
  void accept(mqtt::ConnectRequest request, std::unique_ptr<mqtt::SessionState> state);
  void refuse(const mqtt::ConnectRequest& request, const Error& error);
  /// A connection that ended before its CONNECT was answered, or by the session's own answer.
  void note_unaccepted(const mqtt::Close& close);
  struct Unaccepted {
    registry::AuditEvent about;
    trail::Told told;
  };
  /// Whose it was is not known before the registry has said it.
  static runtime::Task<void> note_unaccepted(Shard& shard, CertificateId certificate, Payer payer,
                                             Unaccepted what);
  void enter_presence();
  void report_twin(const PresenceWatch::Twin& twin);
  static runtime::Task<void> note_first_use(Shard& shard, CertificateId certificate);
  void end_session();
  void park(mqtt::Close& close, Monotonic now);

  // Rights, as they and time change (client_rights.cc).
  void act(mqtt::ServerAction action);
  void cut(mqtt::ReasonCode code, const Error& error);
  /// Cuts a connection whose certificate or right to connect has ended.
  void cut_if_not_entitled();
  /// After either may have changed: the connection, its subscriptions, and what has waited.
  void look_again();
  /// Something waits for rights that are to be read again: they come before others.
  void hurry();
  void review_subscriptions();
  [[nodiscard]] bool is_resting(std::string_view filter) const;
  void set_deadline();

  // Provision (client_provisioning.cc).
  void queue_provisioning(const mqtt::PublishRequest& request, device_api::ProvisioningTopic topic);
  static runtime::Task<void> provision(Shard& shard, std::uint64_t number);
  [[nodiscard]] Asker asker() const;
  void answer(const ProvisioningRequest& request, const device_api::Answer& answer);
  /// A device that got a certificate and does not register it is told of by nobody else.
  void note_if_left_unregistered(const mqtt::Close& close);
  void note_end(const mqtt::Close& close);
  void deliver_answer(const device_api::Answer& answer);

  // Subscribe and publish (client_messages.cc).
  void publish(mqtt::PublishRequest request);
  void ignore_publish(const mqtt::PublishRequest& request);
  void refuse_publish(const std::string& topic, mqtt::QoS qos, std::uint16_t packet_id,
                      const Error& error);
  void subscribe(mqtt::SubscribeRequest request);
  void note_absent_events(const std::string& filter);
  std::optional<Error> check_subscription(const std::string& filter);
  void unsubscribe(const mqtt::UnsubscribeRequest& request);
  /// Messages for the filter come to this connection from now on.
  void attach(const std::string& filter, const mqtt::SubscribeOptions& options);

  /// Nothing when allowed; otherwise a sentence with the statement that decided.
  [[nodiscard]] std::optional<Error> check_policy(policy::Action action,
                                                  std::string_view resource) const;
  /// A unit of a claim came to nothing by this: counted once for each connection, and not when it
  /// has been registered or a request of its own has been rejected.
  std::optional<outcome::FailureCategory> count_failure(std::string_view method,
                                                        outcome::FailureCategory category);
  /// The same for what it may not publish to, or subscribe to of the provisioning API.
  std::optional<outcome::FailureCategory> count_denial(std::string_view method,
                                                       std::string_view topic);
  /// Logs a refusal and puts it on record.
  /// `category`: a device that wanted to be provisioned failed by that.
  void report_denial(trail::Step step, std::string_view resource, const Error& error,
                     std::optional<outcome::FailureCategory> category = {});

  /// Whom an event of the audit trail about this connection is about.
  [[nodiscard]] registry::AuditEvent about() const;
  /// Whose budgets of the journal pay for what this client does.
  [[nodiscard]] Payer payer() const;
  /// Puts a step on record.
  void note(trail::Step step, trail::Outcome outcome, trail::Told told,
            const trail::Detail& detail = {});

  static Error forbidden(std::string message, Cause cause);
  static std::optional<Error> check_rights(const identity::Rights& rights,
                                           const policy::Request& request,
                                           const policy::Context& context);
  [[nodiscard]] Services& services() const;
  [[nodiscard]] bool is_claim() const;
  [[nodiscard]] provisioning::Caller caller(std::string topic) const;
  /// Whether policy lets the certificate publish, as it is now; the client may have left.
  static runtime::Task<Result<void>> may_publish(Services& services, CertificateId certificate,
                                                 identity::ConnectionFacts facts,
                                                 std::string topic);

  Shard& shard_;
  Connection& connection_;
  const CertificateId certificate_;
  const std::optional<identity::FirstContact> contact_;
  identity::PrincipalPtr principal_;
  identity::ConnectionFacts facts_;
  identity::Rights rights_;  ///< of principal_, for this client id
  std::optional<Monotonic> deadline_;
  std::deque<mqtt::ServerAction> deferred_;
  std::vector<std::string> resting_;  ///< subscriptions that policy does not allow at the moment
  std::string correlation_;
  PresencePtr presence_;  ///< of a device that was provisioned, while it is connected
  std::deque<ProvisioningRequest> requests_;
  bool is_provisioning_ = false;
  /// Bytes of the answer with a certificate that this connection has not registered yet.
  std::optional<std::size_t> unregistered_answer_;
  bool holds_client_id_ = false;
  bool is_id_assigned_ = false;
  bool was_accepted_ = false;
  bool was_refused_ = false;   ///< and that is on record
  bool is_accounted_ = false;  ///< what became of a claim's unit is counted
  bool is_stale_ = false;      ///< its rights are to be read again
  bool has_hurried_ = false;
  std::int64_t ignored_ = 0;        ///< publishes to services that are not here
  bool waits_for_absent_ = false;   ///< subscribed to events that are not sent here
  bool goes_on_elsewhere_ = false;  ///< its session, on the connection that took its place
};

}  // namespace imprint::server
