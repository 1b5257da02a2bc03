// SPDX-License-Identifier: Apache-2.0
// The conformance suite: what every Store guarantees, run on each implementation.
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "encoding/text.h"
#include "registry/audit_chain.h"
#include "registry/codec.h"
#include "registry/sqlite/audit_reader.h"
#include "registry/sqlite/lists.h"
#include "registry/sqlite/schema.h"
#include "registry/sqlite/snapshot.h"
#include "registry/sqlite/sqlite_store.h"
#include "registry/sqlite/statement.h"
#include "test/support/store_conformance.h"
#include "test/support/test_ca.h"

namespace imprint::registry {
namespace {

using runtime::run_blocking;
using test::ScratchFolder;
using test::StoreConformance;

ThingName thing_name(std::string_view text) { return *ThingName::parse(text); }
CertificateId certificate_id(std::uint8_t seed) {
  Sha256 digest{};
  digest.fill(seed);
  return CertificateId(digest);
}

Thing thing(std::string_view name, std::int64_t version = 1) {
  return {.name = thing_name(name),
          .id = "id",
          .attributes = {{"a", "1"}},
          .created = from_milliseconds(5),
          .version = version};
}

Certificate certificate(std::uint8_t seed, std::int64_t created = 1) {
  return {.id = certificate_id(seed), .pem = "PEM", .created = from_milliseconds(created)};
}

CaCertificate ca_certificate(std::uint8_t seed, std::int64_t created) {
  return {.id = certificate_id(seed), .pem = "PEM", .created = from_milliseconds(created)};
}

INSTANTIATE_TEST_SUITE_P(All, StoreConformance, test::kStores, test::store_name);

TEST_P(StoreConformance, FindsWhatWasPutAndNothingElse) {
  ASSERT_TRUE(put(thing("a")));
  const auto found =
      run_blocking(store().find({thing_key(thing_name("b")), thing_key(thing_name("a"))}));
  ASSERT_TRUE(found);
  EXPECT_FALSE((*found)[0]);
  ASSERT_TRUE((*found)[1]);
  EXPECT_EQ(std::get<Thing>(*(*found)[1]).attributes.at("a"), "1");
}

TEST_P(StoreConformance, EnforcesExpectations) {
  const struct {
    std::string name;
    Expect expect;
    bool accepted;
  } rows[] = {
      {"there", Expect::anything(), true}, {"there", Expect::absent(), false},
      {"there", Expect::present(), true},  {"there", Expect::at(1), true},
      {"there", Expect::at(2), false},     {"missing", Expect::present(), false},
      {"missing", Expect::at(1), false},   {"missing", Expect::absent(), true},
  };
  for (const auto& row : rows) {
    ASSERT_TRUE(put(thing("there")));
    const auto done = put(thing(row.name), row.expect);
    EXPECT_EQ(done.has_value(), row.accepted) << row.name;
    if (!done) {
      EXPECT_EQ(done.error().fault, Fault::conflict);
      EXPECT_EQ(done.error().where, row.name);
    }
  }
}

TEST_P(StoreConformance, AppliesAllOfAChangeSetOrNothing) {
  ASSERT_TRUE(put(thing("kept")));
  ChangeSet changes;
  changes.changes.emplace_back(Put{thing("new")});
  changes.changes.emplace_back(Erase{thing_key(thing_name("kept"))});
  changes.changes.emplace_back(Count{"uses"});
  changes.changes.emplace_back(Require{thing_key(thing_name("elsewhere")), Expect::present()});
  changes.events.push_back(AuditEvent{.step = "x", .outcome = "ok", .thing = "new"});
  EXPECT_FALSE(commit(changes));
  EXPECT_FALSE(find(thing_key(thing_name("new"))));
  EXPECT_TRUE(find(thing_key(thing_name("kept"))));
  EXPECT_FALSE(find(counter_key("uses")));
  EXPECT_TRUE(names(query::AuditEvents{}).empty());

  ASSERT_TRUE(put(thing("elsewhere")));
  EXPECT_TRUE(commit(changes));
  EXPECT_TRUE(find(thing_key(thing_name("new"))));
  EXPECT_FALSE(find(thing_key(thing_name("kept"))));
  EXPECT_EQ(names(query::AuditEvents{}).size(), 1U);
}

TEST_P(StoreConformance, CountsUpToTheLimitAndNoFurther) {
  for (int i = 0; i < 3; ++i) {
    ChangeSet changes;
    changes.changes.emplace_back(Count{"claim", 1, 3});
    EXPECT_TRUE(commit(changes)) << i;
  }
  ChangeSet over;
  over.changes.emplace_back(Count{"claim", 1, 3});
  const auto done = commit(over);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, Fault::exhausted);
  EXPECT_EQ(std::get<Counter>(*find(counter_key("claim"))).value, 3);
}

TEST_P(StoreConformance, ListsInPagesThatSurviveInsertsBetween) {
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(put(thing(fmt::format("t{:02}", i * 2))));
  auto first = run_blocking(store().list(query::Things{}, Cursor{{}, 10}));
  ASSERT_TRUE(first && first->next);
  ASSERT_TRUE(put(thing("t01")));  // before the cursor: not seen
  ASSERT_TRUE(put(thing("t19")));  // after the cursor: seen
  std::vector<std::string> rest;
  Cursor cursor{*first->next, 10};
  while (true) {
    auto page = run_blocking(store().list(query::Things{}, cursor));
    ASSERT_TRUE(page);
    for (const Record& record : page->records) rest.push_back(key_of(record).first);
    if (!page->next) break;
    cursor.after = *page->next;
  }
  EXPECT_EQ(rest.size(), 16U);
  EXPECT_EQ(rest.front(), "t19");
  EXPECT_EQ(rest.back(), "t48");
}

TEST_P(StoreConformance, AnswersEveryQuery) {
  const auto group = *ThingGroupName::parse("g");
  const auto parent = *ThingGroupName::parse("parent");
  const auto type = *ThingTypeName::parse("type");
  const auto policy = *PolicyName::parse("p");
  const auto other_policy = *PolicyName::parse("q");
  const auto name = *TemplateName::parse("T");
  const auto list = *ListName::parse("line-a");
  const auto other_list = *ListName::parse("line-a2");
  Thing typed = thing("b");
  typed.type = type;
  typed.attributes = {{"model", "x-1"}};
  Certificate pending = certificate(2, 20);
  pending.status = CertificateStatus::pending_activation;
  pending.requested_by = certificate_id(9);
  pending.public_key.fill(7);
  pending.ownership_expires = from_milliseconds(100);
  Certificate hidden = certificate(3, 10);
  hidden.purpose = CertificatePurpose::provisioning_claim;
  hidden.not_after = from_milliseconds(50);
  hidden.ca_certificate = pending.ca_certificate = certificate_id(10);
  CaCertificate templated = ca_certificate(11, 1);
  templated.subject.fill(1);
  templated.registration = RegistrationConfig{.template_name = name};

  ChangeSet all;
  const std::vector<Record> records = {
      thing("a"),
      typed,
      ThingType{.name = type, .id = "i"},
      ThingGroup{.name = parent, .id = "i"},
      ThingGroup{.name = group, .id = "i", .parent = parent},
      GroupMembership{thing_name("b"), group},
      certificate(1, 30),
      pending,
      hidden,
      IssuanceIntent{.serial = "01", .created = from_milliseconds(3)},
      Policy{.name = policy, .created = from_milliseconds(2)},
      Policy{.name = other_policy, .created = from_milliseconds(1)},
      PolicyVersion{policy, 1, "{}"},
      PolicyVersion{policy, 12, "{}"},
      PolicyAttachment{policy, PolicyTarget(certificate_id(1))},
      PolicyAttachment{other_policy, PolicyTarget(parent)},
      ThingPrincipal{thing_name("b"), certificate_id(1)},
      ProvisioningTemplate{.name = name, .settings = {{"allowlist", "line-a"}}},
      ProvisioningTemplateVersion{name, 1, "{}"},
      Credential{.access_key_id = "AKIAB", .name = "line 2"},
      Credential{.access_key_id = "AKIAA", .name = "line 1"},
      ca_certificate(10, 2),
      templated,
      ResourceTags{.resource = "policy/p", .tags = {{"k", "v"}}},
      Setting{.name = "s", .value = "v"},
      ManufacturingList{.name = list, .description = "first line"},
      ListEntry{.list = list,
                .serial = "a/%_'1",
                .template_name = name,
                .product_line = "sensors",
                .region = "eu",
                .extra = {{"hw", "2"}},
                .is_blocked = true},
      ListEntry{.list = list, .serial = "A"},
      ListEntry{.list = other_list, .serial = "A"}};
  for (const Record& record : records) all.changes.emplace_back(Put{record});
  all.events = {AuditEvent{.step = "s", .outcome = "ok", .thing = "b", .certificate = "c1"},
                AuditEvent{.step = "t",
                           .outcome = "ok",
                           .correlation = "one",
                           .client = "b",
                           .serial_number = "S1"}};
  ASSERT_TRUE(commit(all));

  const std::string one = certificate_id(1).hex();
  const std::string two = certificate_id(2).hex();
  const std::string three = certificate_id(3).hex();
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(query::Things{}), (Names{"a", "b"}));
  EXPECT_EQ(names(query::Things{.type = type}), Names{"b"});
  EXPECT_EQ(names(query::Things{.attribute_name = "model"}), Names{"b"});
  EXPECT_EQ(names(query::Things{.attribute_name = "model", .attribute_value = "x-1"}), Names{"b"});
  EXPECT_EQ(names(query::Things{.attribute_name = "model", .attribute_value = "x"}), Names{});
  EXPECT_EQ(names(query::Things{
                .attribute_name = "model", .attribute_value = "x", .value_is_prefix = true}),
            Names{"b"});
  EXPECT_EQ(names(query::ThingTypes{}), Names{"type"});
  EXPECT_EQ(names(query::ThingGroups{}), (Names{"g", "parent"}));
  EXPECT_EQ(names(query::ThingGroups{.parent = parent}), Names{"g"});
  EXPECT_EQ(names(query::ThingGroups{.name_prefix = "pa"}), Names{"parent"});
  EXPECT_EQ(names(query::GroupsOfThing{thing_name("b")}), Names{"b/g"});
  EXPECT_EQ(names(query::ThingsInGroup{group}), Names{"b/g"});
  EXPECT_EQ(names(query::Certificates{}), (Names{two, one}));
  EXPECT_EQ(names(query::Certificates{.ascending = false}, 1), (Names{one, two}));
  EXPECT_EQ(names(query::Certificates{.ascending = true, .provisioning_claims = true}, 1),
            (Names{three, two, one}));
  Certificate early_claim = certificate(8, 5);
  early_claim.purpose = CertificatePurpose::claim;
  Certificate late_claim = certificate(7, 6);
  late_claim.purpose = CertificatePurpose::claim;
  put(early_claim);
  put(late_claim);
  EXPECT_EQ(names(query::Claims{}, 1), (Names{early_claim.id.hex(), late_claim.id.hex()}));
  ChangeSet gone;
  gone.changes = {Erase{key_of(early_claim)}, Erase{key_of(late_claim)}};
  ASSERT_TRUE(commit(gone));
  EXPECT_EQ(names(query::CertificateStatuses{}, 2), (Names{one, two, three}));
  const auto statuses = run_blocking(list_all<Certificate>(store(), query::CertificateStatuses{}));
  ASSERT_TRUE(statuses);
  EXPECT_EQ((*statuses)[1].status, CertificateStatus::pending_activation);
  EXPECT_EQ((*statuses)[2].purpose, CertificatePurpose::provisioning_claim);
  EXPECT_EQ(names(query::CertificatesByKey{pending.public_key}), Names{two});
  EXPECT_EQ(names(query::CertificatesByKey{Sha256{8}}), Names{});
  EXPECT_EQ(names(query::ExpiredCertificates{from_milliseconds(60)}), Names{three});
  EXPECT_EQ(names(query::ExpiredCertificates{from_milliseconds(101)}, 1), (Names{two, three}));
  EXPECT_EQ(names(query::Intents{from_milliseconds(4)}), Names{"01"});
  EXPECT_EQ(names(query::Intents{from_milliseconds(3)}), Names{});
  EXPECT_EQ(names(query::Policies{}, 1), (Names{"q", "p"}));
  EXPECT_EQ(names(query::Policies{.ascending = false}, 1), (Names{"p", "q"}));
  EXPECT_EQ(names(query::PolicyVersions{policy}, 1).size(), 2U);
  EXPECT_EQ(names(query::PoliciesOfTarget{PolicyTarget(parent)}), Names{"q/thinggroup/parent"});
  EXPECT_EQ(names(query::TargetsOfPolicy{policy}), Names{"p/cert/" + one});
  EXPECT_EQ(names(query::PrincipalsOfThing{thing_name("b")}), Names{"b/" + one});
  EXPECT_EQ(names(query::ThingsOfPrincipal{certificate_id(1)}), Names{"b/" + one});
  EXPECT_EQ(names(query::Templates{}), Names{"T"});
  EXPECT_EQ(names(query::TemplateVersions{name}).size(), 1U);
  EXPECT_EQ(names(query::AccessOf{certificate_id(1)}),
            (Names{"p/cert/" + one, "b/" + one, "b", "b/g", "g", "parent", "q/thinggroup/parent"}));
  const std::string ca = certificate_id(10).hex();
  const std::string templated_ca = certificate_id(11).hex();
  EXPECT_EQ(names(query::CaCertificates{}, 1), (Names{templated_ca, ca}));
  EXPECT_EQ(names(query::CaCertificates{.ascending = false}, 1), (Names{ca, templated_ca}));
  EXPECT_EQ(names(query::CaCertificates{.template_name = name}), Names{templated_ca});
  EXPECT_EQ(names(query::CaCertificatesBySubject{Sha256{}}), Names{ca});
  EXPECT_EQ(names(query::CaCertificatesBySubject{templated.subject}), Names{templated_ca});
  EXPECT_EQ(names(query::CertificatesOfCa{certificate_id(10)}, 1), (Names{three, two}));
  EXPECT_EQ(names(query::CertificatesOfCa{certificate_id(10), false}, 1), (Names{two, three}));
  EXPECT_EQ(names(query::CertificatesOfCa{certificate_id(11)}), Names{});
  EXPECT_EQ(names(query::AwaitingActivation{}, 1), Names{two});
  Certificate soon = certificate(20, 1000);
  soon.status = CertificateStatus::active;
  soon.not_after = from_milliseconds(900);
  Certificate later = soon;
  later.id = certificate_id(21);
  later.not_after = from_milliseconds(901);
  Certificate unused = soon;
  unused.id = certificate_id(22);
  unused.status = CertificateStatus::inactive;
  Certificate shared = soon;
  shared.id = certificate_id(23);
  shared.purpose = CertificatePurpose::claim;
  for (const Certificate& one_more : {later, soon, unused, shared}) put(one_more);
  const auto expiring = [](std::int64_t from, std::int64_t until, bool brief = false) {
    return query::ExpiringCertificates{from_milliseconds(from), from_milliseconds(until), brief};
  };
  EXPECT_EQ(names(expiring(900, 902), 1), (Names{soon.id.hex(), later.id.hex()}));
  EXPECT_EQ(names(expiring(900, 902, true), 1), (Names{soon.id.hex(), later.id.hex()}));
  EXPECT_EQ(names(expiring(901, 902)), Names{later.id.hex()});
  EXPECT_EQ(names(expiring(0, 901)), Names{soon.id.hex()});
  put(Alarm{.id = "a", .kind = "disk-low", .since = from_milliseconds(1), .owed = {"mail raised"}});
  put(Alarm{.id = "b", .kind = "no-success", .since = from_milliseconds(2)});
  EXPECT_EQ(names(query::Alarms{}, 1), (Names{"b", "a"}));
  EXPECT_EQ(std::get<Alarm>(*find(alarm_key("a"))).owed, Names{"mail raised"});
  EXPECT_EQ(std::get<ResourceTags>(*find(tags_key("policy/p"))).tags.at("k"), "v");
  EXPECT_EQ(std::get<Setting>(*find(setting_key("s"))).value, "v");
  EXPECT_FALSE(find(tags_key("policy/q")));
  EXPECT_EQ(std::get<ProvisioningTemplate>(*find(template_key(name))).settings.at("allowlist"),
            "line-a");
  EXPECT_EQ(names(query::ManufacturingLists{}), Names{"line-a"});
  EXPECT_EQ(names(query::EntriesOfList{list}, 1), (Names{"line-a/A", "line-a/a/%_'1"}));
  const auto entry = std::get<ListEntry>(*find(list_entry_key(list, "a/%_'1")));
  EXPECT_EQ(entry.template_name, name);
  EXPECT_EQ(entry.product_line + entry.region, "sensorseu");
  EXPECT_EQ(entry.extra.at("hw"), "2");
  EXPECT_TRUE(entry.is_blocked);
  EXPECT_FALSE(find(list_entry_key(list, "a")));
  EXPECT_EQ(names(query::AuditEvents{}, 1).size(), 2U);
  EXPECT_EQ(names(query::AuditEvents{.thing = "b"}).size(), 1U);
  EXPECT_EQ(names(query::AuditEvents{.certificate = "c1"}).size(), 1U);
  EXPECT_EQ(names(query::AuditEvents{.client = "b"}).size(), 1U);
  EXPECT_EQ(names(query::AuditEvents{.serial_number = "S2"}).size(), 0U);
  EXPECT_EQ(names(query::AuditEvents{.correlation = "one"}).size(), 1U);
  EXPECT_EQ(
      names(query::AuditEvents{.ascending = false}, 1),
      (std::vector<std::string>{names(query::AuditEvents{})[1], names(query::AuditEvents{})[0]}));
  ChangeSet forget;
  forget.changes.emplace_back(Forget{1});
  ASSERT_TRUE(commit(std::move(forget)));
  EXPECT_EQ(names(query::AuditEvents{}).size(), 1U);
  EXPECT_EQ(names(query::AuditEvents{.client = "b"}).size(), 1U) << "the oldest is removed first";
  EXPECT_EQ(names(query::Credentials{}, 1), (Names{"AKIAA", "AKIAB"}));
}

