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

/// What the new certificate's record says besides what is in the certificate.
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

  /// The first half, for a caller who stores the certificate with changes of its own: approves,
  /// records the intent and signs. Returns the record, which is not in the registry yet. Ignores
  /// `request.event` and `request.also`.
  registry::Task<Result<registry::Certificate>> sign(x509::PublicKey key, IssueRequest request);

  /// The second half: the changes that put the record in place of its intent.
  static std::vector<registry::Change> changes_to_store(const registry::Certificate& record);

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

/// A key made for a device: P-256 at once, RSA from the pool, waiting when the pool is empty.
/// `payer` is who asks for it: the claim, or the operator's access key.
registry::Task<Result<x509::PrivateKey>> make_device_key(x509::KeyAlgorithm algorithm,
                                                         issuance::KeyPool& pool,
                                                         std::string payer);

}  // namespace imprint::provisioning
