// SPDX-License-Identifier: Apache-2.0
// From CONNECT to CONNACK.
#include "outcome/causes.h"
#include "server/access_check.h"
#include "server/client.h"
#include "server/first_connection.h"
#include "server/protocol_fault.h"
#include "server/shard.h"

namespace imprint::server {

using trail::Outcome;

namespace {

/// A last will counts as a message that the client publishes, so the same rights are needed.
std::optional<Error> check_will(const ClientRights& rights, const mqtt::Will& will) {
  const std::string& topic = will.message->topic;
  if (topic.starts_with('$')) {
    return forbidden(fmt::format("a last will may not go to the reserved topic {}", quote(topic)),
                     {});
  }
  if (auto error = rights.check(policy::Action::publish, topic)) return error;
  return will.retain ? rights.check(policy::Action::retain_publish, topic) : std::nullopt;
}

/// Makes the connection the holder of its client id, evicting any other holder; returns the session
/// to resume, if there is one.
runtime::Task<Result<std::unique_ptr<mqtt::SessionState>>> take_client_id(
    Shard& shard, std::uint64_t number, Switchboard::Newcomer newcomer) {
  ClientDirectory& clients = shard.services().clients;
  std::unique_ptr<mqtt::SessionState> session;
  while (true) {
    const auto holder = clients.find(newcomer.client_id);
    if (holder) {
      auto eviction = co_await shard.switchboard().evict_from(*holder, newcomer);
      if (eviction.refused) {
        co_return tl::unexpected(
            forbidden(fmt::format("client id {} belongs to a device that connects under its own "
                                  "name; only that device's certificates take over its session",
                                  quote(newcomer.client_id)),
                      "ClientIdTaken"_cause));
      }
      // A second round: a rival took the client id first. It began a new session, because the
      // existing one had already been taken out for this connection.
      if (session && eviction.state) {
        session->absorb(std::move(*eviction.state), shard.services().mqtt);
      } else if (eviction.state) {
        session = std::move(eviction.state);
      }
    }
    // If another newcomer was faster, evict that one next.
    if (clients.replace(newcomer.client_id, holder, {shard.index(), number})) co_return session;
  }
}

/// The client disconnected while it was taking over its client id: keeps its session for the next
/// connection, as if this one had just been lost.
void keep_for_next_connection(Shard& shard, std::uint64_t number, Switchboard::Parked session) {
  if (session.state) return shard.switchboard().resume_parked(number, std::move(session));
  shard.services().clients.release(session.facts.client_id, {shard.index(), number});
}

struct Unanswered {
  registry::AuditEvent about;
  trail::Told told;
};

/// The registry must be read first to know whose certificate it was.
runtime::Task<void> note_unanswered_connect(Services& services, CertificateId certificate,
                                            Payer payer, Unanswered what) {
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

}  // namespace

runtime::Task<void> Client::connect(Shard& shard, std::uint64_t number,
                                    mqtt::ConnectRequest request) {
  Services& services = shard.services();
  auto principal = co_await identify(shard, number);
  Client* self = connecting(shard, number);
  if (self == nullptr) co_return;
  if (!principal) co_return self->refuse(principal.error());

  mqtt::ConnectAnswer answer{.session_expiry = request.session_expiry};
  if (request.client_id.empty()) {
    request.client_id = answer.assigned_client_id = make_uuid(services.random);
    self->peer_.facts.client_id = request.client_id;
  }
  const ClientRights& rights = self->identified_as(std::move(*principal));
  if (const auto error = check_connect(rights, request)) co_return self->refuse(*error);
  // A claim is one certificate in many devices, and sample code gives them all one client id. So
  // each connection stands alone: it takes over no other and keeps no session.
  if (self->record_.is_claim()) {
    answer.session_expiry = Seconds(0);
    co_return self->accept(std::move(answer), ClientIdHold::none);
  }

  Switchboard::Parked if_it_leaves = rights.parked(nullptr, {});
  auto session = co_await take_client_id(shard, number,
                                         {.client_id = request.client_id,
                                          .certificate = self->peer_.certificate,
                                          .owns_name = rights.owns_client_id(),
                                          .clean_start = request.clean_start,
                                          .version = request.version});
  self = connecting(shard, number);
  if (self == nullptr) {
    if (!session) co_return;
    if_it_leaves.state = std::move(*session);
    if_it_leaves.expires = services.clock.monotonic() + request.session_expiry;
    co_return keep_for_next_connection(shard, number, std::move(if_it_leaves));
  }
  if (!session) co_return self->refuse(session.error());
  // The rights may have changed while other connections were being evicted.
  if (const auto error = check_connect(*self->rights(), request)) {
    services.clients.release(request.client_id, self->peer_.address());
    co_return self->refuse(*error);
  }
  answer.session = std::move(*session);
  self->accept(std::move(answer), ClientIdHold::held);
}

Client* Client::connecting(Shard& shard, std::uint64_t number) {
  Client* self = shard.client(number);
  return self == nullptr || self->peer_.session().is_closed() ? nullptr : self;
}

/// Looks up whose certificate it is. A device that a registered CA introduces is provisioned first,
/// at its first connection.
runtime::Task<Result<identity::PrincipalPtr>> Client::identify(Shard& shard, std::uint64_t number) {
  Services& services = shard.services();
  const CertificateId certificate = shard.client(number)->peer_.certificate;
  auto principal = co_await services.access.principal(certificate);
  const Client* self = connecting(shard, number);
  if (self == nullptr) co_return principal;
  if (auto first = first_connection(self->peer_, principal)) {
    CO_TRY(co_await provision_first_connection(shard, self->peer_.address(),
                                               self->record_.requester(), std::move(*first)));
    principal = co_await services.access.principal(certificate);
  }
  if (principal) co_return principal;
  if (principal.error().fault != Fault::not_found)
    co_return tl::unexpected(Error{Fault::unavailable, principal.error().message});
  co_return tl::unexpected(
      forbidden("the certificate has been deleted", "CertificateDeleted"_cause));
}

ClientRights& Client::identified_as(identity::PrincipalPtr principal) {
  auto rights = std::make_unique<ClientRights>(peer_, record_, std::move(principal));
  return *phase_.emplace<Identified>(std::move(rights)).rights;
}

std::optional<Error> Client::check_connect(const ClientRights& rights,
                                           const mqtt::ConnectRequest& request) {
  if (auto error = rights.check_certificate()) return error;
  if (auto error = rights.check(policy::Action::connect, request.client_id)) return error;
  if (!request.will) return std::nullopt;
  auto error = check_will(rights, *request.will);
  if (error) error->cause = "LastWill"_cause;
  return error;
}

void Client::accept(mqtt::ConnectAnswer answer, ClientIdHold hold) {
  auto rights = std::move(std::get<Identified>(phase_).rights);
  phase_.emplace<ConnectedClient>(peer_, record_, std::move(rights), hold).open(std::move(answer));
}

void Client::refuse(const Error& error) {
  // A device that connects with a claim wants to be provisioned, so its provisioning has failed at
  // the first step.
  std::optional<outcome::FailureCategory> category;
  if (error.fault == Fault::forbidden)
    category = record_.count_failure("connect", outcome::FailureCategory::claim_refused);
  record_.note_denial("connect"_step, peer_.facts.client_id, error, category);
  phase_.emplace<Refused>();
  const bool is_ours = error.fault == Fault::unavailable || error.fault == Fault::exhausted ||
                       error.fault == Fault::internal;
  peer_.session().refuse_connect(
      is_ours ? mqtt::ReasonCode::server_unavailable : mqtt::ReasonCode::not_authorized,
      is_ours ? "the server cannot decide now; try again later" : error.message);
  peer_.connection.pump();
}

void Client::note_unanswered(const mqtt::Close& close) {
  const std::string& from = peer_.facts.source_ip;
  peer_.services().log.info("a connection ended before it was accepted",
                            {{"from", from}, {"detail", close.detail}});
  runtime::start(note_unanswered_connect(
      peer_.services(), peer_.certificate, record_.payer(),
      {.about = record_.about(),
       .told = {.from = from, .because = close.detail, .cause = fault_of(close)}}));
}

}  // namespace imprint::server