AuditEvent event(std::string_view client) {
  return {.time = from_milliseconds(7),
          .step = "connect",
          .outcome = "ok",
          .client = std::string(client),
          .detail = R"({"a":[1,2]})"};
}

ChangeSet events(std::initializer_list<std::string_view> clients) {
  ChangeSet changes;
  for (const std::string_view client : clients) changes.events.push_back(event(client));
  return changes;
}

class AuditTrailConformance : public StoreConformance {
 protected:
  std::vector<AuditEvent> trail() {
    return *run_blocking(list_all<AuditEvent>(store(), query::AuditEvents{}));
  }
  AuditTrail standing() { return std::get<AuditTrail>(*find(audit_trail_key())); }
  /// The trail contains the events after the beginning, and their hashes match.
  void expect_whole(std::int64_t first, std::int64_t last) {
    ChainPlace at = standing().beginning();
    EXPECT_EQ(at.sequence + 1, first);
    for (const AuditEvent& found : trail()) {
      EXPECT_EQ(found.sequence, at.sequence + 1);
      EXPECT_EQ(found.hash, chain_hash(at.hash, found)) << found.sequence;
      at = place_of(found);
    }
    EXPECT_EQ(at.sequence, last);
    EXPECT_EQ(standing().head, at);
  }
};

