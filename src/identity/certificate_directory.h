// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "registry/store.h"

namespace imprint::identity {

/// Which certificates exist and in what state, in memory: what a handshake has to know. One per
/// process; filled once at start, then kept true by the store's change sets. Any thread, no waiting
/// but for a lock that is held for a look-up.
class CertificateDirectory {
 public:
  /// Reads every status. Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  [[nodiscard]] std::optional<registry::CertificateStatus> status(const CertificateId& id) const;
  [[nodiscard]] std::size_t size() const;
  /// How many certificates are in each state, in the order of CertificateStatus.
  [[nodiscard]] std::array<std::size_t, 6> count_by_status() const;

 private:
  static constexpr std::size_t kStripes = 64;
  struct Stripe {
    mutable std::shared_mutex mutex;
    std::unordered_map<CertificateId, registry::CertificateStatus> statuses;
  };
  void set(const CertificateId& id, std::optional<registry::CertificateStatus> status);

  // The map hashes by the digest's first bytes, so the stripe goes by its last.
  static std::size_t stripe_of(const CertificateId& id) { return id.bytes().back() % kStripes; }

  std::array<Stripe, kStripes> stripes_;
  /// Kept along, so that asking costs nothing however many there are.
  std::array<std::atomic<std::size_t>, 6> counts_{};
};

}  // namespace imprint::identity
