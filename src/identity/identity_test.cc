// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/access_control.h"
#include "identity/certificate_directory.h"
#include "test/support/gated_store.h"
#include "test/support/memory_store.h"
#include "test/support/test_ca.h"

namespace imprint::identity {
namespace {

registry::Certificate certificate_record(const CertificateId& id, std::int64_t version = 1) {
  return {.id = id, .pem = "", .version = version};
}
registry::Thing thing_record(const ThingName& name) { return {.name = name, .id = "i"}; }

using registry::Expect;
using registry::Put;
using runtime::run_blocking;

std::string allow(const std::string& topic) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Publish",)"
         R"("Resource":"arn:aws:iot:*:*:topic/)" +
         topic + "\"}]}";
}

/// A registry with one certificate "c", policy "P" attached to it, thing "t" in group "g".
struct World {
  World() {
    store.watch([this](const registry::ChangeSet& changes) {
      directory.apply(changes);
      access.apply(access_change_of(changes));
    });
    put(registry::Certificate{
        .id = id, .pem = device.certificate.pem(), .status = registry::CertificateStatus::active});
    set_policy("P", allow("first"));
    set_policy("Q", allow("of-group"));
    put(registry::PolicyAttachment{*PolicyName::parse("P"), registry::PolicyTarget(id)});
    put(registry::Thing{.name = thing, .id = "t"});
    put(registry::ThingGroup{.name = group, .id = "g"});
  }
  void commit(registry::Change change) {
    registry::ChangeSet changes;
    changes.changes.push_back(std::move(change));
    ASSERT_TRUE(run_blocking(memory.commit(std::move(changes))));
  }
  void put(registry::Record record) { commit(Put{std::move(record)}); }
  void erase(registry::Key key) { commit(registry::Erase{std::move(key)}); }
  void set_policy(const std::string& name, const std::string& document) {
    const PolicyName policy = *PolicyName::parse(name);
    const std::int64_t number = ++version;
    put(registry::PolicyVersion{policy, number, document});
    put(registry::Policy{.name = policy, .default_version = number, .last_version = number});
  }
  static ConnectionFacts connection(const std::string& client_id) {
    return {.client_id = client_id,
            .source_ip = {},
            .domain_name = {},
            .persistent = false,
            .has_will = false,
            .will_topic = {}};
  }
  PrincipalPtr principal() { return *run_blocking(access.principal(id)); }
  bool may_publish(const std::string& topic) {
    const PrincipalPtr p = principal();
    const ConnectionFacts facts = connection("t");
    return policy::evaluate(p->rights_of("t").set(), {policy::Action::publish, topic},
                            context_of(*p, facts, "000000000000", Timestamp()))
        .allowed();
  }

  test::MemoryStore memory;
  test::GatedStore store{memory};
  CertificateDirectory directory;
  AccessControl access{store};
  test::Identity root = test::make_root("An issuer");
  test::Identity device = test::make_device(root, "A device");
  CertificateId id = device.certificate.id();
  ThingName thing = *ThingName::parse("t");
  ThingGroupName group = *ThingGroupName::parse("g");
  std::int64_t version = 0;
};

TEST(AccessControl, CachesAPrincipalUntilAChangeAffectsIt) {
  World world;
  const PrincipalPtr first = world.principal();
  EXPECT_EQ(world.principal(), first);
  world.put(registry::Thing{.name = *ThingName::parse("other"), .id = "o"});
  world.put(certificate_record(CertificateId(Sha256{9})));
  EXPECT_EQ(world.principal(), first) << "unrelated changes";
}

