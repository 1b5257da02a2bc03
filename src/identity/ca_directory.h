// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "registry/store.h"
#include "x509/certificate.h"
#include "x509/chain.h"

namespace imprint::identity {

/// The longest chain that a client may show, its own certificate included.
inline constexpr std::size_t kMaxChain = 8;

/// A certificate that the registry does not know, vouched for by a registered CA.
struct FirstContact {
  x509::Certificate certificate;
  CertificateId ca;
};

/// The operator's registered CA certificates, in memory, with what decides whether a certificate
/// that they signed may introduce itself (just-in-time provisioning and registration). One per
/// process; filled once at start, then kept true by the store's change sets. Any thread.
class CaDirectory {
 public:
  CaDirectory();

  /// Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  /// The first registered CA on the way from `leaf` up, over the intermediates that its holder sent
  /// along; the CA itself need not be among them. It alone decides, whatever is registered above
  /// it. The chain is checked in full (signatures, dates, purpose, path length;
  /// x509::TrustAnchors); what finding the CA may cost is bounded. Fault::not_found when no
  /// registered CA signed anything on the way; Fault::forbidden when one did and does not vouch: it
  /// is INACTIVE, its auto-registration is off, it has expired, or the chain does not verify. The
  /// message says which, and what to do.
  [[nodiscard]] Result<FirstContact> vouch(const x509::Certificate& leaf,
                                           std::span<const x509::Certificate> sent,
                                           Timestamp now) const;

 private:
  struct Entry {
    registry::CaCertificate record;
    x509::Certificate certificate;
    x509::TrustAnchors anchor;  ///< this one alone
  };
  using Snapshot = std::vector<Entry>;

  void put(const registry::CaCertificate& record);
  void publish();

  mutable std::mutex mutex_;
  std::map<CertificateId, Entry> entries_;
  std::shared_ptr<const Snapshot> snapshot_;  ///< of entries_; what readers use
};

}  // namespace imprint::identity
