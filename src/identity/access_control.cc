// SPDX-License-Identifier: Apache-2.0
#include "identity/access_control.h"

#include <algorithm>
#include <set>

namespace imprint::identity {

namespace {

/// Whether a policy may refer to subject or issuer attributes, which are parsed only if needed,
/// because parsing is slower than a cache look-up. The second test is for escapes that could hide
/// the name.
bool uses_certificate_fields(std::string_view document) {
  return document.find("Certificate.") != std::string_view::npos ||
         document.find("\\u") != std::string_view::npos;
}

/// The records of query::AccessOf, grouped.
struct Attached {
  std::set<PolicyName> own = {};  ///< attached to the certificate
  std::map<ThingGroupName, std::set<PolicyName>> of_group = {};
  std::map<ThingGroupName, std::optional<ThingGroupName>> parents = {};
  std::map<ThingName, registry::Thing> things = {};
  std::multimap<ThingName, ThingGroupName> memberships = {};
  std::vector<registry::ThingPrincipal> principals = {};

  [[nodiscard]] std::set<PolicyName> names(const PolicyChanges& changes) const {
    std::set<PolicyName> all = own;
    for (const auto& [group, policies] : of_group) all.insert(policies.begin(), policies.end());
    all.insert(changes.added.begin(), changes.added.end());
    for (const PolicyName& skipped : changes.skipped) all.erase(skipped);
    return all;
  }

