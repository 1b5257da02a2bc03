// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/current.h"
#include "base/secret.h"
#include "provisioning/caller.h"
#include "provisioning/claim_guard.h"
#include "provisioning/issue.h"
#include "provisioning/keyed_lock.h"
#include "provisioning/ownership_token.h"
#include "provisioning/pending_certificates.h"
#include "provisioning/settings.h"
#include "trail/steps.h"

namespace imprint::provisioning {

/// The accepted answer of both create operations.
struct CreatedCertificate {
  CertificateId id;
  std::string pem;
  Secret ownership_token;
  Secret private_key = {};  ///< CreateKeysAndCertificate only
  bool repeated = false;    ///< the certificate had been made before
};

/// CreateKeysAndCertificate and CreateCertificateFromCsr of the fleet provisioning MQTT API. The
/// certificate is PENDING_ACTIVATION and is removed when its token expires before RegisterThing.
class CreateCertificate {
 public:
  CreateCertificate(registry::Store& store, IssueCertificate& issue, issuance::KeyPool& keys,
                    const OwnershipTokens& tokens, PendingCertificates& pending, ClaimGuard& claims,
                    const Current<Settings>& settings, const Clock& clock)
      : store_(store),
        issue_(issue),
        keys_(keys),
        tokens_(tokens),
        pending_(pending),
        claims_(claims),
        settings_(settings),
        clock_(clock) {}

  registry::Task<Result<CreatedCertificate>> with_keys(Caller caller);

  /// The same key from the same caller gets the same certificate, so that a device whose answer was
  /// lost does not get a second one.
  registry::Task<Result<CreatedCertificate>> from_csr(Caller caller, std::string csr_pem);

 private:
  /// A request with a key of the device's own.
  struct KeyRequest {
    std::string digest;                  ///< of the signing request
    registry::RequireSame precondition;  ///< nothing has changed that is known of the key
  };
  /// The registry's knowledge of a device's own key.
  struct KnownKey {
    std::optional<registry::Certificate> made_before = {};  ///< for the same caller
    registry::RequireSame precondition = {};
  };

  /// Fault::conflict if the key's history has changed since it was read.
  registry::Task<Result<CreatedCertificate>> issue(Caller caller, x509::PublicKey key,
                                                   trail::Step step,
                                                   std::optional<KeyRequest> request,
                                                   PendingCertificates::Place place);
  registry::Task<Result<CreatedCertificate>> issue_or_reopen(Caller caller, x509::PublicKey key,
                                                             std::string digest);
  /// A place among the caller's certificates that wait for RegisterThing.
  Result<PendingCertificates::Place> reserve(const Caller& caller);
  registry::Task<Result<KnownKey>> look_up(Caller caller, Sha256 public_key);
  registry::Task<Result<registry::Certificate>> reopen(Caller caller,
                                                       registry::Certificate certificate,
                                                       std::string request);
  registry::Task<Result<bool>> may_register_anew(registry::Certificate certificate,
                                                 std::string request);
  [[nodiscard]] CreatedCertificate answer(const registry::Certificate& certificate) const;

  registry::Store& store_;
  IssueCertificate& issue_;
  issuance::KeyPool& keys_;
  const OwnershipTokens& tokens_;
  PendingCertificates& pending_;
  ClaimGuard& claims_;
  const Current<Settings>& settings_;
  const Clock& clock_;
  KeyedLock requests_;  ///< by public key
};

}  // namespace imprint::provisioning