INSTANTIATE_TEST_SUITE_P(All, AuditTrailConformance, test::kStores, test::store_name);

TEST_P(AuditTrailConformance, ChainsEventsInTheOrderOfTheirCommits) {
  EXPECT_EQ(standing(), AuditTrail{});
  std::vector<std::int64_t> told;
  store().watch([&](const ChangeSet& changes) {
    for (const AuditEvent& one : changes.events) {
      told.push_back(one.sequence);
      EXPECT_TRUE(one.hash);
    }
  });
  ASSERT_TRUE(commit(events({"a", "b"})));
  ASSERT_TRUE(commit(events({"c"})));
  expect_whole(1, 3);
  EXPECT_EQ(told, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(trail()[1].client, "b");
  EXPECT_EQ(std::get<AuditEvent>(*find(key_of(trail()[2]))), trail()[2]);
}

TEST_P(AuditTrailConformance, LeavesNoGapWhereACommitFails) {
  ASSERT_TRUE(commit(events({"a"})));
  ChangeSet refused = events({"b", "c"});
  refused.changes.emplace_back(Require{thing_key(thing_name("absent")), Expect::present()});
  EXPECT_FALSE(commit(std::move(refused)));
  ASSERT_TRUE(commit(events({"d"})));
  expect_whole(1, 2);
}

TEST_P(AuditTrailConformance, KeepsTheHashBeforeTheOldestRemainingEvent) {
  ASSERT_TRUE(commit(events({"a", "b", "c", "d"})));
  const AuditEvent second = trail()[1];
  ChangeSet forget = events({"e"});
  forget.changes.emplace_back(Forget{2});
  ASSERT_TRUE(commit(std::move(forget)));
  EXPECT_EQ(standing().forgotten, place_of(second));
  expect_whole(3, 5);
  ChangeSet everything;
  everything.changes.emplace_back(Forget{99});
  ASSERT_TRUE(commit(std::move(everything)));
  EXPECT_TRUE(trail().empty());
  expect_whole(6, 5);
  ASSERT_TRUE(commit(events({"f"})));
  expect_whole(6, 6);
  ChangeSet again;
  again.changes.emplace_back(Forget{2});
  ASSERT_TRUE(commit(std::move(again)));
  expect_whole(6, 6);
}

TEST_P(AuditTrailConformance, RefusesToPutOrEraseAuditEvents) {
  ASSERT_TRUE(commit(events({"a"})));
  const AuditEvent recorded = trail()[0];
  AuditEvent other = recorded;
  other.outcome = "denied";
  for (const Record& record : {Record(other), Record(AuditTrail{})}) {
    const auto put_it = put(record);
    ASSERT_FALSE(put_it);
    EXPECT_EQ(put_it.error().fault, Fault::internal);
    ChangeSet erase;
    erase.changes.emplace_back(Erase{key_of(record)});
    EXPECT_FALSE(commit(std::move(erase)));
  }
  EXPECT_EQ(trail(), std::vector{recorded});
}

TEST_P(StoreConformance, FindsCertificatesByIdentity) {
  const Sha256 key{7};
  const Sha256 issue{9};
  std::vector<std::string> ids;
  std::uint8_t number = 0;
  for (const CertificateStatus status :
       {CertificateStatus::active, CertificateStatus::inactive, CertificateStatus::revoked,
        CertificateStatus::pending_activation}) {
    Certificate of_key = certificate(++number);
    of_key.status = status;
    of_key.public_key = key;
    ASSERT_TRUE(put(of_key));
    ids.push_back(of_key.id.hex());
  }
  Certificate of_issue = certificate(50);
  of_issue.public_key = Sha256{8};
  of_issue.issued_as = issue;
  of_issue.status = CertificateStatus::revoked;
  ASSERT_TRUE(put(of_issue));
  Certificate other = certificate(60);
  other.public_key = Sha256{6};
  ASSERT_TRUE(put(other));
  for (const std::size_t page : {1U, 2U, 250U}) {
    EXPECT_EQ(names(query::SameIdentity{key, issue}, page),
              (std::vector<std::string>{ids[2], of_issue.id.hex(), ids[1], ids[0], ids[3]}))
        << page;
  }
  EXPECT_EQ(names(query::SameIdentity{key}),
            (std::vector<std::string>{ids[2], ids[1], ids[0], ids[3]}));
  EXPECT_EQ(names(query::SameIdentity{Sha256{1}, issue}),
            std::vector<std::string>{of_issue.id.hex()});
  EXPECT_EQ(names(query::SameIdentity{Sha256{1}}), std::vector<std::string>{});
}

TEST_P(StoreConformance, KeepsTombstones) {
  const Tombstone of_key{.certificate = certificate_id(1),
                         .public_key = Sha256{7},
                         .serial = "0a",
                         .common_name = "unit-1",
                         .created = from_milliseconds(5)};
  const Tombstone of_issue{.certificate = certificate_id(2),
                           .public_key = Sha256{8},
                           .issued_as = Sha256{9},
                           .created = from_milliseconds(6)};
  ASSERT_TRUE(put(of_key, Expect::absent()));
  ASSERT_TRUE(put(of_issue));
  const std::string one = certificate_id(1).hex();
  const std::string two = certificate_id(2).hex();
  EXPECT_EQ(names(query::Tombstones{}, 1), (std::vector<std::string>{one, two}));
  EXPECT_EQ(names(query::Tombstones{query::SameIdentity{Sha256{7}, Sha256{9}}}, 1),
            (std::vector<std::string>{one, two}));
  EXPECT_EQ(names(query::Tombstones{query::SameIdentity{Sha256{7}}}),
            std::vector<std::string>{one});
  EXPECT_EQ(names(query::Tombstones{query::SameIdentity{Sha256{1}, Sha256{9}}}),
            std::vector<std::string>{two});
  const auto found = find(tombstone_key(certificate_id(1)));
  ASSERT_TRUE(found);
  EXPECT_EQ(std::get<Tombstone>(*found).common_name, "unit-1");
  ChangeSet gone;
  gone.changes.emplace_back(Erase{tombstone_key(certificate_id(1)), Expect::at(1)});
  ASSERT_TRUE(commit(gone));
  EXPECT_EQ(names(query::Tombstones{}), std::vector<std::string>{two});
}

TEST_P(StoreConformance, RequiresTheSameCertificatesOfAKey) {
  Certificate one = certificate(1);
  one.public_key = Sha256{7};
  Certificate other = certificate(2);
  other.public_key = Sha256{8};
  other.issued_as = Sha256{9};
  const Tombstone gone{.certificate = certificate_id(3), .public_key = Sha256{7}};
  const auto holds = [&](std::map<Key, std::int64_t> versions) {
    ChangeSet changes;
    changes.changes.emplace_back(Put{thing("t")});
    changes.changes.emplace_back(RequireSame{{Sha256{7}, Sha256{9}}, std::move(versions)});
    const auto done = commit(std::move(changes));
    if (!done) EXPECT_EQ(done.error().fault, Fault::conflict);
    EXPECT_EQ(find(thing_key(thing_name("t"))).has_value(), done.has_value());
    ChangeSet cleaning;
    cleaning.changes.emplace_back(Erase{thing_key(thing_name("t"))});
    EXPECT_TRUE(commit(std::move(cleaning)));
    return done.has_value();
  };
  EXPECT_TRUE(holds({}));
  ASSERT_TRUE(put(certificate(60)));
  EXPECT_TRUE(holds({})) << "another key";
  ASSERT_TRUE(put(one));
  EXPECT_FALSE(holds({})) << "one was added";
  std::map<Key, std::int64_t> known{{certificate_key(one.id), 1}};
  EXPECT_TRUE(holds(known));
  one.version = 2;
  ASSERT_TRUE(put(one));
  EXPECT_FALSE(holds(known)) << "one was changed";
  known[certificate_key(one.id)] = 2;
  ASSERT_TRUE(put(other));
  EXPECT_FALSE(holds(known)) << "one with the same issuer and serial number was added";
  known[certificate_key(other.id)] = 1;
  EXPECT_TRUE(holds(known));
  ASSERT_TRUE(put(gone));
  EXPECT_FALSE(holds(known)) << "a revocation";
  known[tombstone_key(gone.certificate)] = 1;
  EXPECT_TRUE(holds(known));
  ChangeSet erased;
  erased.changes.emplace_back(Erase{certificate_key(one.id)});
  ASSERT_TRUE(commit(std::move(erased)));
  EXPECT_FALSE(holds(known)) << "one was erased";
}

TEST_P(StoreConformance, ListsRegistrationTasksNewestFirst) {
  const auto task = [](const std::string& id, std::int64_t created, TaskStatus status) {
    return RegistrationTask{
        .id = id, .status = status, .created = from_milliseconds(created), .modified = {}};
  };
  ASSERT_TRUE(put(task("first", 10, TaskStatus::completed)));
  ASSERT_TRUE(put(task("third", 30, TaskStatus::in_progress)));
  ASSERT_TRUE(put(task("second", 20, TaskStatus::completed)));
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(query::RegistrationTasks{}, 1), (Names{"third", "second", "first"}));
  EXPECT_EQ(names(query::RegistrationTasks{TaskStatus::completed}, 1), (Names{"second", "first"}));
  EXPECT_EQ(names(query::RegistrationTasks{TaskStatus::cancelling}), Names{});
  ASSERT_TRUE(put(RegistrationProgress{.task = "third", .done_lines = 7, .errors = {2, 99}}));
  const auto progress = find(registration_progress_key("third"));
  ASSERT_TRUE(progress);
  EXPECT_EQ(std::get<RegistrationProgress>(*progress).errors, (ReportPlace{2, 99}));
  EXPECT_FALSE(find(indexing_configuration_key()));
  ASSERT_TRUE(put(IndexingConfiguration{.things = false}));
  EXPECT_FALSE(std::get<IndexingConfiguration>(*find(indexing_configuration_key())).things);
}

