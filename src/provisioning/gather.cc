// SPDX-License-Identifier: Apache-2.0
// Reads the records that a registration depends on.
#include <algorithm>

#include "encoding/text.h"
#include "provisioning/plan.h"
#include "x509/digest.h"

namespace imprint::provisioning {

std::vector<registry::Key> keys_named_by(const templates::Resources& resources) {
  std::vector<registry::Key> keys;
  if (resources.thing) {
    keys.push_back(registry::thing_key(resources.thing->name));
    if (resources.thing->type) keys.push_back(registry::thing_type_key(*resources.thing->type));
    if (resources.thing->groups) {
      for (const ThingGroupName& group : *resources.thing->groups)
        keys.push_back(registry::thing_group_key(group));
    }
  }
  for (const templates::PolicyResource& resource : resources.policies)
    keys.push_back(registry::policy_key(policy_name_of(resource)));
  return keys;
}

PolicyName policy_name_of(const templates::PolicyResource& resource) {
  if (const auto* name = std::get_if<PolicyName>(&resource.policy)) return *name;
  return name_of_inline_policy(std::get<templates::PolicyDocument>(resource.policy).text);
}

PolicyName name_of_inline_policy(const std::string& document) {
  constexpr std::size_t kDigestBytes = 20;
  const Sha256 digest = x509::sha256(as_bytes(document));
  std::string name = encoding::to_hex(BytesView(digest).first(kDigestBytes));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return *PolicyName::parse(name);
}

namespace {

registry::Task<Result<std::vector<registry::ThingPrincipal>>> things_of_other_certificates(
    registry::Store& store, const registry::Certificate& own, const KeyHistory& history) {
  std::vector<registry::ThingPrincipal> out;
  for (const registry::Certificate& other : history.certificates) {
    if (other.id == own.id || other.public_key != own.public_key) continue;
    CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> things,
                  co_await registry::list_all<registry::ThingPrincipal>(
                      store, registry::query::ThingsOfPrincipal{other.id}));
    out.insert(out.end(), things.begin(), things.end());
  }
  co_return out;
}

}  // namespace

registry::Task<Result<Known>> gather(registry::Store& store, Known known) {
  const std::vector<registry::Key> keys = keys_named_by(known.resources);
  CO_TRY_ASSIGN(const std::vector<std::optional<registry::Record>> named,
                co_await store.find(keys));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (named[i]) known.named.emplace(keys[i], *named[i]);
  }
  if (known.certificate) {
    const CertificateId id = known.certificate->id;
    CO_TRY_ASSIGN(const registry::Page access,
                  co_await store.list(registry::query::AccessOf{id}, {}));
    for (const registry::Record& record : access.records) {
      if (const auto* thing = std::get_if<registry::ThingPrincipal>(&record))
        known.things_of_certificate.push_back(*thing);
      const auto* attachment = std::get_if<registry::PolicyAttachment>(&record);
      if (attachment != nullptr && attachment->target == registry::PolicyTarget(id))
        known.policies_of_certificate.push_back(*attachment);
    }
    CO_TRY_ASSIGN(known.history, co_await read_key_history(store, identity_of(*known.certificate)));
  }
  if (!known.resources.thing) co_return known;
  if (known.device && known.certificate) {
    CO_TRY_ASSIGN(known.things_of_key,
                  co_await things_of_other_certificates(store, *known.certificate, known.history));
  }
  const ThingName name = known.resources.thing->name;
  const auto it = known.named.find(registry::thing_key(name));
  if (it == known.named.end()) co_return known;
  known.thing = std::get<registry::Thing>(it->second);
  CO_TRY_ASSIGN(known.groups_of_thing, co_await registry::list_all<registry::GroupMembership>(
                                           store, registry::query::GroupsOfThing{name}));
  if (!known.device) co_return known;  // its other certificates are the operator's affair
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> principals,
                co_await registry::list_all<registry::ThingPrincipal>(
                    store, registry::query::PrincipalsOfThing{name}));
  std::vector<registry::KeyOf<registry::Certificate>> certificates;
  for (const registry::ThingPrincipal& principal : principals) {
    if (principal.certificate != known.certificate->id)
      certificates.push_back(registry::certificate_key(principal.certificate));
  }
  CO_TRY_ASSIGN(auto others, co_await registry::find_all(store, std::move(certificates)));
  for (std::optional<registry::Certificate>& other : others) {
    if (other) known.certificates_of_thing.push_back(std::move(*other));
  }
  co_return known;
}

}  // namespace imprint::provisioning
