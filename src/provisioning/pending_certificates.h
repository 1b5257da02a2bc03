// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

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

  /// A place among the `most` that a requester may have, held until its certificate is stored or
  /// given up; nothing when they are taken.
  class Place {
   public:
    Place(PendingCertificates& of, CertificateId requester) : of_(&of), requester_(requester) {}
    Place(Place&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), requester_(other.requester_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    PendingCertificates* of_;
    CertificateId requester_;
  };
  std::optional<Place> reserve(const CertificateId& requester, std::size_t most);

 private:
  void add(const registry::Certificate& certificate);
  void remove(const CertificateId& id);

  mutable std::mutex mutex_;
  std::unordered_map<CertificateId, CertificateId> requesters_;  ///< by pending certificate
  std::unordered_map<CertificateId, std::size_t> counts_;        ///< by requester; none is 0
  std::unordered_map<CertificateId, std::size_t> reserved_;      ///< the same
};

}  // namespace imprint::provisioning