/// A search's things in order, each as "name" or "name+group+group".
std::vector<std::string> found_by(Store& store, std::string_view text,
                                  std::size_t page_size = 250) {
  const auto search = search::Query::parse(text);
  EXPECT_TRUE(search) << text;
  std::vector<std::string> out;
  Cursor cursor{{}, page_size};
  while (true) {
    const auto page = run_blocking(store.list(query::SearchThings{*search}, cursor));
    EXPECT_TRUE(page) << text << ": " << page.error().message;
    if (!page) return out;
    std::size_t things = 0;
    for (const Record& record : page->records) {
      if (const auto* thing = std::get_if<Thing>(&record)) {
        out.push_back(thing->name.str());
        ++things;
      } else {
        out.back() += "+" + std::get<GroupMembership>(record).group.str();
      }
    }
    EXPECT_LE(things, page_size) << text;
    if (!page->next) return out;
    EXPECT_GT(*page->next, cursor.after) << text;
    cursor.after = *page->next;
  }
}

TEST_P(StoreConformance, FindsThingsBySearch) {
  const auto type = *ThingTypeName::parse("Pump");
  const auto put_thing = [&](std::string_view name, bool typed, Attributes attributes) {
    Thing made = thing(name);
    if (typed) made.type = type;
    made.attributes = std::move(attributes);
    ASSERT_TRUE(put(made));
  };
  put_thing("b-1", true, {{"temperature", "10"}, {"site", "North"}});
  put_thing("B-2", true, {{"temperature", "9.5"}, {"site", "north-west"}});
  put_thing("a-3", false, {{"temperature", "-100"}, {"site", "south"}});
  put_thing("c-4", true, {{"temperature", "warm"}});
  const auto hall = *ThingGroupName::parse("Hall");
  const auto small_hall = *ThingGroupName::parse("hall");
  for (const auto& [name, group] : {std::pair("b-1", hall), std::pair("b-1", small_hall),
                                    std::pair("a-3", *ThingGroupName::parse("yard"))}) {
    ASSERT_TRUE(put(GroupMembership{thing_name(name), group}));
  }
  using Names = std::vector<std::string>;
  const struct {
    std::string query;
    Names expected;
  } rows[] = {
      {"*", {"a-3+yard", "b-1+Hall+hall", "B-2", "c-4"}},
      {"thingName:b*", {"b-1+Hall+hall", "B-2"}},
      {"thingName:b-2", {"B-2"}},
      {"thingTypeName:pump", {"B-2", "b-1+Hall+hall", "c-4"}},
      {"thingGroupNames:hall", {"b-1+Hall+hall"}},
      {"thingGroupNames:h*", {"b-1+Hall+hall"}},
      {"attributes.site:north", {"b-1+Hall+hall"}},
      {"attributes.site:NORTH*", {"b-1+Hall+hall", "B-2"}},
      {"attributes.site:[n TO o]", {"b-1+Hall+hall", "B-2"}},
      {"attributes.temperature > -200", {"a-3+yard", "B-2", "b-1+Hall+hall"}},
      {"attributes.temperature:[9.5 TO 10}", {"B-2"}},
      {"attributes.temperature:*", {"a-3+yard", "b-1+Hall+hall", "B-2", "c-4"}},
      {"attributes.temperature >= 9.5 AND NOT thingGroupNames:hall", {"B-2"}},
      {"attributes.site:south OR thingName:c*", {"a-3+yard", "c-4"}},
      {"nothing", {}},
  };
  for (const auto& row : rows) {
    for (const std::size_t size : {1U, 2U, 250U}) {
      const auto found = found_by(store(), row.query, size);
      EXPECT_EQ(found, row.expected) << row.query << " in pages of " << size;
    }
  }
}

