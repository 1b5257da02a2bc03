// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "identity/access_change.h"
#include "identity/principal.h"
#include "registry/store.h"

namespace imprint::identity {

/// Policies that a certificate is judged by as if they were attached to it, or as if they were not.
struct PolicyChanges {
  std::vector<PolicyName> added = {};
  std::vector<PolicyName> skipped = {};
};

/// Turns a certificate id into the principal it stands for. One per process, any thread. Principals
/// in use are kept (a claim certificate is asked for by every device of a fleet) and dropped when a
/// change set touches them.
class AccessControl {
 public:
  explicit AccessControl(registry::Store& store) : store_(store) {}

  /// not_found when the registry has no such certificate; its status is for the caller to judge.
  /// True at the moment it resumes: who is told of changes from that moment on misses none.
  registry::Task<Result<PrincipalPtr>> principal(CertificateId id);

  /// The principal as it would be with other policies, for questions about what would be allowed:
  /// gathered in the same way and never kept. not_found for a certificate or an added policy that
  /// does not exist.
  registry::Task<Result<PrincipalPtr>> principal_with(CertificateId id, PolicyChanges policies);

  /// Forgets what the change touches; call from the store's listener, before sessions are told.
  void apply(const AccessChange& change);

 private:
  struct CompiledPolicy {
    policy::Policy policy;
    bool speaks_of_certificate = false;
  };
  /// Name, version, and the version's creation time, because a name may be used again.
  using PolicyCacheKey = std::tuple<std::string, std::int64_t, std::int64_t>;

  registry::Task<Result<PrincipalPtr>> load(CertificateId id, PolicyChanges changes);
  registry::Task<Result<std::shared_ptr<const CompiledPolicy>>> compiled(PolicyName name);
  void keep(const PrincipalPtr& principal);
  void forget(const CertificateId& id);

  static constexpr int kMaxLoads = 16;
  static constexpr std::size_t kMaxPrincipals = 4096;
  static constexpr std::size_t kMaxPolicies = 1024;

  registry::Store& store_;
  std::mutex mutex_;
  std::unordered_map<CertificateId, PrincipalPtr> principals_;
  std::unordered_multimap<ThingName, CertificateId> by_thing_;
  /// A load under way, and what has changed since it began. One that was touched is done again.
  struct Load {
    CertificateId certificate;
    bool touched = false;
    std::vector<ThingName> things = {};
  };
  static bool is_outdated(const Load& load, const Result<PrincipalPtr>& loaded);
  std::map<std::uint64_t, Load> loading_;
  std::uint64_t last_load_ = 0;
  std::map<PolicyCacheKey, std::shared_ptr<const CompiledPolicy>> policies_;
};

}  // namespace imprint::identity
