// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "registry/keys.h"
#include "runtime/task.h"
#include "search/query.h"

/// The narrow interface between everything Imprint does and where it is stored. Four verbs, several
/// implementations (sqlite/, and maps for tests: test/support/memory_store.h), and one conformance
/// suite.
namespace imprint::registry {

template <class T>
using Task = runtime::Task<T>;

/// The expected state of the record that a change touches; a mismatch fails the whole change set.
struct Expect {
  enum class State : std::uint8_t { anything, absent, present, version };
  State state = State::anything;
  std::int64_t version = 0;

  static Expect anything() { return {}; }
  static Expect absent() { return {State::absent}; }
  static Expect present() { return {State::present}; }
  static Expect at(std::int64_t version) { return {State::version, version}; }
};

/// Stores the whole record, replacing the one with its key.
struct Put {
  Record record;
  Expect expect = {};
};

/// Removes the record; without an expectation, an absent record is no error.
struct Erase {
  Key key;
  Expect expect = {};
};

/// Changes nothing, but fails the change set unless the record is still as it was read.
struct Require {
  Key key;
  Expect expect;
};

namespace query {

/// Certificates of one key, or of one issuer and serial number (Certificate::issued_as): REVOKED
/// ones first, then INACTIVE ones. A device cannot change either identity.
struct SameIdentity {
  Sha256 public_key;
  std::optional<Sha256> issued_as = {};
};

}  // namespace query

/// Changes nothing, but fails the change set unless the certificates and tombstones of an identity
/// are still those that were read, none added and none changed. If there are more than kMost
/// certificates or tombstones, the first ones are compared, which include the REVOKED ones.
struct RequireSame {
  static constexpr std::size_t kMost = 1000;
  query::SameIdentity of;
  std::map<Key, std::int64_t> versions = {};
};

/// Adds to a counter (absent counts as 0) unless that exceeds `limit`; then the change set fails
/// with Fault::exhausted and `when_exceeded`. The store does the counting, so concurrent writers
/// need not retry.
struct Count {
  std::string counter;
  std::int64_t by = 1;
  std::optional<std::int64_t> limit = {};
  Cause when_exceeded = {};
};

/// Removes the audit events up to and including this sequence. The store's AuditTrail keeps the
/// hash that the remaining events follow.
struct Forget {
  std::int64_t through;
  bool is_archived = false;  ///< the archive contains them
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

/// Applied as a whole or not at all. Events are appended in the same transaction, each with its
/// place in the hash chain (audit_chain.h).
struct ChangeSet {
  std::vector<Change> changes = {};
  std::vector<AuditEvent> events = {};