TEST_P(StoreConformance, SearchesTheRangeWithTheFewestThings) {
  const auto put_thing = [&](std::string_view name, std::string_view type, Attributes attributes) {
    Thing made = thing(name);
    made.type = *ThingTypeName::parse(type);
    made.attributes = std::move(attributes);
    ASSERT_TRUE(put(made));
  };
  // In the order of their names: 3 2 1. In that of the attribute's values: 1 2 3.
  put_thing("c", "Rare", {{"floor", "1"}});
  put_thing("b", "Rare", {{"floor", "1x"}});
  put_thing("a", "Rare", {{"floor", "1xx"}});
  const std::string query = "attributes.floor:1* AND thingTypeName:rare";
  using Names = std::vector<std::string>;
  EXPECT_EQ(found_by(store(), query), (Names{"c", "b", "a"}))
      << "equally many: the first range is used";
  put_thing("d", "Common", {{"floor", "1"}});
  EXPECT_EQ(found_by(store(), query), (Names{"a", "b", "c"})) << "fewer things have the type";
  for (const std::size_t size : {1U, 2U}) {
    EXPECT_EQ(found_by(store(), query, size), (Names{"a", "b", "c"})) << size;
    EXPECT_EQ(found_by(store(), "attributes.floor:1* AND thingTypeName:none", size), Names{});
  }
}

TEST_P(StoreConformance, SearchPagesStayInTheRangeOfTheFirstPage) {
  const auto put_thing = [&](std::string_view name, std::string_view type, Attributes attributes) {
    Thing made = thing(name);
    made.type = *ThingTypeName::parse(type);
    made.attributes = std::move(attributes);
    ASSERT_TRUE(put(made));
  };
  for (int i = 10; i < 30; ++i)
    put_thing(fmt::format("t{}", i), "Pump", {{"n", std::to_string(99 - i)}});
  for (int i = 0; i < 5; ++i) put_thing(fmt::format("without-{}", i), "Pump", {});
  const auto search = *search::Query::parse("attributes.n > 0 AND thingTypeName:pump");
  Cursor cursor{{}, 7};
  std::vector<std::string> all;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = run_blocking(store().list(query::SearchThings{search}, cursor));
    ASSERT_TRUE(page) << page.error().message;
    for (const Record& record : page->records) all.push_back(key_of(record).first);
    if (!page->next) break;
    cursor.after = *page->next;
    // From here on, the type is the narrower range.
    for (int i = 0; i < 40; ++i) put_thing(fmt::format("valve-{}", i), "Valve", {{"n", "50"}});
  }
  EXPECT_EQ(all.size(), 20U) << "no duplicates, none missing";
  EXPECT_TRUE(std::ranges::is_sorted(all, std::greater())) << "sorted by number to the end";
}

TEST_P(StoreConformance, SearchesRefuseInvalidCursors) {
  const auto search = *search::Query::parse("attributes.n > 0 AND thingTypeName:pump");
  for (const char* place :
       {"x", "\n", "0", "0\n", "0\nthing", "2\npump\nthing", "-1\npump\nthing", "x\npump\nthing",
        "1\npump\nthing", "pump\nthing", "99999999999999999999999\npump\nthing"}) {
    const auto page = run_blocking(store().list(query::SearchThings{search}, Cursor{place, 5}));
    ASSERT_FALSE(page) << place;
    EXPECT_EQ(page.error().fault, Fault::invalid) << place;
  }
  EXPECT_TRUE(run_blocking(store().list(query::SearchThings{search}, Cursor{"0\npump\nthing", 5})));
}

TEST_P(StoreConformance, SearchesTheCurrentState) {
  Thing one = thing("one");
  one.attributes = {{"site", "north"}};
  ASSERT_TRUE(put(one));
  ASSERT_TRUE(put(GroupMembership{one.name, *ThingGroupName::parse("g")}));
  EXPECT_EQ(found_by(store(), "attributes.site:north").size(), 1U);
  one.attributes = {{"site", "south"}};
  ASSERT_TRUE(put(one));
  EXPECT_TRUE(found_by(store(), "attributes.site:north").empty());
  EXPECT_EQ(found_by(store(), "attributes.site:south").size(), 1U);
  ChangeSet leaves;
  leaves.changes.emplace_back(Erase{membership_key(one.name, *ThingGroupName::parse("g"))});
  ASSERT_TRUE(commit(leaves));
  EXPECT_TRUE(found_by(store(), "thingGroupNames:g").empty());
  ChangeSet goes;
  goes.changes.emplace_back(Erase{thing_key(one.name)});
  ASSERT_TRUE(commit(goes));
  EXPECT_TRUE(found_by(store(), "*").empty());
}

TEST_P(StoreConformance, SearchPagesSurviveInsertsAndErasures) {
  for (int i = 0; i < 20; ++i) {
    Thing made = thing(fmt::format("t{:02}", i));
    made.attributes = {{"n", std::to_string(i)}};
    ASSERT_TRUE(put(made));
  }
  const auto search = *search::Query::parse("attributes.n >= 0");
  auto page = run_blocking(store().list(query::SearchThings{search}, Cursor{{}, 5}));
  ASSERT_TRUE(page && page->next);
  ChangeSet goes;
  goes.changes.emplace_back(Erase{thing_key(thing_name("t04"))});  // the cursor's own thing
  goes.changes.emplace_back(Erase{thing_key(thing_name("t10"))});
  ASSERT_TRUE(commit(goes));
  std::vector<std::string> rest;
  Cursor cursor{*page->next, 5};
  while (true) {
    page = run_blocking(store().list(query::SearchThings{search}, cursor));
    ASSERT_TRUE(page);
    for (const Record& record : page->records) rest.push_back(key_of(record).first);
    if (!page->next) break;
    cursor.after = *page->next;
  }
  ASSERT_EQ(rest.size(), 14U);
  EXPECT_EQ(rest.front(), "t05");
  EXPECT_EQ(rest.back(), "t19");
}

