// SPDX-License-Identifier: Apache-2.0
#include "test/support/memory_store.h"

#include <algorithm>

#include "registry/access.h"
#include "registry/audit_chain.h"
#include "registry/order.h"
#include "registry/searching.h"
#include "registry/verdict.h"

namespace imprint::test {

using namespace registry;  // the parts that all stores share

namespace {

bool is_refusal(const AuditEvent& event, const std::string& wanted) {
  return event.refused_for && (wanted.empty() || wanted == outcome::to_string(*event.refused_for));
}

template <class T>
bool is_same(const query::SameIdentity& q, const T& record) {
  return record.public_key == q.public_key || (q.issued_as && record.issued_as == q.issued_as);
}

/// Whether a record matches a query.
struct Matches {
  const Record& record;

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&record);
  }

  bool operator()(const query::Things& q) const {
    const auto* thing = as<Thing>();
    if (thing == nullptr || (q.type && thing->type != q.type)) return false;
    if (!q.attribute_name) return true;
    const auto it = thing->attributes.find(*q.attribute_name);
    if (it == thing->attributes.end()) return false;
    if (!q.attribute_value) return true;
    return q.value_is_prefix ? it->second.starts_with(*q.attribute_value)
                             : it->second == *q.attribute_value;
  }
  bool operator()(const query::ThingTypes&) const { return as<ThingType>() != nullptr; }
  bool operator()(const query::ThingGroups& q) const {
    const auto* group = as<ThingGroup>();
    return group != nullptr && (!q.parent || group->parent == q.parent) &&
           group->name.str().starts_with(q.name_prefix);
  }
  bool operator()(const query::GroupsOfThing& q) const {
    const auto* membership = as<GroupMembership>();
    return membership != nullptr && membership->thing == q.thing;
  }
  bool operator()(const query::ThingsInGroup& q) const {
    const auto* membership = as<GroupMembership>();
    return membership != nullptr && membership->group == q.group;
  }
  bool operator()(const query::Certificates& q) const {
    const auto* certificate = as<Certificate>();
    return certificate != nullptr &&
           (q.provisioning_claims ||
            certificate->purpose != CertificatePurpose::provisioning_claim);
  }
  bool operator()(const query::Claims&) const {
    const auto* certificate = as<Certificate>();
    return certificate != nullptr && certificate->purpose == CertificatePurpose::claim;
  }
  bool operator()(const query::CertificateStatuses&) const { return as<Certificate>() != nullptr; }
  bool operator()(const query::CertificatesByKey& q) const {
    const auto* certificate = as<Certificate>();
    return certificate != nullptr && certificate->public_key == q.public_key;
  }
  bool operator()(const query::SameIdentity& q) const {
    const auto* certificate = as<Certificate>();
    return certificate != nullptr && is_same(q, *certificate);
  }
  bool operator()(const query::Tombstones& q) const {
    const auto* tombstone = as<Tombstone>();
    return tombstone != nullptr && (!q.of || is_same(*q.of, *tombstone));
  }
  bool operator()(const query::ExpiredCertificates& q) const {
    const auto* c = as<Certificate>();
    if (c == nullptr) return false;
    if (c->purpose == CertificatePurpose::provisioning_claim) return c->not_after < q.before;
    return c->status == CertificateStatus::pending_activation && c->ownership_expires &&
           *c->ownership_expires < q.before;
  }
  bool operator()(const query::Intents& q) const {
    const auto* intent = as<IssuanceIntent>();
    return intent != nullptr && intent->created < q.before;
  }
  bool operator()(const query::Policies&) const { return as<Policy>() != nullptr; }
  bool operator()(const query::PolicyVersions& q) const {
    const auto* version = as<PolicyVersion>();
    return version != nullptr && version->policy == q.policy;
  }
  bool operator()(const query::PoliciesOfTarget& q) const {
    const auto* attachment = as<PolicyAttachment>();
    return attachment != nullptr && attachment->target == q.target;
  }
  bool operator()(const query::TargetsOfPolicy& q) const {
    const auto* attachment = as<PolicyAttachment>();
    return attachment != nullptr && attachment->policy == q.policy;
  }
  bool operator()(const query::PrincipalsOfThing& q) const {
    const auto* principal = as<ThingPrincipal>();
    return principal != nullptr && principal->thing == q.thing;
  }
  bool operator()(const query::ThingsOfPrincipal& q) const {
    const auto* principal = as<ThingPrincipal>();
    return principal != nullptr && principal->certificate == q.certificate;
  }
  bool operator()(const query::Templates&) const { return as<ProvisioningTemplate>() != nullptr; }
  bool operator()(const query::TemplateVersions& q) const {
    const auto* version = as<ProvisioningTemplateVersion>();
    return version != nullptr && version->template_name == q.name;
  }
  bool operator()(const query::AccessOf&) const { return false; }
  bool operator()(const query::AuditEvents& q) const {
    const auto* event = as<AuditEvent>();
    const auto fits = [](const std::string& wanted, const std::string& found) {
      return wanted.empty() || wanted == found;
    };
    return event != nullptr && fits(q.thing, event->thing) &&
           fits(q.certificate, event->certificate) && fits(q.client, event->client) &&
           fits(q.serial_number, event->serial_number) && fits(q.correlation, event->correlation) &&
           (!q.refusal || is_refusal(*event, *q.refusal));
  }
  bool operator()(const query::Credentials&) const { return as<Credential>() != nullptr; }

