// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "registry/records.h"
#include "runtime/task.h"
#include "search/query.h"

/// The narrow waist between everything Imprint does and where it is kept. Four verbs; several
/// bodies (sqlite/, and maps for tests: test/support/memory_store.h), one conformance suite.
namespace imprint::registry {

template <class T>
using Task = runtime::Task<T>;

/// What a change expects of the record it touches; a mismatch fails the whole change set.
struct Expect {
  enum class State : std::uint8_t { anything, absent, present, version };
  State state = State::anything;
  std::int64_t version = 0;

  static Expect anything() { return {}; }
  static Expect absent() { return {State::absent}; }
  static Expect present() { return {State::present}; }
  static Expect at(std::int64_t version) { return {State::version, version}; }
};

/// Stores the record whole, in place of the one with its key.
struct Put {
  Record record;
  Expect expect = {};
};

/// Removes the record; with no expectation, an absent one is no error.
struct Erase {
  Key key;
  Expect expect = {};
};

/// Holds without changing anything: the record must still be as it was read.
struct Require {
  Key key;
  Expect expect;
};

namespace query {

/// Certificates of one key, or of one issuer and serial number (Certificate::issued_as): those that
/// are REVOKED first, INACTIVE ones next. A device cannot change either.
struct SameIdentity {
  Sha256 public_key;
  std::optional<Sha256> issued_as = {};
};

}  // namespace query

/// Holds without changing anything: certificates and tombstones of an identity must be those that
/// were read, none added and none changed. Of more than kMost certificates or tombstones the first
/// are compared, which those that are REVOKED are among.
struct RequireSame {
  static constexpr std::size_t kMost = 1000;
  query::SameIdentity of;
  std::map<Key, std::int64_t> versions = {};
};

/// Adds to a counter (absent counts as 0) unless that takes it past `limit`; then the change set
/// fails with Fault::exhausted and `when_exceeded`. Counted by the store, so many writers need not
/// retry.
struct Count {
  std::string counter;
  std::int64_t by = 1;
  std::optional<std::int64_t> limit = {};
  Cause when_exceeded = {};
};

/// Removes the audit events up to and including this sequence. The store's AuditTrail keeps the
/// hash that what is left follows.
struct Forget {
  std::int64_t through;
  bool is_archived = false;  ///< the archive has them
};

/// Copied, moved and destroyed in store.cc, as Record is in records.cc.
struct Change : std::variant<Put, Erase, Require, RequireSame, Count, Forget> {
  using variant::variant;
  Change(const Change& other);
  Change(Change&& other) noexcept;
  Change& operator=(const Change& other);
  Change& operator=(Change&& other) noexcept;
  ~Change();
};

/// Applied whole or not at all. Events are appended in the same transaction, each with its place in
/// the hash chain (audit_chain.h).
struct ChangeSet {
  std::vector<Change> changes = {};
  std::vector<AuditEvent> events = {};
};

/// The questions the store answers with a list. Closed on purpose: one statement each.
namespace query {

struct Things {
  std::optional<ThingTypeName> type = {};
  std::optional<std::string> attribute_name = {};
  std::optional<std::string> attribute_value = {};
  bool value_is_prefix = false;
};
struct ThingTypes {};
struct ThingGroups {
  std::optional<ThingGroupName> parent = {};
  std::string name_prefix = {};
};
struct GroupsOfThing {
  ThingName thing;
};
struct ThingsInGroup {
  ThingGroupName group;
};
/// By creation time; provisioning claims are left out unless asked for.
struct Certificates {
  bool ascending = true;
  bool provisioning_claims = false;
};
/// Certificates with the purpose `claim`, by creation time.
struct Claims {};
/// Every certificate, by id, with nothing but id, status and purpose filled in: what a server keeps
/// of a million of them in memory.
struct CertificateStatuses {};
struct CertificatesByKey {
  Sha256 public_key;
};
/// By certificate; all of them, or those of one key or of one issuer and serial number.
struct Tombstones {
  std::optional<SameIdentity> of = {};
};
/// PENDING_ACTIVATION whose ownership ended before, and provisioning claims that have expired.
struct ExpiredCertificates {
  Timestamp before;
};
struct Intents {
  Timestamp before;
};
struct Policies {
  bool ascending = true;
};
struct PolicyVersions {
  PolicyName policy;
};
struct PoliciesOfTarget {
  PolicyTarget target;
};
struct TargetsOfPolicy {
  PolicyName policy;
};
struct PrincipalsOfThing {
  ThingName thing;
};
struct ThingsOfPrincipal {
  CertificateId certificate;
};
struct Templates {};
struct TemplateVersions {
  TemplateName name;
};
/// Everything that decides what a certificate may do: its ThingPrincipals, their Things and
/// GroupMemberships, the ThingGroups with their parents, and the PolicyAttachments of all of these.
struct AccessOf {
  CertificateId certificate;
};
/// By creation time; `template_name` keeps those whose devices that stored template provisions.
struct CaCertificates {
  bool ascending = true;
  std::optional<TemplateName> template_name = {};
};
struct CaCertificatesBySubject {
  Sha256 subject;
};
/// By creation time.
struct CertificatesOfCa {
  CertificateId ca;
  bool ascending = true;
};
/// PENDING_ACTIVATION that came under a registered CA; by creation time.
struct AwaitingActivation {};
struct ManufacturingLists {};
/// By serial.
struct EntriesOfList {
  ListName list;
};
/// By sequence. Empty fields match everything; the others must be equal. With `refusal` only
/// devices that were refused: of that category (refusal.h), or of any when it is empty.
struct AuditEvents {
  bool ascending = true;
  std::string thing = {};
  std::string certificate = {};
  std::string client = {};
  std::string serial_number = {};
  std::string correlation = {};
  std::optional<std::string> refusal = {};
};
/// By access key id.
struct Credentials {};

/// From the newest.
struct RegistrationTasks {
  std::optional<TaskStatus> status = {};
};
/// From the newest.
struct Alarms {};
/// ACTIVE device certificates whose time ends from `from` until before `until`, soonest first.
/// `brief` fills in id, status and not_after only: enough to count them by.
struct ExpiringCertificates {
  Timestamp from;
  Timestamp until;
  bool brief = false;
};
/// Things that a search finds, in the order of its range; each is followed by its GroupMemberships,
/// and the limit counts things only. A page may hold fewer, even none, and still have a next one:
/// how much is looked at for one page is bounded.
struct SearchThings {
  search::Query search;
};

}  // namespace query

/// Copied, moved and destroyed in store.cc, too.
struct Query
    : std::variant<query::Things, query::ThingTypes, query::ThingGroups, query::GroupsOfThing,
                   query::ThingsInGroup, query::Certificates, query::Claims,
                   query::CertificateStatuses, query::CertificatesByKey, query::ExpiredCertificates,
                   query::Intents, query::Policies, query::PolicyVersions, query::PoliciesOfTarget,
                   query::TargetsOfPolicy, query::PrincipalsOfThing, query::ThingsOfPrincipal,
                   query::Templates, query::TemplateVersions, query::AccessOf, query::AuditEvents,
                   query::Credentials, query::RegistrationTasks, query::SearchThings,
                   query::CaCertificates, query::CaCertificatesBySubject, query::CertificatesOfCa,
                   query::AwaitingActivation, query::ManufacturingLists, query::EntriesOfList,
                   query::Alarms, query::ExpiringCertificates, query::SameIdentity,
                   query::Tombstones> {
  using variant::variant;
  Query(const Query& other);
  Query(Query&& other) noexcept;
  Query& operator=(const Query& other);
  Query& operator=(Query&& other) noexcept;
  ~Query();
};

/// Where a list goes on: after this sort key. Empty means from the start. Opaque outside registry/;
/// stable while records come and go, because it names a place in the order, not an offset.
struct Cursor {
  std::string after = {};
  std::size_t limit = 250;
};

/// The place after an audit event, in AuditEvents.
inline Cursor after_event(std::int64_t sequence, std::size_t limit) {
  AuditEvent event;
  event.sequence = sequence;
  return {key_of(event).first, limit};
}

struct Page {
  std::vector<Record> records = {};
  std::optional<std::string> next = {};  ///< for Cursor::after; absent at the end
};

class Store {
 public:
  virtual ~Store() = default;