TEST_P(StoreConformance, PagesTwoPartKeysToTheEnd) {
  for (int i = 0; i < 7; ++i) {
    ChangeSet changes;
    const auto t = thing_name(fmt::format("t{}", i));
    changes.changes.emplace_back(Put{GroupMembership{t, *ThingGroupName::parse("g")}});
    changes.changes.emplace_back(Put{ThingPrincipal{t, certificate_id(1)}});
    changes.changes.emplace_back(Put{PolicyAttachment{
        *PolicyName::parse("p"), PolicyTarget(certificate_id(static_cast<std::uint8_t>(i)))}});
    ASSERT_TRUE(commit(changes));
  }
  EXPECT_EQ(names(query::ThingsInGroup{*ThingGroupName::parse("g")}, 2).size(), 7U);
  EXPECT_EQ(names(query::ThingsOfPrincipal{certificate_id(1)}, 2).size(), 7U);
  EXPECT_EQ(names(query::TargetsOfPolicy{*PolicyName::parse("p")}, 2).size(), 7U);
}

TEST_P(StoreConformance, NotifiesListenersBeforeTheCommitReturns) {
  std::vector<std::size_t> seen;
  store().watch([&](const ChangeSet& changes) { seen.push_back(changes.changes.size()); });
  ASSERT_TRUE(put(thing("a")));
  EXPECT_EQ(seen, std::vector<std::size_t>{1});
  EXPECT_FALSE(put(thing("a"), Expect::absent()));
  EXPECT_EQ(seen.size(), 1U);
}