TEST(AccessControl, EveryKindOfChangeTakesEffect) {
  World world;
  EXPECT_TRUE(world.may_publish("first"));
  world.set_policy("P", allow("second"));
  EXPECT_FALSE(world.may_publish("first")) << "a policy's default version";
  EXPECT_TRUE(world.may_publish("second"));

  world.put(registry::ThingPrincipal{world.thing, world.id});
  EXPECT_EQ(world.principal()->things.size(), 1U) << "a thing is attached";
  world.put(
      registry::PolicyAttachment{*PolicyName::parse("Q"), registry::PolicyTarget(world.group)});
  EXPECT_FALSE(world.may_publish("of-group"));
  world.put(registry::GroupMembership{world.thing, world.group});
  EXPECT_TRUE(world.may_publish("of-group")) << "its thing joins a group";
  world.erase(registry::membership_key(world.thing, world.group));
  EXPECT_FALSE(world.may_publish("of-group")) << "its thing leaves the group";
  world.put(registry::GroupMembership{world.thing, world.group});
  EXPECT_TRUE(world.may_publish("of-group"));
  world.erase(
      registry::attachment_key(*PolicyName::parse("Q"), registry::PolicyTarget(world.group)));
  EXPECT_FALSE(world.may_publish("of-group")) << "the group loses its policy";

  world.put(
      registry::Thing{.name = world.thing, .id = "t", .attributes = {{"a", "1"}}, .version = 2});
  EXPECT_EQ(world.principal()->things.at(0).thing.attributes.at("a"), "1")
      << "a thing's attributes";
  world.erase(registry::principal_key(world.thing, world.id));
  EXPECT_TRUE(world.principal()->things.empty()) << "a thing is detached";
  world.erase(registry::attachment_key(*PolicyName::parse("P"), registry::PolicyTarget(world.id)));
  EXPECT_FALSE(world.may_publish("second")) << "a policy is detached";
  world.erase(registry::certificate_key(world.id));
  const auto gone = run_blocking(world.access.principal(world.id));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().fault, Fault::not_found);
}

TEST(AccessControl, RepeatsALoadAfterAConcurrentChange) {
  World world;
  world.store.hold_lists();
  std::optional<PrincipalPtr> loaded;
  std::thread reader([&] { loaded = world.principal(); });
  while (world.store.waiting() == 0) std::this_thread::yield();
  world.put(registry::ThingPrincipal{world.thing, world.id});
  world.erase(registry::attachment_key(*PolicyName::parse("P"), registry::PolicyTarget(world.id)));
  world.store.open();
  reader.join();
  EXPECT_TRUE((*loaded)->policies.empty()) << "data read before the change is not returned";
  EXPECT_EQ((*loaded)->things.size(), 1U);
  EXPECT_EQ(world.principal(), *loaded);
}

TEST(AccessControl, ReusingAPolicysNameDoesNotRestoreItsOldDocument) {
  World world;
  ASSERT_TRUE(world.may_publish("first"));
  registry::PolicyVersion again{*PolicyName::parse("P"), 1, allow("new"), test::kToday};
  world.put(again);
  world.put(registry::Policy{.name = *PolicyName::parse("P"), .generation_id = "2"});
  EXPECT_TRUE(world.may_publish("new"));
  EXPECT_FALSE(world.may_publish("first"));
}