  bool operator()(const query::RegistrationTasks& q) const {
    const auto* task = as<RegistrationTask>();
    return task != nullptr && (!q.status || task->status == *q.status);
  }
  bool operator()(const query::SearchThings&) const { return false; }  // see search_now()
  bool operator()(const query::CaCertificates& q) const {
    const auto* ca = as<CaCertificate>();
    if (ca == nullptr || !q.template_name) return ca != nullptr;
    return ca->registration && ca->registration->template_name == q.template_name;
  }
  bool operator()(const query::CaCertificatesBySubject& q) const {
    const auto* ca = as<CaCertificate>();
    return ca != nullptr && ca->subject == q.subject;
  }
  bool operator()(const query::CertificatesOfCa& q) const {
    const auto* certificate = as<Certificate>();
    return certificate != nullptr && certificate->ca_certificate == q.ca;
  }
  bool operator()(const query::AwaitingActivation&) const {
    const auto* certificate = as<Certificate>();
    return certificate != nullptr && certificate->ca_certificate &&
           certificate->status == CertificateStatus::pending_activation;
  }
  bool operator()(const query::ManufacturingLists&) const {
    return as<ManufacturingList>() != nullptr;
  }
  bool operator()(const query::Alarms&) const { return as<Alarm>() != nullptr; }
  bool operator()(const query::ExpiringCertificates& q) const {
    const auto* c = as<Certificate>();
    return c != nullptr && c->status == CertificateStatus::active &&
           c->purpose == CertificatePurpose::identity && c->not_after >= q.from &&
           c->not_after < q.until;
  }
  bool operator()(const query::Jobs& q) const {
    const auto* job = as<Job>();
    return job != nullptr && (!q.status || job->status == *q.status) &&
           (!q.selection || job->selection == *q.selection);
  }
  bool operator()(const query::JobTemplates&) const { return as<JobTemplate>() != nullptr; }
  bool operator()(const query::ExecutionsOfThing& q) const {
    const auto* execution = as<JobExecution>();
    return execution != nullptr && execution->thing == q.thing &&
           (!q.job || execution->job == *q.job) && (!q.status || execution->status == *q.status);
  }
  bool operator()(const query::ExecutionsOfJob& q) const {
    const auto* execution = as<JobExecution>();
    return execution != nullptr && execution->job == q.job &&
           (!q.status || execution->status == *q.status);
  }
  bool operator()(const query::PendingExecutions& q) const {
    const auto* execution = as<JobExecution>();
    return execution != nullptr && execution->thing == q.thing && !is_terminal(execution->status);
  }
  bool operator()(const query::DueExecutions& q) const {
    const auto* execution = as<JobExecution>();
    return execution != nullptr && times_out_at(*execution).value_or(Timestamp::max()) < q.before;
  }
  bool operator()(const query::EntriesOfList& q) const {
    const auto* entry = as<ListEntry>();
    return entry != nullptr && entry->list == q.list;
  }
};

}  // namespace

Task<Result<std::vector<std::optional<Record>>>> MemoryStore::find(std::vector<Key> keys) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::optional<Record>> out;
  for (const Key& key : keys) {
    const auto it = records_.find(key);
    out.push_back(it == records_.end() ? std::nullopt : std::optional(it->second));
  }
  co_return out;
}

Task<Result<Page>> MemoryStore::list(Query query, Cursor cursor) {
  const std::scoped_lock lock(mutex_);
  co_return list_now(query, cursor);
}

Result<Page> MemoryStore::list_now(const Query& query, const Cursor& cursor) const {
  if (const auto* access = std::get_if<query::AccessOf>(&query)) {
    const Cursor everything{{}, records_.size() + 1};
    auto found = gather_access(
        access->certificate,
        [&](const Query& q) -> Result<std::vector<Record>> {
          TRY_ASSIGN(Page page, list_now(q, everything));
          return std::move(page.records);
        },
        [&](const Key& key) -> Result<std::optional<Record>> {
          const auto it = records_.find(key);
          if (it == records_.end()) return std::optional<Record>();
          return std::optional(it->second);
        });
    if (!found) return tl::unexpected(std::move(found).error());
    return Page{std::move(*found), std::nullopt};
  }
  if (const auto* search = std::get_if<query::SearchThings>(&query))
    return search_now(search->search, cursor);
  std::map<std::string, const Record*> ordered;
  for (const auto& [key, record] : records_) {
    if (std::visit(Matches{record}, query)) ordered.emplace(sort_key(record, query), &record);
  }
  std::vector<std::pair<std::string, const Record*>> row(ordered.begin(), ordered.end());
  if (!is_ascending(query)) std::ranges::reverse(row);
  Page page;
  std::string last;
  for (const auto& [place, record] : row) {
    const bool passed = is_ascending(query) ? place > cursor.after : place < cursor.after;
    if (!cursor.after.empty() && !passed) continue;
    if (page.records.size() == cursor.limit) {
      page.next = last;
      break;
    }
    page.records.push_back(*record);
    last = place;
  }
  return page;
}