  /// One answer for each key, in their order; nothing where there is no such record.
  virtual Task<Result<std::vector<std::optional<Record>>>> find(std::vector<Key> keys) = 0;

  /// AccessOf and CertificatesByKey ignore the cursor: what they list is bounded by other limits.
  virtual Task<Result<Page>> list(Query query, Cursor cursor) = 0;

  /// Durable when it returns. Fault::conflict when an expectation failed (`where` names the
  /// record), Fault::exhausted when a counter's limit was reached, Fault::unavailable when nothing
  /// was written.
  virtual Task<Result<void>> commit(ChangeSet changes) = 0;

  /// Called once for each change set, after it is durable and before its commit() returns, from any
  /// thread; must be quick and must not call the store. Its events have their sequence and hash.
  /// Register before the first commit.
  using Listener = std::function<void(const ChangeSet&)>;
  virtual void watch(Listener listener) = 0;
};

/// The record of a find(), or not_found with a sentence that names it.
template <class T>
Result<T> expect_record(const std::optional<Record>& record, const Key& key) {
  if (!record) {
    return fail(Fault::not_found, "{} {} does not exist", kind_name(key.kind), quote(key.first));
  }
  return std::get<T>(*record);
}

/// find() for one key of a known type.
template <class T>
Task<Result<T>> get(Store& store, Key key) {
  std::vector<Key> keys;
  keys.push_back(key);
  auto found = co_await store.find(std::move(keys));
  if (!found) co_return tl::unexpected(std::move(found).error());
  co_return expect_record<T>(found->front(), key);
}

/// Every record of one type in a list, following the pages to the end.
template <class T>
Task<Result<std::vector<T>>> list_all(Store& store, Query query) {
  std::vector<T> all;
  Cursor cursor;
  while (true) {
    auto page = co_await store.list(query, cursor);
    if (!page) co_return tl::unexpected(std::move(page).error());
    for (auto& record : page->records) {
      if (auto* wanted = std::get_if<T>(&record)) all.push_back(std::move(*wanted));
    }
    if (!page->next) co_return all;
    cursor.after = *page->next;
  }
}

}  // namespace imprint::registry
