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

/// The owner of an access key and their permissions. Immutable.
struct Operator {
  std::string access_key_id;
  std::string name;  ///< the owner's name
  std::string role;  ///< "admin", ...; empty if the key has its own policy
  Secret secret;
  std::shared_ptr<const Policy> policy;
};

/// The state of an access key id.
enum class Standing { usable, unknown, revoked, unreadable };

struct Found {
  Standing standing = Standing::unknown;
  std::shared_ptr<const Operator> who = {};  ///< set if usable
  std::string problem = {};                  ///< the reason if unreadable, for the log
};

/// Decrypts the secret and parses the policy of a credential record.
Result<Operator> to_operator(const registry::Credential& record, const Vault& vault);

/// All access keys with their secrets, in memory: the root key of admin.credentials and those of
/// the store. Loaded at start and updated by the store's change sets, so that a revoked key is
/// unusable as soon as the revocation is committed. Any thread.
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