TEST_P(StoreConformance, ManyWritersLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 100;
  std::latch begin(kThreads);
  std::vector<std::thread> threads;
  std::atomic<int> conflicts = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      begin.arrive_and_wait();
      for (int i = 0; i < kEach; ++i) {
        ChangeSet changes;
        changes.changes.emplace_back(Put{thing(fmt::format("t{}-{}", t, i)), Expect::absent()});
        changes.changes.emplace_back(Count{"all"});
        ASSERT_TRUE(run_blocking(store().commit(std::move(changes))));
        ChangeSet contested;  // every thread tries the same name: one wins each round
        contested.changes.emplace_back(Put{thing(fmt::format("round-{}", i)), Expect::absent()});
        if (!run_blocking(store().commit(std::move(contested)))) ++conflicts;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(names(query::Things{}).size(), static_cast<std::size_t>(kThreads * kEach + kEach));
  EXPECT_EQ(conflicts.load(), kThreads * kEach - kEach);
  EXPECT_EQ(std::get<Counter>(*find(counter_key("all"))).value, kThreads * kEach);
}

TEST(SqliteStore, KeepsEverythingAcrossAReopenAndIsPrivate) {
  const ScratchFolder folder;
  {
    auto store = SqliteStore::open(folder / "imprint.db");
    ASSERT_TRUE(store) << store.error().message;
    ChangeSet changes;
    changes.changes.emplace_back(Put{thing("a")});
    ASSERT_TRUE(run_blocking((*store)->commit(changes)));
    const auto second = SqliteStore::open(folder / "imprint.db");
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  }
  struct stat status{};
  ASSERT_EQ(stat((folder / "imprint.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  auto again = SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(again);
  EXPECT_TRUE(run_blocking(get<Thing>(**again, thing_key(thing_name("a")))));
}

/// A store of some hundred pages, closed.
void make_store(const std::filesystem::path& file) {
  auto store = SqliteStore::open(file);
  ASSERT_TRUE(store) << store.error().message;
  ChangeSet changes;
  for (int i = 0; i < 1000; ++i) changes.changes.emplace_back(Put{thing(fmt::format("t{:04}", i))});
  ASSERT_TRUE(run_blocking((*store)->commit(std::move(changes))));
}

TEST(SqliteStore, IsCheckedWithoutBeingChanged) {
  const ScratchFolder folder;
  make_store(folder / "imprint.db");
  const auto names = [&] {
    std::set<std::string> out;
    for (const auto& entry :
         std::filesystem::directory_iterator((folder / "imprint.db").parent_path()))
      out.insert(entry.path().filename().string());
    return out;
  };
  const auto before = names();
  EXPECT_EQ(before, (std::set<std::string>{"imprint.db", "imprint.db.lock"}))
      << "a store at rest is one file";
  const auto at_rest = check_store(folder / "imprint.db");
  EXPECT_TRUE(at_rest) << at_rest.error().message;
  EXPECT_EQ(names(), before) << "a store that is not open has no log";
  const auto store = SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(store);
  ASSERT_TRUE(run_blocking((*store)->commit({.changes = {Put{thing("more")}}})));
  const auto open = check_store(folder / "imprint.db");
  EXPECT_TRUE(open) << open.error().message;
}

TEST(SqliteStore, DamageIsNoticed) {
  const ScratchFolder folder;
  const auto damage = [&](std::streamoff at, std::string_view bytes) {
    std::fstream file(folder / "imprint.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  };
  const auto execute = [&](std::string_view sql) {
    auto connection = Connection::open(folder / "imprint.db", Connection::Mode::read_write);
    ASSERT_TRUE(connection && (*connection)->execute(sql));
  };
  constexpr std::streamoff kPage = 4096;
  const struct {
    std::string name;
    std::function<void()> harm;
    Fault fault;
    std::string message;
  } rows[] = {
      {"not there", [&] { std::filesystem::remove(folder / "imprint.db"); }, Fault::unavailable,
       "open"},
      {"empty", [&] { std::filesystem::resize_file(folder / "imprint.db", 0); }, Fault::invalid,
       "no tables of Imprint's"},
      {"something else", [&] { damage(0, "This is another file altogether."); }, Fault::invalid,
       "not a database"},
      {"another database", [&] { execute("PRAGMA user_version=0"); }, Fault::invalid,
       "no tables of Imprint's"},
      {"a newer one", [&] { execute("PRAGMA user_version=999"); }, Fault::conflict, "schema 999"},
      {"cut off", [&] { std::filesystem::resize_file(folder / "imprint.db", 20 * kPage); },
       Fault::invalid, "damaged"},
      {"a page overwritten", [&] { damage(30 * kPage, std::string(kPage, '\xA5')); },
       Fault::invalid, "damaged"},
  };
  for (const auto& row : rows) {
    std::filesystem::remove(folder / "imprint.db");
    make_store(folder / "imprint.db");
    row.harm();
    const auto checked = check_store(folder / "imprint.db");
    ASSERT_FALSE(checked) << row.name;
    EXPECT_EQ(checked.error().fault, row.fault) << row.name << ": " << checked.error().message;
    EXPECT_THAT(checked.error().message, testing::HasSubstr(row.message)) << row.name;
  }
  const auto copied = copy_store(folder / "imprint.db", (folder / "imprint.db").string() + ".copy");
  ASSERT_FALSE(copied) << "because a page was overwritten";
  EXPECT_EQ(copied.error().fault, Fault::invalid) << copied.error().message;
  EXPECT_FALSE(std::filesystem::exists((folder / "imprint.db").string() + ".copy"));
}

TEST(SqliteStore, SearchesGoThroughTheIndex) {
  const ScratchFolder folder;
  ASSERT_TRUE(SqliteStore::open(folder / "imprint.db"));
  auto connection = Connection::open(folder / "imprint.db", Connection::Mode::read_only);
  ASSERT_TRUE(connection);
  const auto explain = [&](const ListStatement& list) {
    std::vector<std::string> steps;
    const auto statement =
        (*connection)->prepare("EXPLAIN QUERY PLAN " + std::string(list.sql), list.values);
    EXPECT_TRUE(statement) << list.sql << statement.error().message;
    constexpr int kDetail = 3;
    while (*(*connection)->step(*statement)) steps.push_back(Connection::text(*statement, kDetail));
    return steps;
  };
  const search::Place deep{.term = "a", .number = 7, .thing_name = "thing"};
  for (const char* query : {"*", "thingName:a*", "thingTypeName:a", "thingGroupNames:a",
                            "attributes.a:b", "attributes.a:b*", "attributes.a > 5"}) {
    const search::Range range = search::Query::parse(query)->ranges().front();
    for (const auto& after : {std::optional<search::Place>(), std::optional(deep)}) {
      EXPECT_THAT(
          explain(search_statement(range, after, 10)),
          testing::ElementsAre(testing::StartsWith("SEARCH"), testing::StartsWith("SEARCH")))
          << query;
    }
    EXPECT_THAT(
        explain(count_statement(range, 10)),
        testing::Contains(testing::AllOf(testing::StartsWith("SEARCH"),
                                         testing::HasSubstr("field=?"), testing::HasSubstr(">"))))
        << query;
  }
}

TEST(SqliteStore, SearchesAThousandThingsAtATime) {
  const ScratchFolder folder;
  auto store = SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(store);
  constexpr int kThings = 1500;
  ChangeSet all;
  for (int i = 0; i < kThings; ++i) all.changes.emplace_back(Put{thing(fmt::format("t{:04}", i))});
  ASSERT_TRUE(run_blocking((*store)->commit(std::move(all))));
  const auto rare = *search::Query::parse("NOT thingName:t0*");
  const auto page = run_blocking((*store)->list(query::SearchThings{rare}, Cursor{{}, 10}));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->records.empty());
  EXPECT_TRUE(page->next);
  EXPECT_EQ(found_by(**store, "NOT thingName:t0*", 100).size(), 500U);
}

TEST(SqliteStore, AnUnreadableAuditEventHidesNoOther) {
  const ScratchFolder folder;
  auto store = SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(store) << store.error().message;
  ChangeSet changes;
  changes.events = {AuditEvent{.step = "a", .outcome = "ok", .client = "d"},
                    AuditEvent{.step = "half \xc3", .outcome = "ok", .client = "d"},
                    AuditEvent{.step = "b", .outcome = "ok", .client = "d"}};
  ASSERT_TRUE(run_blocking((*store)->commit(changes)));
  const auto listed =
      run_blocking(list_all<AuditEvent>(**store, query::AuditEvents{.client = "d"}));
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 3U);
  EXPECT_EQ((*listed)[1].step, "unreadable");
  EXPECT_EQ((*listed)[1].sequence, 2);
}

TEST(SqliteStore, MigratesAnOlderSchema) {
  const ScratchFolder folder;
  {
    auto old = *Connection::open((folder / "imprint.db").string(), Connection::Mode::read_write);
    ASSERT_TRUE(old->execute(migrations().front()));
    ASSERT_TRUE(old->execute("PRAGMA user_version=1"));
    ASSERT_TRUE(
        old->execute("INSERT INTO policies (name, version, created, body) VALUES "
                     "('old', 1, 0, '{\"name\":\"old\",\"version\":1}')"));
  }
  auto store = SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE(run_blocking(get<Policy>(**store, policy_key(*PolicyName::parse("old")))));
  Certificate under_ca = certificate(1);
  under_ca.ca_certificate = certificate_id(10);
  ChangeSet changes;
  changes.changes.emplace_back(Put{under_ca});
  changes.changes.emplace_back(Put{ca_certificate(10, 1)});
  ASSERT_TRUE(run_blocking((*store)->commit(changes)));
  const auto listed =
      run_blocking(list_all<Certificate>(**store, query::CertificatesOfCa{certificate_id(10)}));
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 1U);
}

/// A store as written by the last version before certificates had identities.
void make_without_identities(const std::filesystem::path& file,
                             const std::vector<Certificate>& certificates,
                             const CertificateId& retired) {
  auto old = *Connection::open(file.string(), Connection::Mode::read_write);
  std::int64_t steps = 0;
  for (const std::string_view step : migrations()) {
    if (step.find("CREATE TABLE tombstones") != std::string_view::npos) break;
    ASSERT_TRUE(old->execute(step));
    ++steps;
  }
  ASSERT_TRUE(old->execute(fmt::format("PRAGMA user_version={}", steps)));
  for (const Certificate& one : certificates) {
    encoding::json::object body = to_json(Record(one));
    body.erase("issued_as");
    ASSERT_TRUE(old->run(
        "INSERT INTO certificates (id, version, created, status, purpose, public_key, body) "
        "VALUES (?1,?2,?3,?4,0,?5,?6)",
        {one.id.hex(), one.version, to_milliseconds(one.created),
         std::string(to_string(one.status)), encoding::to_hex(one.public_key),
         encoding::to_json(body)}));
  }
  const AuditEvent event{
      .step = "retire_certificate", .outcome = "ok", .certificate = retired.hex()};
  ASSERT_TRUE(old->run("INSERT INTO audit_events (certificate, body) VALUES (?1, ?2)",
                       {retired.hex(), encoding::to_json(to_json(Record(event)))}));
}

TEST(SqliteStore, FillsInTheIdentitiesOfCertificatesThatAnEarlierVersionStored) {
  const auto record = [](const test::Identity& of, CertificateStatus status, std::int64_t created,
                         std::int64_t version) {
    return Certificate{.id = of.certificate.id(),
                       .pem = of.certificate.pem(),
                       .status = status,
                       .public_key = of.certificate.public_key().sha256(),
                       .created = from_milliseconds(created),
                       .modified = from_milliseconds(77),
                       .version = version};
  };
  const test::Identity ca = test::make_root("CA");
  const test::Identity revoked = test::make_device(ca, "revoked");
  const test::Identity retired = test::make_device(ca, "retired");
  const test::Identity renewed = test::make_child(ca, "retired", [&](x509::TbsCertificate& tbs) {
    tbs.public_key = retired.certificate.public_key();
    tbs.serial = test::serial(4711);
  });
  const test::Identity stopped = test::make_device(ca, "stopped");
  const test::Identity never = test::make_device(ca, "never in service");
  Certificate unreadable = certificate(99);
  const ScratchFolder folder;
  make_without_identities(folder / "imprint.db",
                          {record(revoked, CertificateStatus::revoked, 1, 3),
                           record(retired, CertificateStatus::inactive, 2, 3),
                           record(renewed, CertificateStatus::active, 3, 2),
                           record(stopped, CertificateStatus::inactive, 4, 3),
                           record(never, CertificateStatus::inactive, 5, 1), unreadable},
                          retired.certificate.id());
  auto store = SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(store) << store.error().message;
  const auto found = run_blocking(list_all<Certificate>(
      **store, query::SameIdentity{Sha256{1}, revoked.certificate.issued_as()}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 4U) << "these test certificates share one serial number";
  EXPECT_EQ(found->front().id, revoked.certificate.id());
  const auto get_one = [&](const test::Identity& of) {
    return *run_blocking(get<Certificate>(**store, certificate_key(of.certificate.id())));
  };
  EXPECT_EQ(get_one(revoked).issued_as, revoked.certificate.issued_as());
  EXPECT_EQ(get_one(renewed).issued_as, renewed.certificate.issued_as());
  EXPECT_EQ(get_one(retired).replaced_by, renewed.certificate.id());
  EXPECT_FALSE(get_one(retired).deactivated);
  EXPECT_EQ(get_one(stopped).deactivated, from_milliseconds(77));
  EXPECT_FALSE(get_one(never).deactivated);
  EXPECT_FALSE(run_blocking(get<Certificate>(**store, certificate_key(unreadable.id)))->issued_as);
}

/// A store as written by the last version before the hash chain: events 2 to 4, without hashes.
void make_unchained(const std::filesystem::path& file) {
  auto old = *Connection::open(file.string(), Connection::Mode::read_write);
  std::int64_t steps = 0;
  for (const std::string_view step : migrations()) {
    if (step.find("CREATE TABLE audit_trail") != std::string_view::npos) break;
    ASSERT_TRUE(old->execute(step));
    ++steps;
  }
  ASSERT_TRUE(old->execute(fmt::format("PRAGMA user_version={}", steps)));
  for (const std::string_view client : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(old->run("INSERT INTO audit_events (client, body) VALUES (?1, ?2)",
                         {std::string(client), encoding::to_json(to_json(Record(event(client))))}));
  }
  ASSERT_TRUE(old->execute("DELETE FROM audit_events WHERE sequence = 1"));
}

TEST(SqliteStore, BeginsTheChainAfterTheEventsOfAnEarlierVersion) {
  const ScratchFolder folder;
  make_unchained(folder / "imprint.db");
  {
    const auto reader = AuditReader::open(folder / "imprint.db");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().fault, Fault::conflict);
  }
  auto store = *SqliteStore::open(folder / "imprint.db");
  ASSERT_TRUE(run_blocking(store->commit(events({"e"}))));
  const auto trail = run_blocking(get<AuditTrail>(*store, audit_trail_key()));
  ASSERT_TRUE(trail);
  EXPECT_EQ(trail->unchained, 4);
  EXPECT_EQ(trail->forgotten, (ChainPlace{1, {}}));
  EXPECT_EQ(trail->beginning(), (ChainPlace{4, {}}));
  const auto listed = *run_blocking(list_all<AuditEvent>(*store, query::AuditEvents{}));
  ASSERT_EQ(listed.size(), 4U);
  EXPECT_FALSE(listed[2].hash);
  EXPECT_EQ(listed[3].hash, chain_hash({}, listed[3]));
}

TEST(SqliteStore, ContinuesTheChainAfterARestart) {
  const ScratchFolder folder;
  for (const std::string_view client : {"a", "b"}) {
    auto store = *SqliteStore::open(folder / "imprint.db");
    ASSERT_TRUE(run_blocking(store->commit(events({client}))));
  }
  auto reader = AuditReader::open(folder / "imprint.db");
  ASSERT_TRUE(reader) << reader.error().message;
  const auto rows = reader->after(0, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[1].event.hash, chain_hash(*(*rows)[0].event.hash, (*rows)[1].event));
  EXPECT_EQ(reader->trail().head, place_of((*rows)[1].event));
}

TEST(AuditReader, NamesAnAlteredRow) {
  const ScratchFolder folder;
  {
    auto store = *SqliteStore::open(folder / "imprint.db");
    ASSERT_TRUE(run_blocking(store->commit(events({"a", "b", "c"}))));
  }
  {
    auto raw = *Connection::open((folder / "imprint.db").string(), Connection::Mode::read_write);
    ASSERT_TRUE(
        raw->execute("UPDATE audit_events SET client='z' WHERE sequence=1;"
                     "UPDATE audit_events SET body='{' WHERE sequence=2"));
  }
  const auto rows = AuditReader::open(folder / "imprint.db")->after(0, 10);
  ASSERT_TRUE(rows);
  EXPECT_THAT((*rows)[0].defect, testing::HasSubstr("filed under the client \"z\""));
  EXPECT_THAT((*rows)[1].defect, testing::HasSubstr("cannot be read"));
  EXPECT_EQ((*rows)[2].defect, "");
}

/// Two of many waiting change sets cannot be written; the others are not affected.
TEST(SqliteStore, AnUnwritableChangeSetFailsAlone) {
  const ScratchFolder folder;
  {
    ASSERT_TRUE(SqliteStore::open(folder / "imprint.db"));
  }
  {
    auto raw = *Connection::open((folder / "imprint.db").string(), Connection::Mode::read_write);
    ASSERT_TRUE(
        raw->execute("CREATE TRIGGER poison BEFORE INSERT ON audit_events WHEN NEW.client='poison' "
                     "BEGIN SELECT RAISE(ABORT, 'poison'); END"));
  }
  auto store = *SqliteStore::open(folder / "imprint.db");
  constexpr int kMany = 300;
  const auto is_poison = [](int i) { return i == 7 || i == 250; };
  std::atomic<int> wrong = 0;
  std::atomic<int> left = kMany;
  const auto commit = [&](int i) -> Task<void> {
    const auto done = co_await store->commit(events({is_poison(i) ? "poison" : "good"}));
    if (done.has_value() == is_poison(i)) ++wrong;
    --left;
  };
  for (int i = 0; i < kMany; ++i) runtime::start(commit(i));
  while (left > 0) std::this_thread::yield();
  EXPECT_EQ(wrong, 0);
  const auto all = *run_blocking(list_all<AuditEvent>(*store, query::AuditEvents{}));
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kMany - 2));
}

/// More than half of what a transaction can hold.
ChangeSet large_changes() {
  ChangeSet changes = events({"large"});
  changes.events.front().detail = '"' + std::string(std::size_t{3} << 20U, 'x') + '"';
  return changes;
}

TEST(SqliteStore, AnswersEachTransactionAsItFinishes) {
  const ScratchFolder folder;
  constexpr std::chrono::seconds kPatience(30);
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t answered = 0;
  bool all_wait = false;
  std::vector<std::size_t> transactions;
  SqliteOptions options;
  // Called by the writer: the first call waits until three large change sets are queued, each later
  // call until the callers of the transactions before it have been answered.
  options.on_batch = [&](const CommitBatch& batch) {
    std::unique_lock lock(mutex);
    transactions.push_back(batch.change_sets);
    changed.notify_all();
    EXPECT_TRUE(changed.wait_for(lock, kPatience,
                                 [&] { return all_wait && answered + 1 >= transactions.size(); }));
  };
  auto store = *SqliteStore::open(folder / "imprint.db", std::move(options));
  const auto commit = [&](ChangeSet changes) -> Task<void> {
    EXPECT_TRUE(co_await store->commit(std::move(changes)));
    const std::scoped_lock lock(mutex);
    ++answered;
    changed.notify_all();
  };
  runtime::start(commit(events({"small"})));
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, kPatience, [&] { return !transactions.empty(); }));
  lock.unlock();
  for (int i = 0; i < 3; ++i) runtime::start(commit(large_changes()));
  lock.lock();
  all_wait = true;
  changed.notify_all();
  ASSERT_TRUE(changed.wait_for(lock, kPatience, [&] { return answered == 4; }));
  EXPECT_THAT(transactions, testing::ElementsAre(1, 1, 1, 1));
}

