// SPDX-License-Identifier: Apache-2.0
#include "access/operators.h"

#include <mutex>

#include "access/roles.h"

namespace imprint::access {

namespace {

Result<std::shared_ptr<const Policy>> policy_of(const registry::Credential& record) {
  if (!record.role.empty()) return role_policy(record.role);
  TRY_ASSIGN(Policy policy, Policy::parse(record.document, "its policy"));
  return std::make_shared<const Policy>(std::move(policy));
}

}  // namespace

Result<Operator> to_operator(const registry::Credential& record, const Vault& vault) {
  TRY_ASSIGN(Secret secret, vault.unseal(record.access_key_id, record.sealed_secret));
  TRY_ASSIGN(std::shared_ptr<const Policy> policy, policy_of(record));
  return Operator{record.access_key_id, record.name, record.role, std::move(secret),
                  std::move(policy)};
}

Operators::Operators(AccessKey root, Vault vault) : vault_(std::move(vault)) {
  auto everything = role_policy("admin");
  IMPRINT_ASSERT(everything.has_value());
  root_ = std::make_shared<const Operator>(Operator{
      std::move(root.id), "root", "admin", std::move(root.secret), std::move(*everything)});
}

registry::Task<Result<void>> Operators::load(registry::Store& store) {
  auto records =
      co_await registry::list_all<registry::Credential>(store, registry::query::Credentials{});
  if (!records) co_return tl::unexpected(std::move(records).error());
  for (const registry::Credential& record : *records) set(record);
  co_return Result<void>();
}

void Operators::apply(const registry::ChangeSet& changes) {
  for (const registry::Change& change : changes.changes) {
    if (const auto* put = std::get_if<registry::Put>(&change)) {
      if (const auto* record = std::get_if<registry::Credential>(&put->record)) set(*record);
    } else if (const auto* erase = std::get_if<registry::Erase>(&change)) {
      if (erase->key.kind != registry::Kind::credential) continue;
      const std::unique_lock lock(mutex_);
      known_.erase(erase->key.first);
    }
  }
}

void Operators::set(const registry::Credential& record) {
  Found found;
  if (record.status == registry::CredentialStatus::revoked) {
    found.standing = Standing::revoked;
  } else if (auto made = to_operator(record, vault_)) {
    found = {Standing::usable, std::make_shared<const Operator>(std::move(*made))};
  } else {
    found = {Standing::unreadable, nullptr, made.error().message};
  }
  const std::unique_lock lock(mutex_);
  known_.insert_or_assign(record.access_key_id, std::move(found));
}

Found Operators::find(std::string_view access_key_id) const {
  if (is_root(access_key_id)) return {Standing::usable, root_};
  const std::shared_lock lock(mutex_);
  const auto it = known_.find(std::string(access_key_id));
  return it == known_.end() ? Found{} : it->second;
}

}  // namespace imprint::access