Result<Page> MemoryStore::search_now(const search::Query& search, const Cursor& cursor) const {
  struct Found {
    const Thing* thing;
    std::vector<GroupMembership> groups;
  };
  std::vector<Found> all;
  for (const auto& [key, record] : records_) {
    const auto* thing = std::get_if<Thing>(&record);
    if (thing == nullptr) continue;
    std::vector<GroupMembership> groups;
    for (auto it = records_.lower_bound(Key{Kind::group_membership, key.first});
         it != records_.end() && it->first.kind == Kind::group_membership &&
         it->first.first == key.first;
         ++it) {
      groups.push_back(std::get<GroupMembership>(it->second));
    }
    all.push_back({thing, std::move(groups)});
  }
  std::size_t range = 0;
  if (cursor.after.empty()) {
    TRY_ASSIGN(range,
               narrowest_range(
                   search, [&](const search::Range& r, std::size_t most) -> Result<std::size_t> {
                     const auto things = std::ranges::count_if(all, [&](const Found& found) {
                       return search::lies_in(r, document_of(*found.thing, found.groups));
                     });
                     return std::min(static_cast<std::size_t>(things), most);
                   }));
  } else {
    TRY_ASSIGN(const SearchPlace place, parse_search_place(search, cursor.after));
    range = place.range;
  }
  std::map<std::string, Found> ordered;
  for (Found& found : all) {
    if (search.matches(document_of(*found.thing, found.groups)))
      ordered.emplace(write_search_place(search, range, *found.thing), std::move(found));
  }
  Page page;
  std::size_t things = 0;
  std::string last;
  for (auto it = ordered.upper_bound(cursor.after); it != ordered.end(); ++it) {
    if (things++ == cursor.limit) {
      page.next = last;
      break;
    }
    page.records.emplace_back(*it->second.thing);
    page.records.insert(page.records.end(), it->second.groups.begin(), it->second.groups.end());
    last = it->first;
  }
  return page;
}

Result<void> MemoryStore::check(const Change& change) const {
  const auto version = [&](const Key& key) -> std::optional<std::int64_t> {
    const auto it = records_.find(key);
    return it == records_.end() ? std::nullopt : std::optional(version_of(it->second));
  };
  TRY(check_append_only(change));
  if (const auto* count = std::get_if<Count>(&change)) {
    const auto it = records_.find(counter_key(count->counter));
    return check_count(*count, it == records_.end() ? 0 : std::get<Counter>(it->second).value);
  }
  if (const auto* same = std::get_if<RequireSame>(&change)) {
    const Cursor first{{}, RequireSame::kMost};
    TRY_ASSIGN(const Page certificates, list_now(same->of, first));
    TRY_ASSIGN(const Page tombstones, list_now(query::Tombstones{same->of}, first));
    return check_same(*same, certificates, tombstones);
  }
  const std::optional<Touched> touched = touched_by(change);
  if (!touched) return {};
  return check_expectation(touched->key, touched->expect, version(touched->key));
}

void MemoryStore::apply(const Change& change) {
  if (const auto* put = std::get_if<Put>(&change)) {
    records_.insert_or_assign(key_of(put->record), put->record);
  } else if (const auto* erase = std::get_if<Erase>(&change)) {
    records_.erase(erase->key);
  } else if (const auto* count = std::get_if<Count>(&change)) {
    auto& record = records_.try_emplace(counter_key(count->counter), Counter{count->counter, 0, 0})
                       .first->second;
    auto& counter = std::get<Counter>(record);
    counter.value += count->by;
    ++counter.version;
  } else if (const auto* oldest = std::get_if<Forget>(&change)) {
    forget(*oldest);
  }
}

void MemoryStore::forget(const Forget& oldest) {
  std::erase_if(records_, [&](const auto& entry) {
    const auto* event = std::get_if<AuditEvent>(&entry.second);
    if (event == nullptr || event->sequence > oldest.through) return false;
    if (event->sequence > trail_.forgotten.sequence) {
      trail_.forgotten = place_of(*event);
      if (oldest.is_archived) trail_.archived = event->sequence;
    }
    return true;
  });
}

Result<void> MemoryStore::commit_now(ChangeSet& changes) {
  for (const Change& change : changes.changes) TRY(check(change));
  for (const Change& change : changes.changes) apply(change);
  append(trail_, changes.events);
  for (const AuditEvent& event : changes.events) records_.insert_or_assign(key_of(event), event);
  records_.insert_or_assign(audit_trail_key(), trail_);
  return {};
}

Task<Result<void>> MemoryStore::commit(ChangeSet changes) {
  {
    const std::scoped_lock lock(mutex_);
    if (auto done = commit_now(changes); !done) co_return done;
  }
  for (const Listener& listener : listeners_) listener(changes);
  co_return Result<void>();
}

void MemoryStore::watch(Listener listener) { listeners_.push_back(std::move(listener)); }

}  // namespace imprint::test
