// SPDX-License-Identifier: Apache-2.0
#include "provisioning/apply_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "issuance/signer.h"
#include "outcome/causes.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "test/support/test_ca.h"
#include "x509/csr.h"
#include "x509/digest.h"

namespace imprint::provisioning {
namespace {

using registry::CertificateStatus;
using runtime::run_blocking;
using testing::HasSubstr;

constexpr std::string_view kThing =
    R"("t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"Name"},)"
    R"("ThingTypeName":"Sensor","ThingGroups":["g"],"AttributePayload":{"site":"north"}}})";
constexpr std::string_view kPolicy =
    R"("p":{"Type":"AWS::IoT::Policy","Properties":{"PolicyName":"P"}})";

std::string certificate_resource(std::string_view source, std::string_view rest = "") {
  return fmt::format(
      R"("c":{{"Type":"AWS::IoT::Certificate","Properties":{{"{}":{{"Ref":"Source"}}{}}}}})",
      source, rest);
}

std::string body_of(std::initializer_list<std::string_view> resources) {
  return fmt::format(
      R"({{"Parameters":{{"Name":{{"Type":"String","Default":"one"}},"Source":{{"Type":"String"}}}},)"
      R"("Resources":{{{}}}}})",
      fmt::join(resources, ","));
}

std::string csr() { return *x509::make_csr_pem(test::make_key(), test::common_name("device")); }

struct World {
  World() {
    put(registry::ThingType{.name = *ThingTypeName::parse("Sensor"), .id = "t"});
    put(registry::ThingGroup{.name = *ThingGroupName::parse("g"), .id = "g"});
    put(registry::Policy{.name = *PolicyName::parse("P")});
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(run_blocking(memory.commit(std::move(changes))));
  }
  Result<AppliedTemplate> run(
      std::initializer_list<std::string_view> resources, templates::Parameters parameters,
      std::function<Result<void>(const AppliedTemplate&, registry::ChangeSet&)> also = {}) {
    auto parsed = templates::Template::parse(body_of(resources), templates::Use::register_thing);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return run_blocking(apply.run(
        {*parsed, std::move(parameters),
         registry::AuditEvent{.step = "register_thing", .outcome = "ok", .actor = "operator"},
         std::move(also)}));
  }
  template <class T>
  std::vector<T> all(registry::Query query) {
    return *run_blocking(registry::list_all<T>(memory, std::move(query)));
  }
  std::vector<registry::Certificate> certificates() {
    return all<registry::Certificate>(registry::query::Certificates{});
  }
  std::vector<registry::Thing> things() { return all<registry::Thing>(registry::query::Things{}); }
  std::vector<registry::IssuanceIntent> intents() {
    return all<registry::IssuanceIntent>(
        registry::query::Intents{clock.now() + std::chrono::hours(1)});
  }

  test::MemoryStore memory;
  test::FaultyStore store{memory};
  test::FakeClock clock;
  SystemRandom random;
  test::Identity ca = test::make_root("Issuing CA");
  issuance::Issuer issuer = *issuance::Issuer::make(
      ca.certificate, std::make_shared<issuance::FileSigner>(
                          *x509::PrivateKey::from_pem(ca.key.pem_pkcs8().reveal())));
  telemetry::Metrics metrics;
  Current<issuance::Profile> profile{*issuance::Profile::make({}, ca.certificate)};
  IssueCertificate issue{store, issuer, profile, metrics, clock, random};
  ApplyTemplate apply{store, issue, clock, random};
};

