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

/// A certificate that a registered CA signed and that is not an identity yet, on a connection.
struct FirstConnection {
  x509::Certificate certificate;
  CertificateId ca;
  std::string client_id = {};
  std::string correlation = {};
};

/// What became of it. The certificate is in the registry in any case.
struct Introduced {
  registry::CertificateStatus status = registry::CertificateStatus::pending_activation;
  Timestamp registered = {};  ///< when the registry gained the certificate
  /// It came as PENDING_ACTIVATION, which is told on $aws/events/certificates/registered/{ca}.
  bool was_pending = false;
  std::string template_name = {};  ///< empty: just-in-time registration, an operator activates
  std::optional<ThingName> thing = {};
  JitpMode mode = JitpMode::inline_registration;
  /// Why the CA's template could not be carried out; the next connection tries again.
  std::optional<Error> failure = {};
  /// What the hook of the template or of the CA said, for the audit trail.
  std::optional<registry::AuditEvent> hook = {};
  std::optional<HookCount> asked = {};
};

/// Just-in-time provisioning and registration (AWS IoT, "Just-in-time provisioning"). The registry
/// gains the certificate; with a registration config its template is carried out, in the same
/// transaction, with the certificate's subject as parameters; without one the certificate stays
/// PENDING_ACTIVATION until somebody activates it: an operator, or the activation hook
/// (activation_hook.h) of its CA. One per process, any thread.
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

  /// Durable when it returns. Errors are those where the registry gained nothing: a CA that is not
  /// ACTIVE any more, a key that is too weak, too many certificates of this CA waiting, a store
  /// that does not answer.
  registry::Task<Result<Introduced>> run(FirstConnection connection);

 private:
  /// The certificate of a first connection, as the registry has it or is to have it.
  struct Candidate {
    registry::CaCertificate ca;
    registry::Certificate record;
    bool is_new = false;  ///< the registry does not have it yet
  };

  /// One attempt; Fault::conflict when others changed the same records meanwhile.
  registry::Task<Result<Introduced>> introduce(FirstConnection connection,
                                               std::optional<HookDecision>& hook);
  registry::Task<Result<Candidate>> look_up(FirstConnection connection);
  /// Registers the device through its CA's template, or says in `out.failure` why not.
  registry::Task<Result<void>> provision(FirstConnection connection, Candidate candidate,
                                         std::optional<HookDecision>& hook, Introduced& out);
  registry::Task<Result<PlannedRegistration>> plan(FirstConnection connection, Candidate candidate,
                                                   std::optional<HookDecision>& hook);
  registry::Task<Result<LoadedTemplate>> load_template(registry::CaCertificate ca);
  /// Carries out what the activation hook of the certificate's CA decides, if it has one.
  registry::Task<Result<void>> ask_activation_hook(FirstConnection connection, Candidate candidate,
                                                   Introduced& out);
  registry::Task<Result<void>> activate(FirstConnection connection, Candidate candidate,
                                        ActivationDecision decision, Introduced& out);
  registry::Task<Result<void>> reject(FirstConnection connection, Candidate candidate,
                                      Introduced& out);
  /// The registry gains the certificate, PENDING_ACTIVATION.
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
