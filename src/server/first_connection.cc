// SPDX-License-Identifier: Apache-2.0
#include "server/first_connection.h"

#include "device_api/registration_event.h"
#include "outcome/causes.h"
#include "server/access_check.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

constexpr std::string_view kMethod = "jitp";

bool awaits_activation(const registry::Certificate& certificate) {
  return certificate.status == registry::CertificateStatus::pending_activation &&
         certificate.ca_certificate && !certificate.requested_by;
}

/// Publishes the event with which AWS IoT announces a certificate that was registered through its
/// CA.
void publish_registration(Shard& shard, SessionAddress connection,
                          const provisioning::FirstConnection& first, Timestamp registered) {
  const Services& services = shard.services();
  const provisioning::RegistrationEvent event{.certificate = first.certificate.id(),
                                              .ca = first.ca,
                                              .registered = registered,
                                              .now = services.clock.now(),
                                              .account = services.account};
  const auto message = std::make_shared<const mqtt::Message>(mqtt::Message{
      .topic = device_api::topic_of(event), .payload = device_api::write_event(event)});
  shard.switchboard().publish(message, mqtt::QoS::at_least_once, false, connection);
}

}  // namespace

std::optional<provisioning::FirstConnection> first_connection(
    const Peer& peer, const Result<identity::PrincipalPtr>& principal) {
  const auto first = [&](const x509::Certificate& certificate, const CertificateId& ca) {
    return provisioning::FirstConnection{certificate, ca, peer.facts.client_id, peer.correlation};
  };
  if (!principal) {
    if (principal.error().fault != Fault::not_found || !peer.contact) return std::nullopt;
    return first(peer.contact->certificate, peer.contact->ca);
  }
  const registry::Certificate& record = (*principal)->certificate;
  if (!awaits_activation(record)) return std::nullopt;
  const auto certificate = x509::Certificate::from_pem(record.pem);
  if (!certificate) return std::nullopt;
  return first(*certificate, *record.ca_certificate);
}

runtime::Task<Result<void>> provision_first_connection(Shard& shard, SessionAddress connection,
                                                       Requester requester,
                                                       provisioning::FirstConnection first) {
  Services& services = shard.services();
  const Monotonic began = services.clock.monotonic();
  const auto done = co_await services.just_in_time.run(first);
  const std::chrono::duration<double> took = services.clock.monotonic() - began;
  if (!done) {
    record_failed_first_connection(services, requester, "", done.error(), took);
    co_return tl::unexpected(done.error());
  }
  if (done->was_pending) publish_registration(shard, connection, first, done->registered);
  if (const auto& asked = done->asked) {
    services.metrics.hook_called(done->template_name, asked->outcome, asked->shadow,
                                 asked->seconds);
  }
  if (done->hook) services.journal.note(requester.payer, *done->hook);
  if (done->failure) {
    record_failed_first_connection(services, requester, done->template_name, *done->failure, took);
    // The reason may say something about another device, so only the operator may see it.
    co_return tl::unexpected(
        forbidden("just-in-time provisioning failed; the operator can find the reason with imprint "
                  "explain, and the next connection tries again",
                  {}));
  }
  const bool is_provisioned =
      done->was_pending && done->status == registry::CertificateStatus::active;
  if (!is_provisioned) co_return Result<void>();
  services.metrics.provisioning_succeeded(done->template_name, kMethod, took.count());
  services.log.info("provisioned a device at its first connection",
                    {{"thing", done->thing ? done->thing->str() : std::string()},
                     {"template", done->template_name},
                     {"certificate", requester.certificate},
                     {"client", requester.client}});
  if (done->mode != provisioning::JitpMode::aws) co_return Result<void>();
  co_return tl::unexpected(
      forbidden("the device is provisioned now; with the setting jitp = aws its first connection "
                "is dropped and the next one gets in",
                "FirstConnectionDropped"_cause));
}

}  // namespace imprint::server
