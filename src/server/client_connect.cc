// SPDX-License-Identifier: Apache-2.0
// From CONNECT to CONNACK.
#include "outcome/causes.h"
#include "provisioning/first_use.h"
#include "server/client.h"
#include "server/protocol_fault.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

runtime::Task<void> Client::connect(Shard& shard, std::uint64_t number,
                                    mqtt::ConnectRequest request) {
  Services& services = shard.services();
  Client* self = shard.client(number);
  const CertificateId certificate = self->certificate_;
  self->facts_.client_id = request.client_id;
  auto principal = co_await identify(shard, number);
  self = undecided(shard, number);
  if (self == nullptr) co_return;
  if (!principal) {
    self->refuse(request, principal.error());
    co_return;
  }
  // From here on changes of its rights reach it.
  self->use(std::move(*principal));
  if (request.client_id.empty()) {
    request.client_id = make_uuid(services.random);
    self->is_id_assigned_ = true;
  }
  if (const auto error = self->check_connect(request)) {
    self->refuse(request, *error);
    co_return;
  }
  // A claim is one certificate in many devices, and sketches give them one client id: each
  // connection stands for itself, takes nobody's place and keeps no session.
  if (self->is_claim()) {
    request.session_expiry = Seconds(0);
    self->accept(std::move(request), nullptr);
    co_return;
  }
  const registry::Thing* thing = self->principal_->thing_of(request.client_id);
  const bool owns_name = thing != nullptr && thing->name.str() == request.client_id;
  const identity::ConnectionFacts facts = self->facts_;
  const Timestamp own_name_until =
      thing != nullptr ? self->principal_->certificate.not_after : Timestamp();
  auto state = co_await take_client_id(shard, number,
                                       {.client_id = request.client_id,
                                        .certificate = certificate,
                                        .owns_name = owns_name,
                                        .clean_start = request.clean_start,
                                        .version = request.version});
  self = undecided(shard, number);
  if (!state) {
    if (self != nullptr) self->refuse(request, state.error());
    co_return;
  }
  if (self == nullptr) {
    // It left meanwhile. Its session waits for the next try, as if it had just been lost.
    const SessionAddress own{shard.index(), number};
    if (!*state) {
      services.clients.release(request.client_id, own);
      co_return;
    }
    shard.switchboard().resume_parked(
        number, {.facts = facts,
                 .certificate = certificate,
                 .state = std::move(*state),
                 .expires = services.clock.monotonic() + request.session_expiry,
                 .own_name_until = own_name_until});
    co_return;
  }
  self->holds_client_id_ = true;
  // Its rights may have changed while others gave way.
  if (const auto error = self->check_connect(request)) {
    self->refuse(request, *error);
    co_return;
  }
  self->accept(std::move(request), std::move(*state));
}

Client* Client::undecided(Shard& shard, std::uint64_t number) {
  Client* self = shard.client(number);
  return self == nullptr || self->connection_.session().is_closed() ? nullptr : self;
}

runtime::Task<Result<std::unique_ptr<mqtt::SessionState>>> Client::take_client_id(
    Shard& shard, std::uint64_t number, Switchboard::Newcomer newcomer) {
  ClientDirectory& clients = shard.services().clients;
  std::unique_ptr<mqtt::SessionState> state;
  while (true) {
    const auto holder = clients.find(newcomer.client_id);
    if (holder) {
      auto eviction = co_await shard.switchboard().evict_from(*holder, newcomer);
      if (eviction.refused) {
        co_return tl::unexpected(
            Error{Fault::forbidden,
                  fmt::format("client id {} belongs to a device that connects under its own name; "
                              "only that device's certificates take over its session",
                              quote(newcomer.client_id)),
                  {},
                  "ClientIdTaken"_cause});
      }
      // A rival that was faster found nothing any more: its session began anew while the one that
      // goes on is in our hands.
      if (state && eviction.state) {
        state->absorb(std::move(*eviction.state), shard.services().mqtt);
      } else if (eviction.state) {
        state = std::move(eviction.state);
      }
    }
    // Another newcomer may have been faster; then it is the one to give way.
    if (clients.replace(newcomer.client_id, holder, {shard.index(), number})) co_return state;
  }
}

std::optional<Error> Client::check_connect(const mqtt::ConnectRequest& request) {
  facts_.client_id = request.client_id;
  rights_ = principal_->rights_of(facts_.client_id);
  facts_.persistent = !request.clean_start || request.session_expiry > Seconds(0);
  facts_.has_will = request.will.has_value();
  if (request.will) facts_.will_topic = request.will->message->topic;
  if (auto error = check_certificate()) return error;
  if (auto error = check_policy(policy::Action::connect, facts_.client_id)) return error;
  if (!request.will) return std::nullopt;
  auto error = check_will(request);
  if (error) error->cause = "LastWill"_cause;
  return error;
}

std::optional<Error> Client::check_will(const mqtt::ConnectRequest& request) const {
  if (facts_.will_topic.starts_with('$')) {
    return forbidden(
        fmt::format("a last will may not go to the reserved topic {}", quote(facts_.will_topic)),
        "LastWill"_cause);
  }
  if (auto error = check_policy(policy::Action::publish, facts_.will_topic)) return error;
  if (request.will->retain) return check_policy(policy::Action::retain_publish, facts_.will_topic);
  return std::nullopt;
}

