// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "provisioning/alarm.h"
#include "provisioning/pending_certificates.h"
#include "provisioning/plan.h"
#include "provisioning/template_cache.h"
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
};

/// Just-in-time provisioning and registration (AWS IoT, "Just-in-time provisioning"). The registry
/// gains the certificate; with a registration config its template is carried out, in the same
/// transaction, with the certificate's subject as parameters; without one the certificate stays
/// PENDING_ACTIVATION until somebody activates it. One per process, any thread.
class JustInTime {
 public:
  JustInTime(registry::Store& store, TemplateCache& templates, PendingCertificates& pending,
             Alarms& alarms, const Current<Settings>& settings, const Clock& clock, Random& random)
      : store_(store),
        templates_(templates),
        pending_(pending),
        alarms_(alarms),
        settings_(settings),
        clock_(clock),
        random_(random) {}

  /// Durable when it returns. Errors are those where the registry gained nothing: a CA that is not
  /// ACTIVE any more, a key that is too weak, too many certificates of this CA waiting, a store
  /// that does not answer.
  registry::Task<Result<Introduced>> run(FirstConnection connection);

 private:
  struct Arrival {
    registry::CaCertificate ca;
    registry::Certificate record;
    bool is_new = false;  ///< the registry does not have it yet
    std::shared_ptr<const PendingCertificates::Place> place = {};
  };
  struct Decision {
    Plan plan;
    registry::CertificateStatus status;
    std::optional<ThingName> thing;
  };

  /// One attempt; Fault::conflict when others changed the same records meanwhile.
  registry::Task<Result<Introduced>> introduce(FirstConnection connection);
  registry::Task<Result<Arrival>> look_up(FirstConnection connection);
  /// What the CA's template comes to; errors are about the template or the device.
  registry::Task<Result<Decision>> decide(FirstConnection connection, Arrival arrival);
  /// The registry gains the certificate, PENDING_ACTIVATION.
  registry::Task<Result<void>> record_pending(FirstConnection connection, Arrival arrival);
  registry::Task<Result<void>> make_room(const registry::Certificate& newcomer,
                                         registry::ChangeSet& changes);

  registry::Store& store_;
  TemplateCache& templates_;
  PendingCertificates& pending_;
  Alarms& alarms_;
  const Current<Settings>& settings_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace imprint::provisioning