TEST(AccessControl, DoesNotCacheHypotheticalPrincipals) {
  World world;
  world.set_policy("Q", allow("${iot:Certificate.Subject.CommonName}"));
  const PrincipalPtr kept = world.principal();
  const PolicyName p = *PolicyName::parse("P");
  const PolicyName q = *PolicyName::parse("Q");
  const auto names = [&](PolicyChanges changes) {
    const PrincipalPtr asked =
        *run_blocking(world.access.principal_with(world.id, std::move(changes)));
    std::string out;
    for (const auto& policy : asked->policies) out += policy->name();
    return out;
  };
  EXPECT_EQ(names({.added = {q}}), "PQ");
  EXPECT_EQ(names({.added = {p}}), "P") << "not twice, although it is attached already";
  EXPECT_EQ(names({.skipped = {p, q}}), "");
  EXPECT_EQ(names({.added = {q}, .skipped = {q}}), "P");
  const PrincipalPtr asked = *run_blocking(world.access.principal_with(world.id, {.added = {q}}));
  EXPECT_NE(asked->subject, nullptr) << "the added policy refers to it";
  EXPECT_EQ(world.principal(), kept);
  const auto unknown = run_blocking(
      world.access.principal_with(world.id, {.added = {*PolicyName::parse("unknown")}}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().fault, Fault::not_found);
}

TEST(Principal, ThingOfAConnectionIsExclusiveOrNamedLikeTheClient) {
  Principal principal(certificate_record(CertificateId(Sha256{1})));
  const auto thing = [](const char* name) {
    return registry::Thing{.name = *ThingName::parse(name), .id = name};
  };
  EXPECT_EQ(principal.thing_of("a"), nullptr);
  principal.things.push_back({thing("a"), false});
  principal.things.push_back({thing("b"), false});
  EXPECT_EQ(principal.thing_of("c"), nullptr);
  EXPECT_EQ(principal.thing_of("b")->name.str(), "b");
  EXPECT_EQ(principal.thing_of("B"), nullptr) << "names are case-sensitive";
  principal.things = {{thing("only"), true}};
  EXPECT_EQ(principal.thing_of("anything")->name.str(), "only");
}

TEST(Principal, PoliciesCanReferToSubjectAndIssuer) {
  World world;
  world.set_policy(
      "P", allow("${iot:Certificate.Subject.CommonName}/${iot:Certificate.Issuer.CommonName}"));
  EXPECT_TRUE(world.may_publish("A device/An issuer"));
  EXPECT_FALSE(world.may_publish("A device/A device"));
  world.set_policy("P", allow("x"));
  EXPECT_EQ(world.principal()->subject, nullptr) << "parsed only if a policy refers to it";
}

TEST(Principal, IsUnavailableIfItsPolicyDoesNotExist) {
  World world;
  world.erase(registry::policy_key(*PolicyName::parse("P")));
  const auto principal = run_blocking(world.access.principal(world.id));
  ASSERT_FALSE(principal);
  EXPECT_EQ(principal.error().fault, Fault::unavailable);
}

TEST(Principal, ContextHasThingAndConnection) {
  World world;
  world.put(registry::Thing{.name = world.thing,
                            .id = "t",
                            .type = *ThingTypeName::parse("Sensor"),
                            .attributes = {{"site", "north"}},
                            .version = 2});
  world.put(registry::ThingPrincipal{world.thing, world.id});
  const PrincipalPtr principal = world.principal();
  ConnectionFacts named = World::connection("t");
  named.source_ip = "10.0.0.1";
  named.persistent = true;
  const Timestamp now{Seconds(7)};
  const policy::Context context = context_of(*principal, named, "000000000000", now);
  EXPECT_EQ(*context.now, now);
  EXPECT_EQ(*context.thing_name, "t");
  EXPECT_EQ(*context.thing_type_name, "Sensor");
  EXPECT_TRUE(context.is_attached);
  EXPECT_TRUE(context.persistent_connect);
  EXPECT_EQ(*context.source_ip, "10.0.0.1");
  const ConnectionFacts other = World::connection("u");
  EXPECT_FALSE(context_of(*principal, other, "000000000000", now).is_attached);
  EXPECT_TRUE(context_of(*principal, other, "000000000000", now).hides_its_thing);
}

TEST(CertificateDirectory, IsUpdatedWithTheRegistry) {
  World world;
  EXPECT_EQ(world.directory.status(world.id), registry::CertificateStatus::active);
  world.put(registry::Certificate{
      .id = world.id, .pem = "", .status = registry::CertificateStatus::revoked, .version = 2});
  EXPECT_EQ(world.directory.status(world.id), registry::CertificateStatus::revoked);
  world.erase(registry::certificate_key(world.id));
  EXPECT_EQ(world.directory.status(world.id), std::nullopt);
  for (std::uint8_t i = 0; i < 100; ++i) world.put(certificate_record(CertificateId(Sha256{i, 7})));
  CertificateDirectory fresh;
  ASSERT_TRUE(run_blocking(fresh.load(world.memory)));
  EXPECT_EQ(fresh.size(), 100U);
  EXPECT_EQ(
      fresh.count_by_status()[static_cast<std::size_t>(registry::CertificateStatus::inactive)],
      100U);
}

TEST(AccessChange, NewRecordsAffectNobodyAndPoliciesEverybody) {
  const CertificateId id(Sha256{1});
  const ThingName thing = *ThingName::parse("t");
  const PolicyName policy = *PolicyName::parse("P");
  const auto of = [](registry::Record record, Expect expect) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(Put{std::move(record), expect});
    return access_change_of(changes);
  };
  EXPECT_TRUE(of(certificate_record(id), Expect::absent()).empty());
  EXPECT_TRUE(of(thing_record(thing), Expect::absent()).empty());
  EXPECT_TRUE(of(registry::Policy{.name = policy}, Expect::absent()).empty());
  EXPECT_TRUE(of(registry::Counter{"n"}, {}).empty());
  EXPECT_EQ(of(certificate_record(id), Expect::at(1)).certificates.size(), 1U);
  EXPECT_EQ(of(registry::ThingPrincipal{thing, id}, Expect::absent()).certificates.size(), 1U);
  EXPECT_EQ(of(thing_record(thing), Expect::at(1)).things.size(), 1U);
  EXPECT_TRUE(of(registry::Policy{.name = policy}, Expect::at(1)).everything);
  EXPECT_TRUE(of(registry::PolicyAttachment{policy, ThingGroupName(*ThingGroupName::parse("g"))},
                 Expect::absent())
                  .everything);
}

}  // namespace
}  // namespace imprint::identity
