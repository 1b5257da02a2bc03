// SPDX-License-Identifier: Apache-2.0
// Who a connection is: an identity that the registry knows, or one that a registered CA introduces.
#include "device_api/registration_event.h"
#include "outcome/causes.h"
#include "server/client.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

constexpr std::string_view kMethod = "jitp";

bool awaits_activation(const registry::Certificate& certificate) {
  return certificate.status == registry::CertificateStatus::pending_activation &&
         certificate.ca_certificate && !certificate.requested_by;
}

}  // namespace

runtime::Task<Result<identity::PrincipalPtr>> Client::identify(Shard& shard, std::uint64_t number) {
  Services& services = shard.services();
  const CertificateId certificate = shard.client(number)->certificate_;
  auto principal = co_await services.access.principal(certificate);
  Client* self = undecided(shard, number);
  if (self == nullptr) co_return principal;
  const auto first = self->first_connection(principal);
  if (first) {
    CO_TRY(co_await introduce(shard, number, *first));
    principal = co_await services.access.principal(certificate);
  }
  if (principal) co_return principal;
  const bool is_gone = principal.error().fault == Fault::not_found;
  co_return tl::unexpected(
      is_gone ? forbidden("the certificate has been deleted", "CertificateDeleted"_cause)
              : Error{Fault::unavailable, principal.error().message});
}

std::optional<provisioning::FirstConnection> Client::first_connection(
    const Result<identity::PrincipalPtr>& principal) const {
  const auto first = [&](const x509::Certificate& certificate, const CertificateId& ca) {
    return provisioning::FirstConnection{certificate, ca, facts_.client_id, correlation_};
  };
  if (!principal) {
    if (principal.error().fault != Fault::not_found || !contact_) return std::nullopt;
    return first(contact_->certificate, contact_->ca);
  }
  const registry::Certificate& record = (*principal)->certificate;
  if (!awaits_activation(record)) return std::nullopt;
  const auto certificate = x509::Certificate::from_pem(record.pem);
  if (!certificate) return std::nullopt;
  return first(*certificate, *record.ca_certificate);
}

runtime::Task<Result<void>> Client::introduce(Shard& shard, std::uint64_t number,
                                              provisioning::FirstConnection first) {
  Services& services = shard.services();
  const Asker asker = shard.client(number)->asker();
  const Monotonic began = services.clock.monotonic();
  const auto introduced = co_await services.just_in_time.run(first);
  const std::chrono::duration<double> took = services.clock.monotonic() - began;
  if (!introduced) {
    enter_failed_introduction(services, asker, "", introduced.error(), took);
    co_return tl::unexpected(introduced.error());
  }
  if (introduced->was_pending) {
    const provisioning::RegistrationEvent event{.certificate = first.certificate.id(),
                                                .ca = first.ca,
                                                .registered = introduced->registered,
                                                .now = services.clock.now(),
                                                .account = services.account};
    const auto message = std::make_shared<const mqtt::Message>(mqtt::Message{
        .topic = device_api::topic_of(event), .payload = device_api::write_event(event)});
    shard.switchboard().publish(message, mqtt::QoS::at_least_once, false, {shard.index(), number});
  }
  if (const auto& asked = introduced->asked) {
    services.metrics.hook_called(introduced->template_name, asked->outcome, asked->shadow,
                                 asked->seconds);
  }
  if (introduced->hook) services.journal.note(asker.payer, *introduced->hook);
  if (introduced->failure) {
    enter_failed_introduction(services, asker, introduced->template_name, *introduced->failure,
                              took);
    // What is known of another device is for the operator.
    co_return tl::unexpected(
        forbidden("just-in-time provisioning failed; the operator finds out why with imprint "
                  "explain, and the next connection tries again",
                  {}));
  }
  const bool is_provisioned =
      introduced->was_pending && introduced->status == registry::CertificateStatus::active;
  if (!is_provisioned) co_return Result<void>();
  services.metrics.provisioning_succeeded(introduced->template_name, kMethod, took.count());
  services.log.info("provisioned a device at its first connection",
                    {{"thing", introduced->thing ? introduced->thing->str() : std::string()},
                     {"template", introduced->template_name},
                     {"certificate", asker.certificate},
                     {"client", asker.client}});
  if (introduced->mode != provisioning::JitpMode::aws) co_return Result<void>();
  co_return tl::unexpected(
      forbidden("the device is provisioned now; with the setting jitp = aws its first connection "
                "is dropped and the next one gets in",
                "FirstConnectionDropped"_cause));
}

}  // namespace imprint::server