  void add(Change change) { changes.push_back(std::move(change)); }
};

/// The queries that the store answers with a list. The set is closed on purpose: one statement
/// each.
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
/// By creation time; provisioning claims only when asked for.
struct Certificates {
  bool ascending = true;
  bool provisioning_claims = false;
};
/// Certificates with the purpose `claim`, by creation time.
struct Claims {};
/// Every certificate, by id, with only id, status and purpose filled in, so that a server can hold
/// a million of them in memory.
struct CertificateStatuses {};
struct CertificatesByKey {
  Sha256 public_key;
};
/// By certificate; all of them, or those of one key or of one issuer and serial number.
struct Tombstones {
  std::optional<SameIdentity> of = {};
};
/// PENDING_ACTIVATION certificates whose ownership ended before then, and expired provisioning
/// claims.
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
/// GroupMemberships, the ThingGroups with their ancestors, and the PolicyAttachments of all of
/// these.
struct AccessOf {
  CertificateId certificate;
};
/// By creation time; with `template_name`, only those whose devices that stored template
/// provisions.
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
/// PENDING_ACTIVATION certificates signed by a registered CA; by creation time.
struct AwaitingActivation {};
struct ManufacturingLists {};
/// By serial.
struct EntriesOfList {
  ListName list;
};
/// By sequence. Empty fields match everything; the others must be equal. With `refusal`, only
/// refusals of devices: of that category (outcome/failure_category.h), or of any when it is empty.
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

/// Newest first.
struct RegistrationTasks {
  std::optional<TaskStatus> status = {};
};
/// Newest first.
struct Alarms {};
/// ACTIVE device certificates that expire at or after `from` and before `until`, soonest first.
/// `brief` fills in only id, status and not_after, which is enough to count them.
struct ExpiringCertificates {
  Timestamp from;
  Timestamp until;
  bool brief = false;
};
/// Newest first.
struct Jobs {
  std::optional<JobStatus> status = {};
  std::optional<TargetSelection> selection = {};
};
/// By id.
struct JobTemplates {};
/// By job and number.
struct ExecutionsOfThing {
  ThingName thing;
  std::optional<JobId> job = {};
  std::optional<JobExecutionStatus> status = {};
};
/// By thing and number.
struct ExecutionsOfJob {
  JobId job;
  std::optional<JobExecutionStatus> status = {};
};
/// The executions of a thing that have not ended: those IN_PROGRESS first, then by the time at
/// which they were queued.
struct PendingExecutions {
  ThingName thing;
};
/// IN_PROGRESS executions with a timer that ended before `before`; by thing.
struct DueExecutions {
  Timestamp before;
};
/// Things that match a search, in the order of its range; each is followed by its GroupMemberships,
/// and the limit counts only things. A page may hold fewer, even none, and still have a next one,
/// because the number of things examined for one page is bounded.
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
                   query::Tombstones, query::Jobs, query::JobTemplates, query::ExecutionsOfThing,
                   query::ExecutionsOfJob, query::PendingExecutions, query::DueExecutions> {
  using variant::variant;
  Query(const Query& other);
  Query(Query&& other) noexcept;
  Query& operator=(const Query& other);
  Query& operator=(Query&& other) noexcept;
  ~Query();
};

/// Where a list continues: after this sort key, or from the start if empty. Opaque outside
/// registry/; it stays valid while records are added and removed, because it names a place in the
/// order and not an offset.
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

  /// One answer for each key, in the same order; nullopt where the record does not exist.
  virtual Task<Result<std::vector<std::optional<Record>>>> find(std::vector<Key> keys) = 0;

  /// AccessOf and CertificatesByKey ignore the cursor: other limits bound their lists.
  virtual Task<Result<Page>> list(Query query, Cursor cursor) = 0;

  /// The changes are durable when it returns. Fault::conflict if an expectation failed (`where`
  /// names the record), Fault::exhausted if a counter reached its limit, Fault::unavailable if
  /// nothing was written.
  virtual Task<Result<void>> commit(ChangeSet changes) = 0;