TEST(ApplyTemplate, CreatesAllResourcesFromASigningRequest) {
  World world;
  const auto done = world.run({kThing, kPolicy, certificate_resource("CertificateSigningRequest")},
                              {{"Source", csr()}});
  ASSERT_TRUE(done) << describe(done.error());
  const auto certificates = world.certificates();
  ASSERT_EQ(certificates.size(), 1U);
  const registry::Certificate& made = certificates[0];
  EXPECT_EQ(made.status, CertificateStatus::active);
  EXPECT_EQ(made.version, 1);
  EXPECT_EQ(done->certificate_pem, made.pem);
  EXPECT_EQ(done->resources,
            (std::map<std::string, std::string>{
                {"t", "thing/one"}, {"p", "policy/P"}, {"c", "cert/" + made.id.hex()}}));
  ASSERT_EQ(world.things().size(), 1U);
  EXPECT_EQ(world.things()[0].attributes.at("site"), "north");
  const auto of_thing = registry::query::PrincipalsOfThing{*ThingName::parse("one")};
  EXPECT_EQ(world.all<registry::ThingPrincipal>(of_thing).size(), 1U);
  EXPECT_EQ(world
                .all<registry::PolicyAttachment>(
                    registry::query::PoliciesOfTarget{registry::PolicyTarget(made.id)})
                .size(),
            1U);
  EXPECT_TRUE(world.intents().empty());
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].actor, "operator");
  EXPECT_EQ(events[0].thing, "one");
  EXPECT_EQ(events[0].certificate, made.id.hex());
}

TEST(ApplyTemplate, UsesARegisteredCertificateByIdOrPem) {
  for (const bool by_pem : {false, true}) {
    World world;
    const auto made = run_blocking(world.issue.run(test::make_key().public_key(), {}));
    ASSERT_TRUE(made);
    const auto done =
        world.run({kThing, certificate_resource(by_pem ? "CertificatePem" : "CertificateId")},
                  {{"Source", by_pem ? made->pem : made->id.hex()}});
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(world.certificates()[0].status, CertificateStatus::active);
    EXPECT_EQ(world.certificates()[0].version, 2);
    EXPECT_EQ(done->certificate_pem, made->pem);
    // Applied again: changes nothing, without an error.
    ASSERT_TRUE(
        world.run({kThing, certificate_resource("CertificateId")}, {{"Source", made->id.hex()}}));
    EXPECT_EQ(world.certificates()[0].version, 2);
  }
}

TEST(ApplyTemplate, NeedsNoCertificate) {
  World world;
  const auto done = world.run({kThing, kPolicy}, {});
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_FALSE(done->certificate_pem);
  EXPECT_EQ(done->resources.size(), 2U);
  EXPECT_TRUE(world.certificates().empty());
}

TEST(ApplyTemplate, LeavesOtherCertificatesOfAThingAlone) {
  World world;
  const auto resources = certificate_resource("CertificateSigningRequest");
  ASSERT_TRUE(world.run({kThing, resources}, {{"Source", csr()}}));
  ASSERT_TRUE(world.run({kThing, resources}, {{"Source", csr()}}));
  for (const registry::Certificate& certificate : world.certificates())
    EXPECT_EQ(certificate.status, CertificateStatus::active);
  EXPECT_EQ(world.certificates().size(), 2U);
}

