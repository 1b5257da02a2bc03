// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <unordered_map>

#include "registry/store.h"

namespace imprint::provisioning {

/// How many certificates each claim has asked for that still wait for RegisterThing: what bounds a
/// claim that mints and never registers. One per process; filled once at start, then kept true by
/// the store's change sets. Any thread.
class PendingCertificates {
 public:
  /// Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  [[nodiscard]] std::size_t count(const CertificateId& requester) const;

 private:
  void add(const registry::Certificate& certificate);
  void remove(const CertificateId& id);

  mutable std::mutex mutex_;
  std::unordered_map<CertificateId, CertificateId> requesters_;  ///< by pending certificate
  std::unordered_map<CertificateId, std::size_t> counts_;        ///< by requester; none is 0
};

}  // namespace imprint::provisioning