TEST(SqliteStore, OperatorsWhoReadTheTrailDoNotDelayDevices) {
  const ScratchFolder folder;
  auto store = *SqliteStore::open(folder / "imprint.db");
  constexpr std::size_t kEvents = 1'000;
  constexpr int kPages = 200;
  ChangeSet changes;
  for (std::size_t i = 0; i < kEvents; ++i) changes.events.push_back(event("one"));
  ASSERT_TRUE(run_blocking(store->commit(std::move(changes))));
  std::atomic<int> read = 0;
  const auto page = [&]() -> Task<void> {
    EXPECT_TRUE(co_await store->list(query::AuditEvents{}, Cursor{{}, kEvents}));
    ++read;
  };
  for (int i = 0; i < kPages; ++i) runtime::start(page());
  // The read of a device's request.
  EXPECT_TRUE(run_blocking(store->find({certificate_key(certificate_id(1))})));
  EXPECT_TRUE(run_blocking(store->list(query::AccessOf{certificate_id(1)}, Cursor())));
  EXPECT_LT(read, kPages);
  while (read < kPages) std::this_thread::yield();
}

TEST(SqliteStore, RefusesAFileThatIsNotAStore) {
  const ScratchFolder folder;
  FILE* file = fopen((folder / "imprint.db").c_str(), "w");
  ASSERT_NE(file, nullptr);
  fputs(std::string(4096, 'x').c_str(), file);
  fclose(file);
  const auto store = SqliteStore::open(folder / "imprint.db");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().fault, Fault::unavailable);
  EXPECT_THAT(store.error().message, testing::HasSubstr((folder / "imprint.db").string()));
  EXPECT_THAT(store.error().message, testing::HasSubstr("imprint restore FILE DIR"));
}

}  // namespace
}  // namespace imprint::registry
