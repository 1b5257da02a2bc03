// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "registry/store.h"

namespace imprint::identity {

/// The status of every certificate, in memory, for TLS handshakes. One per process; loaded at start
/// and updated by the store's change sets. Any thread; waits only for locks that are held for a
/// look-up.
class CertificateDirectory {
 public:
  /// Reads every status. Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  [[nodiscard]] std::optional<registry::CertificateStatus> status(const CertificateId& id) const;
  [[nodiscard]] std::size_t size() const;
  /// The number of certificates per status, in the order of CertificateStatus.
  [[nodiscard]] std::array<std::size_t, 6> count_by_status() const;

 private:
  static constexpr std::size_t kStripes = 64;
  struct Stripe {
    mutable std::shared_mutex mutex;
    std::unordered_map<CertificateId, registry::CertificateStatus> statuses;
  };
  void set(const CertificateId& id, std::optional<registry::CertificateStatus> status);

  // The map hashes the digest's first bytes, so the stripe is chosen by its last byte.
  static std::size_t stripe_of(const CertificateId& id) { return id.bytes().back() % kStripes; }

  std::array<Stripe, kStripes> stripes_;
  /// Updated with each change, so that counting is cheap.
  std::array<std::atomic<std::size_t>, 6> counts_{};
};

}  // namespace imprint::identity
