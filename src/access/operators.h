// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "access/access_key.h"
#include "access/policy.h"
#include "access/vault.h"
#include "registry/store.h"

namespace imprint::access {

/// Whoever signs with an access key, and what they may do. Immutable.
struct Operator {
  std::string access_key_id;
  std::string name;  ///< whose key it is
  std::string role;  ///< "admin", ...; empty: a policy of its own
  Secret secret;
  std::shared_ptr<const Policy> policy;
};

/// How a key id stands.
enum class Standing { usable, unknown, revoked, unreadable };

struct Found {
  Standing standing = Standing::unknown;
  std::shared_ptr<const Operator> who = {};  ///< when usable
  std::string problem = {};                  ///< when unreadable: why, for the log
};

/// The operator that a credential record describes: secret decrypted, policy parsed.
Result<Operator> to_operator(const registry::Credential& record, const Vault& vault);

/// Every access key with its secret in memory: the root key of admin.credentials, and those of the
/// store. Filled at start, then kept true by the store's change sets, so that a key is gone with
/// the commit that revokes it. Any thread.
class Operators {
 public:
  Operators(AccessKey root, Vault vault);

  /// Call before serving, after registering apply() with Store::watch.
  registry::Task<Result<void>> load(registry::Store& store);
  void apply(const registry::ChangeSet& changes);

  [[nodiscard]] Found find(std::string_view access_key_id) const;
  [[nodiscard]] bool is_root(std::string_view access_key_id) const {
    return root_->access_key_id == access_key_id;
  }
  [[nodiscard]] const Vault& vault() const { return vault_; }

 private:
  void set(const registry::Credential& record);

  const Vault vault_;
  std::shared_ptr<const Operator> root_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Found> known_;
};

}  // namespace imprint::access