  /// Called once for each change set, after it is durable and before its commit() returns, from any
  /// thread; it must be quick and must not call the store. The events have their sequence and hash.
  /// Register before the first commit.
  using Listener = std::function<void(const ChangeSet&)>;
  virtual void watch(Listener listener) = 0;
};

namespace detail {

/// The type of the record that a KeyOf<T> finds.
template <class T>
std::optional<T> typed(std::optional<Record>& found) {
  if (!found) return std::nullopt;
  return std::get<T>(std::move(*found));
}

}  // namespace detail

/// Records of known types, each nullopt if absent, as they are at one moment.
template <class First, class Second, class... Others>
Task<Result<std::tuple<std::optional<First>, std::optional<Second>, std::optional<Others>...>>>
find(Store& store, KeyOf<First> first, KeyOf<Second> second, KeyOf<Others>... others) {
  std::vector<Key> keys{std::move(first), std::move(second), std::move(others)...};
  auto found = co_await store.find(std::move(keys));
  if (!found) co_return tl::unexpected(std::move(found).error());
  auto at = found->begin();
  // Braces, so that they are evaluated in order.
  co_return std::tuple<std::optional<First>, std::optional<Second>, std::optional<Others>...>{
      detail::typed<First>(*at++), detail::typed<Second>(*at++), detail::typed<Others>(*at++)...};
}

/// One record, or nullopt.
template <class T>
Task<Result<std::optional<T>>> find(Store& store, KeyOf<T> key) {
  std::vector<Key> keys{std::move(key)};
  auto found = co_await store.find(std::move(keys));
  if (!found) co_return tl::unexpected(std::move(found).error());
  co_return detail::typed<T>(found->front());
}

/// One record, or Fault::not_found with a message that names it.
template <class T>
Task<Result<T>> get(Store& store, KeyOf<T> key) {
  auto found = co_await find(store, key);
  if (!found) co_return tl::unexpected(std::move(found).error());
  if (*found) co_return std::move(**found);
  co_return fail(Fault::not_found, "{} {} does not exist", kind_name(key.kind), quote(key.first));
}

/// One answer for each key, in the same order.
template <class T>
Task<Result<std::vector<std::optional<T>>>> find_all(Store& store, std::vector<KeyOf<T>> keys) {
  std::vector<Key> plain(keys.begin(), keys.end());
  auto found = co_await store.find(std::move(plain));
  if (!found) co_return tl::unexpected(std::move(found).error());
  std::vector<std::optional<T>> out;
  for (std::optional<Record>& one : *found) out.push_back(detail::typed<T>(one));
  co_return out;
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

/// Up to `most` records of a list: enough to count them or to find out whether there are any.
template <class T>
Task<Result<std::vector<T>>> list_first(Store& store, Query query, std::size_t most) {
  auto page = co_await store.list(std::move(query), {{}, most});
  if (!page) co_return tl::unexpected(std::move(page).error());
  std::vector<T> out;
  for (Record& record : page->records) out.push_back(std::get<T>(std::move(record)));
  co_return out;
}

/// Requires that a record with this key exists.
inline Require exists(Key key) { return {std::move(key), Expect::present()}; }

/// Requires that a record is still as it was read.
template <class T>
Require as_read(const T& record) {
  return {key_of(record), Expect::at(record.version)};
}

/// Stores a new record, unless another writer has created one with its key.
template <class T>
Put create(T&& record) {
  return {std::forward<T>(record), Expect::absent()};
}

/// Removes a record that was read, unless another writer has changed it since.
template <class T>
Erase erase(const T& record) {
  return {key_of(record), Expect::at(record.version)};
}

/// Stores the next version of a record that was read and then changed, unless another writer has
/// changed it since. A record of version 0 becomes version 1, unless another writer has created it.
/// An lvalue is updated to that version, too.
template <class T>
Put update(T&& record) {
  const Expect expect = record.version == 0 ? Expect::absent() : Expect::at(record.version);
  ++record.version;
  return {std::forward<T>(record), expect};
}

/// The same for a record with a last-modified time.
template <class T>
Put update(T&& record, Timestamp now) {
  record.modified = now;
  return update(std::forward<T>(record));
}

/// Whether a commit failed because others changed the records it depends on. A use case that
/// refuses for its own reason gives its error a cause.
inline bool is_lost_race(const Error& error) {
  return error.fault == Fault::conflict && !error.cause;
}

/// The number of attempts at a change that others keep overtaking.
inline constexpr int kMostAttempts = 5;

/// The result of `attempt`, a function of the attempt's number (from 1) that reads, decides and
/// commits. It is repeated while it loses the race; if it loses every time, the result is the last
/// loss.
template <class Attempt>
std::invoke_result_t<Attempt&, int> repeat_on_conflict(Attempt attempt) {
  for (int number = 1;; ++number) {
    auto result = co_await attempt(number);
    if (result || !is_lost_race(result.error()) || number == kMostAttempts) co_return result;
  }
}

/// The same; when it loses all races, the answer is Fault::unavailable.
template <class Attempt>
std::invoke_result_t<Attempt&, int> retry_on_conflict(Attempt attempt) {
  auto result = co_await repeat_on_conflict(std::move(attempt));
  if (result || !is_lost_race(result.error())) co_return result;
  co_return fail(Fault::unavailable, "others are changing the same thing at this moment: {}",
                 result.error().message);
}

}  // namespace imprint::registry