  [[nodiscard]] std::set<PolicyName> through_groups(const ThingName& thing) const {
    std::set<PolicyName> all;
    std::set<ThingGroupName> seen;
    const auto [first, last] = memberships.equal_range(thing);
    for (auto it = first; it != last; ++it) {
      std::optional<ThingGroupName> group = it->second;
      while (group && seen.insert(*group).second) {
        if (const auto policies = of_group.find(*group); policies != of_group.end())
          all.insert(policies->second.begin(), policies->second.end());
        const auto parent = parents.find(*group);
        group = parent == parents.end() ? std::nullopt : parent->second;
      }
    }
    return all;
  }
};

Attached group_records(const std::vector<registry::Record>& records) {
  Attached out;
  for (const registry::Record& record : records) {
    if (const auto* thing = std::get_if<registry::Thing>(&record)) {
      out.things.emplace(thing->name, *thing);
    } else if (const auto* one = std::get_if<registry::ThingPrincipal>(&record)) {
      out.principals.push_back(*one);
    } else if (const auto* member = std::get_if<registry::GroupMembership>(&record)) {
      out.memberships.emplace(member->thing, member->group);
    } else if (const auto* group = std::get_if<registry::ThingGroup>(&record)) {
      out.parents.emplace(group->name, group->parent);
    } else if (const auto* attachment = std::get_if<registry::PolicyAttachment>(&record)) {
      const auto* of_group = std::get_if<ThingGroupName>(&attachment->target);
      (of_group == nullptr ? out.own : out.of_group[*of_group]).insert(attachment->policy);
    }
  }
  return out;
}

}  // namespace

bool AccessControl::is_outdated(const Load& load, const Result<PrincipalPtr>& loaded) {
  if (load.touched) return true;
  return loaded && std::ranges::any_of((*loaded)->things, [&](const AttachedThing& attached) {
           return std::ranges::find(load.things, attached.thing.name) != load.things.end();
         });
}

registry::Task<Result<PrincipalPtr>> AccessControl::principal(CertificateId id) {
  for (int attempt = 0; attempt < kMaxLoads; ++attempt) {
    std::uint64_t load_number = 0;
    {
      const std::scoped_lock lock(mutex_);
      const auto it = principals_.find(id);
      if (it != principals_.end()) co_return it->second;
      load_number = ++last_load_;
      loading_.emplace(load_number, Load{id});
    }
    auto loaded = co_await load(id, {});
    const std::scoped_lock lock(mutex_);
    if (is_outdated(loading_.extract(load_number).mapped(), loaded)) continue;
    if (loaded) keep(*loaded);
    co_return loaded;
  }
  co_return fail(Fault::unavailable,
                 "the permissions of certificate {} change faster than they can be loaded",
                 id.hex());
}

registry::Task<Result<PrincipalPtr>> AccessControl::principal_with(CertificateId id,
                                                                   PolicyChanges policies) {
  return load(id, std::move(policies));
}

registry::Task<Result<PrincipalPtr>> AccessControl::load(CertificateId id, PolicyChanges changes) {
  auto certificate = co_await registry::get(store_, registry::certificate_key(id));
  if (!certificate) co_return tl::unexpected(std::move(certificate).error());
  auto access = co_await store_.list(registry::query::AccessOf{id}, {});
  if (!access) co_return tl::unexpected(std::move(access).error());

  auto principal = std::make_shared<Principal>(std::move(*certificate));
  const Attached attached = group_records(access->records);
  bool needs_names = false;
  std::map<PolicyName, std::shared_ptr<const policy::Policy>> known;
  for (const PolicyName& name : attached.names(changes)) {
    auto policy = co_await compiled(name);
    if (!policy) {
      const bool is_added = std::ranges::find(changes.added, name) != changes.added.end();
      if (is_added || policy.error().fault != Fault::not_found)
        co_return tl::unexpected(std::move(policy).error());
      // Not Fault::not_found, which would mean that the certificate is missing. A certificate whose
      // permissions are unknown gets none.
      co_return fail(Fault::unavailable,
                     "policy {} is attached to certificate {} or to a group of its things, but "
                     "does not exist; detach it or create it again",
                     quote(name.str()), id.hex());
    }
    needs_names = needs_names || (*policy)->uses_certificate_fields;
    known.emplace(name, std::shared_ptr<const policy::Policy>(*policy, &(*policy)->policy));
  }
  const auto pick = [&](const std::set<PolicyName>& names) {
    Policies out;
    for (const PolicyName& name : names) {
      if (const auto it = known.find(name); it != known.end()) out.push_back(it->second);
    }
    return out;
  };
  std::set<PolicyName> own = attached.own;
  own.insert(changes.added.begin(), changes.added.end());
  principal->policies = pick(own);
  for (const registry::ThingPrincipal& one : attached.principals) {
    const auto thing = attached.things.find(one.thing);
    if (thing == attached.things.end()) continue;
    principal->things.push_back(
        {thing->second, one.exclusive, pick(attached.through_groups(one.thing))});
  }
  if (needs_names) {
    const auto parsed = x509::Certificate::from_pem(principal->certificate.pem);
    if (!parsed) co_return tl::unexpected(parsed.error());
    principal->subject = std::make_unique<CertificateValues>(
        parsed->subject(), parsed->extensions().alternative_names);
    principal->issuer = std::make_unique<CertificateValues>(
        parsed->issuer(), parsed->extensions().issuer_alternative_names);
  }
  co_return PrincipalPtr(std::move(principal));
}

registry::Task<Result<std::shared_ptr<const AccessControl::CompiledPolicy>>>
AccessControl::compiled(PolicyName name) {
  auto policy = co_await registry::get(store_, registry::policy_key(name));
  if (!policy) co_return tl::unexpected(std::move(policy).error());
  auto version =
      co_await registry::get(store_, registry::policy_version_key(name, policy->default_version));
  if (!version) co_return tl::unexpected(std::move(version).error());
  const PolicyCacheKey key{name.str(), version->number, to_milliseconds(version->created)};
  {
    const std::scoped_lock lock(mutex_);
    const auto it = policies_.find(key);
    if (it != policies_.end()) co_return it->second;
  }
  auto parsed = policy::Policy::parse(version->document, name.str());
  if (!parsed) co_return tl::unexpected(std::move(parsed).error());
  auto made = std::make_shared<const CompiledPolicy>(
      CompiledPolicy{std::move(*parsed), uses_certificate_fields(version->document)});
  const std::scoped_lock lock(mutex_);
  if (policies_.size() >= kMaxPolicies) policies_.clear();
  policies_.insert_or_assign(key, made);
  co_return made;
}

void AccessControl::apply(const AccessChange& change) {
  if (change.empty()) return;
  const std::scoped_lock lock(mutex_);
  for (auto& [number, load] : loading_) {
    load.touched =
        load.touched || change.everything ||
        std::ranges::find(change.certificates, load.certificate) != change.certificates.end();
    load.things.insert(load.things.end(), change.things.begin(), change.things.end());
  }
  if (change.everything) {
    principals_.clear();
    by_thing_.clear();
    return;
  }
  for (const CertificateId& id : change.certificates) forget(id);
  for (const ThingName& thing : change.things) {
    std::vector<CertificateId> attached;
    const auto [first, last] = by_thing_.equal_range(thing);
    for (auto it = first; it != last; ++it) attached.push_back(it->second);
    for (const CertificateId& id : attached) forget(id);
  }
}

void AccessControl::keep(const PrincipalPtr& principal) {
  if (principals_.size() >= kMaxPrincipals) forget(CertificateId(principals_.begin()->first));
  forget(principal->certificate.id);
  principals_.emplace(principal->certificate.id, principal);
  for (const AttachedThing& attached : principal->things) {
    by_thing_.emplace(attached.thing.name, principal->certificate.id);
  }
}

void AccessControl::forget(const CertificateId& id) {
  const auto it = principals_.find(id);
  if (it == principals_.end()) return;
  for (const AttachedThing& attached : it->second->things) {
    const auto [first, last] = by_thing_.equal_range(attached.thing.name);
    for (auto entry = first; entry != last; ++entry) {
      if (entry->second == id) {
        by_thing_.erase(entry);
        break;
      }
    }
  }
  principals_.erase(it);
}

}  // namespace imprint::identity
