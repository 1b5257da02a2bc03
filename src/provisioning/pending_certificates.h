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

/// How many certificates wait for their activation, by what lets them in: the claim that asked for
/// them and has not registered them yet, or the registered CA that signed them. It bounds a claim
/// that mints and never registers, and a board that makes itself a new certificate at every start.
/// One per process; filled once at start, then kept true by the store's change sets. Any thread.
class PendingCertificates {
 public:
  /// Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);

  void apply(const registry::ChangeSet& changes);

  [[nodiscard]] std::size_t count(const CertificateId& admitter) const;

  /// A place among the `most` that an admitter may have, held until its certificate is stored or
  /// given up; nothing when they are taken.
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
  std::optional<Place> reserve(const CertificateId& admitter, std::size_t most);

  /// The certificates that a CA signed for one subject and that wait, longest first.
  [[nodiscard]] std::vector<CertificateId> waiting(const CertificateId& ca,
                                                   const x509::DistinguishedName& subject) const;

 private:
  /// CA, and SHA-256 of the subject.
  using NameOfCa = std::pair<CertificateId, Sha256>;
  struct Waiting {
    CertificateId admitter;
    std::optional<NameOfCa> name = {};  ///< of one that a registered CA signed for a subject
    Timestamp since = {};
  };
  void add(const registry::Certificate& certificate);
  void remove(const CertificateId& id);

  mutable std::mutex mutex_;
  std::unordered_map<CertificateId, Waiting> waiting_;       ///< by pending certificate
  std::unordered_map<CertificateId, std::size_t> counts_;    ///< by admitter; none is 0
  std::unordered_map<CertificateId, std::size_t> reserved_;  ///< the same
  std::map<NameOfCa, std::set<std::pair<Timestamp, CertificateId>>> by_name_;
};

}  // namespace imprint::provisioning