TEST(ApplyTemplate, RefusesACertificateThatBelongsExclusivelyToAnotherThing) {
  World world;
  const auto made = run_blocking(world.issue.run(test::make_key().public_key(), {}));
  ASSERT_TRUE(made);
  world.put(registry::ThingPrincipal{
      .thing = *ThingName::parse("other"), .certificate = made->id, .exclusive = true});
  const auto done =
      world.run({kThing, certificate_resource("CertificateId")}, {{"Source", made->id.hex()}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, "ExclusiveThing"_cause);
  EXPECT_THAT(done.error().message, HasSubstr("other"));
}

TEST(ApplyTemplate, RefusesBeforeAnythingIsSigned) {
  const std::string revoked_and_fails =
      R"(,"Status":"ACTIVE"},"OverrideSettings":{"Status":"FAIL")";
  World world;
  const auto revoked = run_blocking(
      world.issue.run(test::make_key().public_key(), {.status = CertificateStatus::revoked}));
  const auto inactive = run_blocking(world.issue.run(test::make_key().public_key(), {}));
  const std::string stranger = test::make_root("stranger").certificate.pem();
  const std::string missing_type =
      R"("t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x","ThingTypeName":"none"}})";
  const std::string missing_group =
      R"("t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x","ThingGroups":["none"]}})";
  const std::string missing_policy =
      R"("p":{"Type":"AWS::IoT::Policy","Properties":{"PolicyName":"none"}})";
  const std::string from_csr = certificate_resource("CertificateSigningRequest");
  const std::string by_id = certificate_resource("CertificateId");
  struct Row {
    std::string name;
    std::string resource;
    std::string certificate;
    std::string source;
    Cause cause;
    std::string message;
  };
  const Row rows[] = {
      {"no such type", missing_type, from_csr, csr(), "ResourceRegistrationFailure"_cause, "none"},
      {"no such group", missing_group, from_csr, csr(), "ResourceRegistrationFailure"_cause,
       "none"},
      {"no such policy", missing_policy, from_csr, csr(), "ResourceRegistrationFailure"_cause,
       "none"},
      {"no CSR", std::string(kThing), from_csr, "nonsense", "ResourceRegistrationFailure"_cause,
       "CertificateSigningRequest"},
      {"no id", std::string(kThing), by_id, "abc", "InvalidParameters"_cause, "Source"},
      {"unknown id", std::string(kThing), by_id, std::string(64, 'a'),
       "ResourceRegistrationFailure"_cause, "not registered"},
      {"no PEM", std::string(kThing), certificate_resource("CertificatePem"), "x",
       "ResourceRegistrationFailure"_cause, "CertificatePem"},
      {"a stranger's PEM", std::string(kThing), certificate_resource("CertificatePem"), stranger,
       "ResourceRegistrationFailure"_cause, "no registered CA certificate"},
      {"revoked", std::string(kThing), by_id, revoked->id.hex(),
       "ResourceRegistrationFailure"_cause, "revoked"},
      {"FAIL", std::string(kThing), certificate_resource("CertificateId", revoked_and_fails),
       inactive->id.hex(), "OverrideIsFail"_cause, "FAIL"},
      {"bad name", std::string(kThing), by_id, inactive->id.hex(), "InvalidParameters"_cause,
       "Name"},
  };
  for (const Row& row : rows) {
    const auto done =
        world.run({row.resource, row.certificate},
                  {{"Name", row.name == "bad name" ? "a b" : "one"}, {"Source", row.source}});
    ASSERT_FALSE(done) << row.name;
    EXPECT_EQ(done.error().cause, row.cause) << row.name << ": " << describe(done.error());
    EXPECT_THAT(describe(done.error()), HasSubstr(row.message)) << row.name;
    EXPECT_TRUE(world.things().empty()) << row.name;
    EXPECT_TRUE(world.intents().empty()) << row.name << " was signed";
    EXPECT_EQ(world.certificates().size(), 2U) << row.name;
  }
}

TEST(ApplyTemplate, CommitsAdditionalChangesOrNothing) {
  World world;
  int attempts = 0;
  const auto also = [&](const AppliedTemplate& applied,
                        registry::ChangeSet& changes) -> Result<void> {
    EXPECT_EQ(applied.resources.at("t"), "thing/one");
    // The first attempt loses a race.
    changes.changes.emplace_back(
        registry::Put{registry::Counter{"mine", 1},
                      attempts++ == 0 ? registry::Expect::present() : registry::Expect::absent()});
    return {};
  };
  const auto done = world.run({kThing, certificate_resource("CertificateSigningRequest")},
                              {{"Source", csr()}}, also);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(world.certificates().size(), 1U) << "signed once for both attempts";

  const auto refuses = [](const AppliedTemplate&, registry::ChangeSet&) -> Result<void> {
    return fail(Fault::unavailable, "no room");
  };
  ASSERT_FALSE(world.run({kThing}, {{"Name", "two"}}, refuses));
  EXPECT_EQ(world.things().size(), 1U);
}

TEST(ApplyTemplate, LeavesNothingHalfDoneWhicheverStoreCallFails) {
  for (const auto when : {test::FaultyStore::When::before, test::FaultyStore::When::after}) {
    for (int n = 1;; ++n) {
      World world;
      world.store.fail_call(n, when);
      const auto done = world.run({kThing, certificate_resource("CertificateSigningRequest")},
                                  {{"Source", csr()}});
      const std::size_t things = world.things().size();
      EXPECT_EQ(world.certificates().size(), things) << n;
      if (done) EXPECT_EQ(things, 1U);
      if (!world.store.has_failed()) break;
      ASSERT_LT(n, 50);
    }
  }
}

/// The record of an operator's own CA.
registry::CaCertificate ca_record(const test::Identity& ca) {
  return {.id = ca.certificate.id(),
          .pem = ca.certificate.pem(),
          .is_active = true,
          .subject = x509::sha256(ca.certificate.subject().der()),
          .not_after = ca.certificate.not_after()};
}

TEST(ApplyTemplate, RegistersACertificateThatARegisteredCaSigned) {
  World world;
  const test::Identity factory = test::make_root("Factory CA");
  world.put(ca_record(factory));
  const test::Identity device = test::make_device(factory, "unit-1");
  const std::string with_ca = certificate_resource(
      "CertificatePem", R"(,"CACertificatePem":{"Ref":"Name"},"Status":"ACTIVE")");
  const auto done = world.run({with_ca, kPolicy}, {{"Source", device.certificate.pem()},
                                                   {"Name", factory.certificate.pem()}});
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(done->resources.at("c"), "cert/" + device.certificate.id().hex());
  ASSERT_EQ(world.certificates().size(), 1U);
  const registry::Certificate record = world.certificates().front();
  EXPECT_EQ(record.status, CertificateStatus::active);
  EXPECT_EQ(record.ca_certificate, factory.certificate.id());
  EXPECT_EQ(record.common_name, "unit-1");
  const std::string alone = certificate_resource("CertificatePem");
  EXPECT_TRUE(world.run({alone, kThing}, {{"Source", device.certificate.pem()}}))
      << "the second time it is registered already";
  const test::Identity second = test::make_device(factory, "unit-2");
  EXPECT_TRUE(world.run({alone}, {{"Source", second.certificate.pem()}}))
      << "its issuer is found without being given";
  EXPECT_EQ(world.certificates().size(), 2U);
}

TEST(ApplyTemplate, RegistersOnlyCertificatesOfActiveCas) {
  const test::Identity factory = test::make_root("Factory CA");
  const test::Identity other = test::make_root("Other CA");
  const test::Identity device = test::make_device(factory, "unit-1");
  const test::Identity stranger = test::make_device(other, "unit-2");
  World world;
  const std::string alone = certificate_resource("CertificatePem");
  const auto expect_refused = [&](const x509::Certificate& of, std::string_view because) {
    const auto done = world.run({alone}, {{"Source", of.pem()}});
    ASSERT_FALSE(done) << because;
    EXPECT_EQ(done.error().cause, "ResourceRegistrationFailure"_cause);
    EXPECT_THAT(done.error().message, HasSubstr(std::string(because)));
    EXPECT_TRUE(world.certificates().empty());
  };
  expect_refused(device.certificate, "RegisterCACertificate");
  registry::CaCertificate record = ca_record(factory);
  world.put(record);
  expect_refused(stranger.certificate, "CN=Other CA");
  record.is_active = false;
  world.put(record);
  expect_refused(device.certificate, "INACTIVE");
  record.is_active = true;
  record.not_after = world.clock.now() - test::kDay;
  world.put(record);
  expect_refused(device.certificate, "expired");
  const test::Identity old = test::make_child(factory, "old", [](x509::TbsCertificate& tbs) {
    tbs.not_before = test::kToday - 3 * test::kDay;
    tbs.not_after = test::kToday - 2 * test::kDay;
  });
  record.not_after = factory.certificate.not_after();
  world.put(record);
  expect_refused(old.certificate, "has expired");
}

}  // namespace
}  // namespace imprint::provisioning