void Client::accept(mqtt::ConnectRequest request, std::unique_ptr<mqtt::SessionState> state) {
  mqtt::ConnectAnswer answer{
      .assigned_client_id = is_id_assigned_ ? facts_.client_id : std::string(),
      .session_expiry = request.session_expiry,
      .session = std::move(state),
      .check = this,
      .account = is_claim() ? services().accounts.of_claim(certificate_)
                            : services().accounts.of(certificate_)};
  // Nothing of what has waited leaves before it is known what may.
  connection_.session().hold_deliveries(true);
  if (!connection_.session().accept_connect(std::move(answer), services().clock.monotonic()))
    return;
  was_accepted_ = true;
  services().metrics.connection_opened(shard_.index());
  note("connect"_step, Outcome::ok, {.from = facts_.source_ip});
  for (const mqtt::Subscription& subscription : connection_.session().subscriptions())
    attach(subscription.filter, subscription.options);
  enter_presence();
  if (!is_stale_) look_again();
  if (connection_.session().is_closed()) return;
  if (provisioning::awaits_first_use(principal_->certificate))
    runtime::start(note_first_use(shard_, certificate_));
  connection_.pump();
}

void Client::refuse(const mqtt::ConnectRequest& request, const Error& error) {
  facts_.client_id = request.client_id;
  was_refused_ = true;
  // Whoever comes with a claim wants to be provisioned, and fails at the first step.
  std::optional<outcome::FailureCategory> category;
  if (error.fault == Fault::forbidden)
    category = count_failure("connect", outcome::FailureCategory::claim_refused);
  report_denial("connect"_step, request.client_id, error, category);
  const bool is_ours = error.fault == Fault::unavailable || error.fault == Fault::exhausted ||
                       error.fault == Fault::internal;
  connection_.session().refuse_connect(
      is_ours ? mqtt::ReasonCode::server_unavailable : mqtt::ReasonCode::not_authorized,
      is_ours ? "the server cannot decide at the moment; try again later" : error.message);
  connection_.pump();
}

void Client::note_unaccepted(const mqtt::Close& close) {
  services().log.info("a connection ended before it was accepted",
                      {{"from", connection_.source_ip()}, {"detail", close.detail}});
  runtime::start(note_unaccepted(
      shard_, certificate_, payer(),
      {.about = about(),
       .told = {
           .from = connection_.source_ip(), .because = close.detail, .cause = fault_of(close)}}));
}

runtime::Task<void> Client::note_unaccepted(Shard& shard, CertificateId certificate, Payer payer,
                                            Unaccepted what) {
  Services& services = shard.services();
  const auto principal = co_await services.access.principal(certificate);
  if (principal && (*principal)->is_claim()) {
    payer = {fmt::format("{}/from {}", certificate.hex(), what.told.from), certificate.hex()};
    what.told.is_of_claim = true;
    if (what.told.cause) {
      what.told.category = what.told.cause->category;
      services.metrics.device_refused("connect", *what.told.category);
    }
  } else if (principal && !(*principal)->things.empty()) {
    what.about.thing = (*principal)->things.front().thing.name.str();
  }
  const Outcome outcome = what.told.cause ? Outcome::denied : Outcome::failed;
  services.journal.note(payer,
                        trail::record(std::move(what.about), "connect"_step, outcome, what.told));
}

runtime::Task<void> Client::note_first_use(Shard& shard, CertificateId certificate) {
  // Lost against another change or a crash, it is made up for at the next connection.
  std::ignore = co_await provisioning::note_first_use(shard.services().store, certificate,
                                                      shard.services().clock.now());
}

/// Claims are shared on purpose, and an operator's own programs may share a certificate; a device's
/// key is in one place.
void Client::enter_presence() {
  const registry::Certificate& certificate = principal_->certificate;
  const bool is_device = certificate.requested_by || certificate.ca_certificate;
  if (is_claim()) return;
  PresenceWatch::Arrival arrival = services().presence.arrived(
      certificate_,
      {.client_id = facts_.client_id, .address = facts_.source_ip, .since = services().clock.now()},
      is_device);
  presence_ = std::move(arrival.presence);
  if (arrival.twin) report_twin(*arrival.twin);
}

void Client::heard() {
  if (!presence_ || !presence_->is_contested.load(std::memory_order_relaxed)) return;
  if (const auto twin = services().presence.spoke(presence_)) report_twin(*twin);
}

void Client::report_twin(const PresenceWatch::Twin& twin) {
  services().alarms.raise(
      alarms::Kind::key_in_two_places, certificate_.hex(),
      fmt::format(
          "one key is in use at two addresses at once, {} and {}: the device was cloned, or "
          "its key has been taken out of it; deactivate the certificate (aws iot "
          "update-certificate --certificate-id {} --new-status INACTIVE) and provision the "
          "right one anew",
          twin.address, twin.other_address, certificate_.hex()),
      about());
}

}  // namespace imprint::server
