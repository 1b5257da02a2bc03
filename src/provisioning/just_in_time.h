// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "alarms/point_alarms.h"
#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "provisioning/activation_hook.h"
#include "provisioning/device_registration.h"
#include "provisioning/pending_certificates.h"
#include "x509/certificate.h"

namespace imprint::provisioning {

/// A connection with a certificate that a registered CA signed and that is not activated yet.
struct FirstConnection {
  x509::Certificate certificate;
  CertificateId ca;
  std::string client_id = {};
  std::string correlation = {};
};

/// The result of a first connection. The certificate is in the registry in any case.
struct Introduced {
  registry::CertificateStatus status = registry::CertificateStatus::pending_activation;
  Timestamp registered = {};  ///< when the certificate was added to the registry
  /// It was PENDING_ACTIVATION; an event is published on $aws/events/certificates/registered/{ca}.
  bool was_pending = false;
  std::string template_name = {};  ///< empty: just-in-time registration, an operator activates
  std::optional<ThingName> thing = {};
  JitpMode mode = JitpMode::inline_registration;
  /// Why the CA's template could not be applied; the next connection tries again.
  std::optional<Error> failure = {};
  /// The decision of the template's or the CA's hook, for the audit trail.
  std::optional<registry::AuditEvent> hook = {};
  std::optional<HookCount> asked = {};
};

/// Just-in-time provisioning and registration (AWS IoT, "Just-in-time provisioning"). Adds the
/// certificate to the registry. If its CA has a registration config, applies the template in the
/// same transaction, with the certificate's subject as parameters. Otherwise the certificate stays
/// PENDING_ACTIVATION until an operator or the CA's activation hook (activation_hook.h) activates
/// it. One per process, any thread.
class JustInTime {
 public:
  /// `account` is the deployment's, `arn_prefix` what its ARNs begin with ("arn:aws:iot:r:a:").
  JustInTime(registry::Store& store, TemplateCache& templates, PendingCertificates& pending,
             hooks::Invoker& hooks, alarms::PointAlarms& alarms, const Current<Settings>& settings,
             std::string account, std::string arn_prefix, const Clock& clock, Random& random)
      : store_(store),
        pending_(pending),
        hooks_(hooks),
        settings_(settings),
        account_(std::move(account)),
        arn_prefix_(arn_prefix),
        clock_(clock),
        random_(random),
        registrar_(store, templates, hooks, alarms, settings, std::move(arn_prefix), clock,
                   random) {}

  /// Durable when it returns. After an error nothing was added to the registry: the CA is no longer
  /// ACTIVE, the key is too weak, too many certificates of this CA are waiting, or the store does
  /// not answer.
  registry::Task<Result<Introduced>> run(FirstConnection connection);

 private:
  /// The certificate of a first connection: its stored record, or the one to store.
  struct Candidate {
    registry::CaCertificate ca;
    registry::Certificate record;
    bool is_new = false;  ///< the registry does not have it yet
  };

  /// One attempt; Fault::conflict if another writer changed the same records.
  registry::Task<Result<Introduced>> introduce(FirstConnection connection,
                                               std::optional<HookDecision>& hook);
  registry::Task<Result<Candidate>> look_up(FirstConnection connection);
  /// Registers the device through its CA's template; sets `out.failure` if that fails.
  registry::Task<Result<void>> provision(FirstConnection connection, Candidate candidate,
                                         std::optional<HookDecision>& hook, Introduced& out);
  registry::Task<Result<PlannedRegistration>> plan(FirstConnection connection, Candidate candidate,
                                                   std::optional<HookDecision>& hook);
  registry::Task<Result<LoadedTemplate>> load_template(registry::CaCertificate ca);
  /// Carries out the decision of the CA's activation hook, if the CA has one.
  registry::Task<Result<void>> ask_activation_hook(FirstConnection connection, Candidate candidate,
                                                   Introduced& out);
  registry::Task<Result<void>> activate(FirstConnection connection, Candidate candidate,
                                        ActivationDecision decision, Introduced& out);
  registry::Task<Result<void>> reject(FirstConnection connection, Candidate candidate,
                                      Introduced& out);
  /// Adds the certificate to the registry as PENDING_ACTIVATION.
  registry::Task<Result<void>> record_pending(FirstConnection connection, Candidate candidate);
  registry::Task<Result<bool>> make_room(const registry::Certificate& newcomer,
                                         const x509::DistinguishedName& subject,
                                         registry::ChangeSet& changes);

  registry::Store& store_;
  PendingCertificates& pending_;
  hooks::Invoker& hooks_;
  const Current<Settings>& settings_;
  const std::string account_;
  const std::string arn_prefix_;
  const Clock& clock_;
  Random& random_;
  DeviceRegistrar registrar_;
};

}  // namespace imprint::provisioning
