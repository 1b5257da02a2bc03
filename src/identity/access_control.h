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

/// Hypothetical changes to the policies attached to a certificate.
struct PolicyChanges {
  std::vector<PolicyName> added = {};
  std::vector<PolicyName> skipped = {};
};

/// Loads the principal of a certificate. One per process, any thread. Principals are cached, since
/// every device of a fleet uses the same claim certificate, and removed when a change set affects
/// them.
class AccessControl {
 public:
  explicit AccessControl(registry::Store& store) : store_(store) {}

  /// Fails with not_found if the certificate does not exist; the caller must check its status. The
  /// result is current when the coroutine resumes: a listener that is notified of changes from then
  /// on misses none.
  registry::Task<Result<PrincipalPtr>> principal(CertificateId id);

  /// The principal as it would be with these policy changes, for hypothetical questions. It is
  /// never cached. Fails with not_found if the certificate or an added policy does not exist.
  registry::Task<Result<PrincipalPtr>> principal_with(CertificateId id, PolicyChanges policies);

  /// Removes affected principals. Call from the store's listener, before sessions are notified.
  void apply(const AccessChange& change);

 private:
  struct CompiledPolicy {
    policy::Policy policy;
    bool uses_certificate_fields = false;
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
  /// A running load and the changes since it began. If they affect it, it is repeated.
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
