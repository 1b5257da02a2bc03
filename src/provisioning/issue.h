// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "issuance/issuer.h"
#include "issuance/key_pool.h"
#include "issuance/profile.h"
#include "registry/store.h"
#include "telemetry/metrics.h"
#include "x509/private_key.h"

namespace imprint::provisioning {

/// The parts of the new certificate's record that do not come from the certificate.
struct IssueRequest {
  registry::CertificateStatus status = registry::CertificateStatus::inactive;
  registry::CertificatePurpose purpose = registry::CertificatePurpose::identity;
  std::optional<CertificateId> requested_by = {};
  std::optional<Timestamp> ownership_expires = {};
  registry::ClaimBudget claim_budget = {};
  std::string claim_name = {};
  std::optional<Seconds> validity = {};    ///< the profile's when absent
  std::vector<std::string> requests = {};  ///< registry::Certificate::requests
  /// Committed with the certificate; its id is filled in.
  registry::AuditEvent event = {};
  /// Adds changes to the same transaction, once the id is known.
  std::function<void(const registry::Certificate&, registry::ChangeSet&)> also = {};
};

/// Issues certificates: approves, records the intent, signs, stores, in that order, so that after a
/// crash every signed certificate is known. One per process, any thread.
class IssueCertificate {
 public:
  IssueCertificate(registry::Store& store, const issuance::Issuer& issuer,
                   const Current<issuance::Profile>& profile, telemetry::Metrics& metrics,
                   const Clock& clock, Random& random)
      : store_(store),
        issuer_(issuer),
        profile_(profile),
        metrics_(metrics),
        clock_(clock),
        random_(random) {}

  /// Durable when it returns. Cause InvalidCsr for a key that must not be certified.
  registry::Task<Result<registry::Certificate>> run(x509::PublicKey key, IssueRequest request);

  /// The first half, for a caller that stores the certificate in a change set of its own: approves,
  /// records the intent and signs. Returns the record to store. Ignores `request.event` and
  /// `request.also`.
  registry::Task<Result<registry::Certificate>> sign(x509::PublicKey key, IssueRequest request);

  /// The second half: the changes that replace the intent by the record.
  static std::vector<registry::Change> arrival_of(const registry::Certificate& record);

  /// The current certificate profile.
  [[nodiscard]] std::shared_ptr<const issuance::Profile> profile() const { return profile_.get(); }

 private:
  registry::Store& store_;
  const issuance::Issuer& issuer_;
  const Current<issuance::Profile>& profile_;
  telemetry::Metrics& metrics_;
  const Clock& clock_;
  Random& random_;
};

/// Creates a key for a device: P-256 at once, RSA from the pool, which may have to create one
/// first. `payer`, the claim or the operator's access key, is the party whose share of the pool is
/// used.
registry::Task<Result<x509::PrivateKey>> make_device_key(x509::KeyAlgorithm algorithm,
                                                         issuance::KeyPool& pool,
                                                         std::string payer);

}  // namespace imprint::provisioning
