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

/// The longest chain that a client may present, including its own certificate.
inline constexpr std::size_t kMaxChain = 8;

/// A certificate that is not in the registry but was issued under a registered CA.
struct FirstContact {
  x509::Certificate certificate;
  CertificateId ca;
};

/// The registered CA certificates, in memory. Decides whether an unknown certificate may be used
/// for just-in-time provisioning or registration. One per process; loaded at start and updated by
/// the store's change sets. Any thread.
class CaDirectory {
 public:
  CaDirectory();

  /// Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  /// Finds the first registered CA above `leaf`, using the intermediates in `sent`, which need not
  /// include the CA itself. Only this CA decides, even if another one above it is registered. The
  /// whole chain is verified (signatures, dates, purpose, path length; x509::TrustAnchors); the
  /// cost of finding the CA is limited. Fails with Fault::not_found if no registered CA is found,
  /// and with Fault::forbidden if the CA is INACTIVE, has auto-registration disabled or has
  /// expired, or if the chain does not verify. The message says why, and what to do.
  [[nodiscard]] Result<FirstContact> vouch(const x509::Certificate& leaf,
                                           std::span<const x509::Certificate> sent,
                                           Timestamp now) const;

 private:
  struct Entry {
    registry::CaCertificate record;
    x509::Certificate certificate;
    x509::TrustAnchors anchor;  ///< this CA only
  };
  using Snapshot = std::vector<Entry>;

  void put(const registry::CaCertificate& record);
  void publish();

  mutable std::mutex mutex_;
  std::map<CertificateId, Entry> entries_;
  std::shared_ptr<const Snapshot> snapshot_;  ///< copy of entries_ for readers
};

}  // namespace imprint::identity
