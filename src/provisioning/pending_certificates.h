// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "registry/store.h"
#include "x509/name.h"

namespace imprint::provisioning {

/// Counts the certificates that wait for their activation, by admitter: the claim that requested
/// them and has not registered them yet, or the registered CA that signed them. Limits claims that
/// request certificates without registering devices, and boards that create a new certificate at
/// every start. One per process; loaded once at start, then updated by the store's change sets. Any
/// thread.
class PendingCertificates {
 public:
  /// Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  [[nodiscard]] std::size_t count(const CertificateId& admitter) const;

  /// One of the `most` places of an admitter, held until its certificate is stored or abandoned.
  class Place {
   public:
    Place(PendingCertificates& of, CertificateId admitter) : of_(&of), admitter_(admitter) {}
    Place(Place&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), admitter_(other.admitter_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    PendingCertificates* of_;
    CertificateId admitter_;
  };
  /// nullopt if all places are taken.
  std::optional<Place> reserve(const CertificateId& admitter, std::size_t most);

  /// The waiting certificates that a CA signed for one subject, oldest first.
  [[nodiscard]] std::vector<CertificateId> waiting(const CertificateId& ca,
                                                   const x509::DistinguishedName& subject) const;

 private:
  /// CA, and SHA-256 of the subject.
  using NameOfCa = std::pair<CertificateId, Sha256>;
  struct Waiting {
    CertificateId admitter;
    std::optional<NameOfCa> name = {};  ///< if a registered CA signed it
    Timestamp since = {};
  };
  void add(const registry::Certificate& certificate);
  void remove(const CertificateId& id);

  mutable std::mutex mutex_;
  std::unordered_map<CertificateId, Waiting> waiting_;       ///< by pending certificate
  std::unordered_map<CertificateId, std::size_t> counts_;    ///< by admitter; never 0
  std::unordered_map<CertificateId, std::size_t> reserved_;  ///< the same
  std::map<NameOfCa, std::set<std::pair<Timestamp, CertificateId>>> by_name_;
};

}  // namespace imprint::provisioning
