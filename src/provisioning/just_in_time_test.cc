// SPDX-License-Identifier: Apache-2.0
#include "provisioning/just_in_time.h"

#include "outcome/causes.h"
#include "provisioning/first_use.h"
#include "provisioning/outside_certificate.h"
#include "test/support/just_in_time_world.h"
#include "test/support/twin.h"

namespace imprint::provisioning {
namespace {

using World = test::JustInTimeWorld;
using registry::CertificateStatus;
using runtime::run_blocking;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(JustInTime, GivesADeviceItsThingPolicyAndStatusAtOnce) {
  World world;
  const test::Identity device = world.device("sensor-1");
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced) << introduced.error().message;
  EXPECT_EQ(introduced->status, CertificateStatus::active);
  EXPECT_EQ(introduced->thing, ThingName::parse("sensor-1").value());
  EXPECT_TRUE(introduced->was_pending);
  EXPECT_FALSE(introduced->failure);
  const auto record = world.find(device);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->status, CertificateStatus::active);
  EXPECT_EQ(record->ca_certificate, world.ca.certificate.id());
  EXPECT_EQ(record->pem, device.certificate.pem());
  EXPECT_EQ(world
                .all<registry::ThingPrincipal>(
                    registry::query::ThingsOfPrincipal{device.certificate.id()})
                .size(),
            1U);
  EXPECT_EQ(world
                .all<registry::PolicyAttachment>(registry::query::PoliciesOfTarget{
                    registry::PolicyTarget(device.certificate.id())})
                .size(),
            1U);
  EXPECT_THAT(world.steps(), ElementsAre("just_in_time_provisioning"));
}

TEST(JustInTime, IdentifiesTheTemplateOfACaByTheCasId) {
  World world;
  ASSERT_TRUE(world.connect(world.device("sensor-1")));
  const std::string name = "cacert/" + world.ca.certificate.id().hex();
  const auto made = run_blocking(
      registry::get(world.memory, registry::counter_key("things-of-template/" + name)));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->value, 1);
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(encoding::parse_json(events[0].detail)->at("template").as_string(), name);
}

TEST(JustInTime, LeavesAnIdentityAlone) {
  World world;
  const test::Identity device = world.device("sensor-1");
  ASSERT_TRUE(world.connect(device));
  const auto again = world.connect(device);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->was_pending);
  EXPECT_EQ(again->status, CertificateStatus::active);
  EXPECT_EQ(world.find(device)->version, 1);
}

TEST(JustInTime, WaitsForAnOperatorWithoutARegistrationConfig) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  const test::Identity device = world.device("sensor-1");
  for (int i = 0; i < 2; ++i) {
    const auto introduced = world.connect(device);
    ASSERT_TRUE(introduced) << introduced.error().message;
    EXPECT_TRUE(introduced->was_pending);
    EXPECT_EQ(introduced->status, CertificateStatus::pending_activation);
    EXPECT_EQ(introduced->registered, test::kToday);
    world.clock.advance(std::chrono::seconds(5));
  }
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  EXPECT_THAT(world.steps(), ElementsAre("just_in_time_registration"));
}

TEST(JustInTime, KeepsACertificateThatItCannotProvisionAndTriesAgain) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) {
    std::string body = test::jitp_template("DevicePolicy");
    body.replace(body.find("DevicePolicy"), 12, "AnotherOne");
    ca.registration->template_body = body;
  });
  const test::Identity device = world.device("sensor-1");
  const auto failed = world.connect(device);
  ASSERT_TRUE(failed) << failed.error().message;
  ASSERT_TRUE(failed->failure);
  EXPECT_THAT(failed->failure->message, HasSubstr(R"(policy "AnotherOne" does not exist)"));
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  world.put(registry::Policy{.name = *PolicyName::parse("AnotherOne")});
  const auto mended = world.connect(device);
  ASSERT_TRUE(mended && !mended->failure);
  EXPECT_EQ(world.status(device), CertificateStatus::active);
}

TEST(JustInTime, RefusesHostileSubjectsAsNames) {
  World world;
  for (const std::string name :
       {"a/b", "*", "+", "#", "${iot:ClientId}", "../x", "'; DROP TABLE things;--", "a b", "ü"}) {
    const test::Identity device = world.device(name);
    const auto introduced = world.connect(device);
    ASSERT_TRUE(introduced) << name << ": " << introduced.error().message;
    EXPECT_TRUE(introduced->failure) << name;
    EXPECT_EQ(world.status(device), CertificateStatus::pending_activation) << name;
  }
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
}

TEST(JustInTime, RefusesADeclaredParameterThatTheSubjectLacks) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) {
    std::string& body = ca.registration->template_body;
    for (auto at = body.find("CommonName"); at != std::string::npos; at = body.find("CommonName"))
      body.replace(at, 10, "Country");
  });
  const auto introduced = world.connect(world.device("sensor-1"));
  ASSERT_TRUE(introduced && introduced->failure);
  EXPECT_THAT(introduced->failure->message, HasSubstr("AWS::IoT::Certificate::Country"));
}

TEST(JustInTime, ChecksTheCaAgainAfterTheHandshake) {
  struct Row {
    const char* name;
    void (*change)(registry::CaCertificate&);
    const char* because;
  };
  const Row rows[] = {
      {"inactive", [](registry::CaCertificate& ca) { ca.is_active = false; }, "INACTIVE"},
      {"off", [](registry::CaCertificate& ca) { ca.auto_registration = false; },
       "auto-registration disabled"},
      {"expired", [](registry::CaCertificate& ca) { ca.not_after = test::kToday - test::kDay; },
       "expired"},
  };
  for (const Row& row : rows) {
    World world;
    world.set_ca(row.change);
    const test::Identity device = world.device("sensor-1");
    const auto introduced = world.connect(device);
    ASSERT_FALSE(introduced) << row.name;
    EXPECT_THAT(introduced.error().message, HasSubstr(row.because));
    EXPECT_FALSE(world.find(device)) << row.name;
  }
}

TEST(JustInTime, RefusesAThingThatAnotherKeyHas) {
  World world;
  const test::Identity first = world.device("sensor-1");
  ASSERT_TRUE(world.connect(first));
  registry::Certificate used = *world.find(first);
  used.first_connected = world.clock.now();
  ++used.version;
  world.put(used);
  const test::Identity clone = world.device("sensor-1");
  const auto introduced = world.connect(clone);
  ASSERT_TRUE(introduced && introduced->failure);
  EXPECT_THAT(introduced->failure->message, HasSubstr("in use with another key"));
  EXPECT_EQ(world.status(first), CertificateStatus::active);
  EXPECT_EQ(world.status(clone), CertificateStatus::pending_activation);
  const auto alarms = world.all<registry::AuditEvent>(registry::query::AuditEvents{
      .thing = "sensor-1", .certificate = clone.certificate.id().hex()});
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms::raised_by(alarms.front()), alarms::Kind::duplicate_device);
}

TEST(JustInTime, RefusesADisabledTemplateAndUsesItOnceItIsEnabled) {
  World world;
  const TemplateName name = *TemplateName::parse("Jitp");
  registry::ProvisioningTemplate record{.name = name, .type = registry::TemplateType::jitp};
  world.put(record);
  world.put(registry::ProvisioningTemplateVersion{name, 1, test::jitp_template("DevicePolicy")});
  world.set_ca([&](registry::CaCertificate& ca) {
    ca.registration = registry::RegistrationConfig{.template_name = name};
  });
  const test::Identity device = world.device("sensor-1");
  const auto refused = world.connect(device);
  ASSERT_TRUE(refused && refused->failure);
  EXPECT_THAT(refused->failure->message, HasSubstr("disabled"));
  record.enabled = true;
  ++record.version;
  world.put(record);
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced && !introduced->failure);
  EXPECT_EQ(introduced->template_name, "Jitp");
}

TEST(JustInTime, KeepsOnlyTheNewestPendingCertificatesOfASubject) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  std::vector<test::Identity> made;
  for (int i = 0; i < 20; ++i) {
    made.push_back(world.device("board"));
    ASSERT_TRUE(world.connect(made.back()));
    world.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_FALSE(world.find(made[3]));
  EXPECT_TRUE(world.find(made[4]));
  EXPECT_TRUE(world.find(made[19]));
  EXPECT_EQ(world.pending.count(world.ca.certificate.id()), 16U);
  EXPECT_TRUE(world.connect(world.device("another")));
  EXPECT_TRUE(world.find(made[4])) << "certificates of other subjects are not removed";
}

TEST(JustInTime, LimitsPendingCertificatesPerCa) {
  World world;
  world.settings.set({.pending_certificates = 2});
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  ASSERT_TRUE(world.connect(world.device("a")));
  const test::Identity second = world.device("b");
  ASSERT_TRUE(world.connect(second));
  const auto refused = world.connect(world.device("c"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::exhausted);
  EXPECT_TRUE(world.connect(second)) << "a pending certificate may connect again";
}

TEST(JustInTime, CountsCertificatesPendingBeforeTheStart) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  ASSERT_TRUE(world.connect(world.device("a")));
  PendingCertificates fresh;
  ASSERT_TRUE(run_blocking(fresh.load(world.memory)));
  EXPECT_EQ(fresh.count(world.ca.certificate.id()), 1U);
  EXPECT_EQ(fresh.waiting(world.ca.certificate.id(), test::common_name("a")).size(), 1U);
}

TEST(JustInTime, CommitsAllOrNothingWhereverTheStoreFails) {
  using When = test::FaultyStore::When;
  for (const When when : {When::before, When::after}) {
    bool has_failed = true;
    for (int n = 1; has_failed; ++n) {
      World world;
      const test::Identity device = world.device("sensor-1");
      world.store.fail_call(n, when);
      const auto introduced = world.connect(device);
      has_failed = world.store.has_failed();
      world.store.fail_call(0, when);
      EXPECT_EQ(introduced.has_value(), !has_failed) << n;
      const bool has_thing = !world.all<registry::Thing>(registry::query::Things{}).empty();
      EXPECT_EQ(has_thing, world.find(device).has_value()) << n;
      const auto again = world.connect(device);
      ASSERT_TRUE(again && !again->failure) << n;
      EXPECT_EQ(world.status(device), CertificateStatus::active) << n;
    }
  }
}

TEST(JustInTime, RetriesWhenADeviceConnectsTwiceAtOnce) {
  World world;
  const test::Identity device = world.device("sensor-1");
  world.store.before_commit([&] {
    JustInTime other{
        world.memory,   world.templates, world.pending,      world.hooks, world.alarms,
        world.settings, "000000000000",  "arn:aws:iot:r:a:", world.clock, world.random};
    ASSERT_TRUE(run_blocking(other.run({device.certificate, world.ca.certificate.id(), "c", "y"})));
  });
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced) << introduced.error().message;
  EXPECT_EQ(introduced->status, CertificateStatus::active);
  EXPECT_FALSE(introduced->was_pending) << "the other connection has registered it";
  EXPECT_EQ(world.steps().size(), 1U);
}

TEST(JustInTime, RefusesATwinRevokedDuringItsRegistration) {
  for (const bool has_template : {true, false}) {
    for (const bool is_deleted : {true, false}) {
      World world;
      if (!has_template) world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
      const test::Identity device = world.device("sensor-1");
      const x509::Certificate twin = test::twin_of(device.certificate);
      // The key is unknown when the twin is looked up; then the device is registered and revoked.
      world.store.before_commit([&] {
        registry::Certificate record =
            certificate_record(device.certificate, world.random, world.clock.now());
        record.status = CertificateStatus::revoked;
        world.put(record);
        if (!is_deleted) return;
        registry::ChangeSet removal{.changes = removal_changes(record, world.clock.now())};
        ASSERT_TRUE(run_blocking(world.memory.commit(std::move(removal))));
      });
      const auto introduced =
          run_blocking(world.just_in_time.run({twin, world.ca.certificate.id(), "c", "x"}));
      ASSERT_FALSE(introduced) << has_template << is_deleted;
      EXPECT_EQ(introduced.error().cause, "KeyRefused"_cause);
      const auto known = world.all<registry::Certificate>(registry::query::Certificates{});
      EXPECT_EQ(known.size(), is_deleted ? 0U : 1U);
      EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
    }
  }
}

TEST(JustInTime, RefusesASecondUnitBeforeTheFirstHasConnected) {
  World world;
  const test::Identity first = world.device("sensor-1");
  ASSERT_TRUE(world.connect(first));
  const auto second = world.connect(world.device("sensor-1"));
  ASSERT_TRUE(second && second->failure);
  EXPECT_EQ(world.status(first), CertificateStatus::active);
}

TEST(JustInTime, ReplacesAtTheFirstContactOfANewKey) {
  for (const bool is_permitted : {false, true}) {
    World world;
    if (!is_permitted) world.settings.set({.reprovision = Reprovision::replace});
    const test::Identity old = world.device("sensor-1");
    ASSERT_TRUE(world.connect(old));
    if (is_permitted) {
      registry::Thing thing = *run_blocking(
          registry::get(world.memory, registry::thing_key(*ThingName::parse("sensor-1"))));
      thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
      ++thing.version;
      world.put(thing);
    }
    const test::Identity newer = world.device("sensor-1");
    const auto introduced = world.connect(newer);
    ASSERT_TRUE(introduced && !introduced->failure);
    EXPECT_EQ(world.status(old), CertificateStatus::active) << "until the new one is used";
    ASSERT_TRUE(
        run_blocking(note_first_use(world.store, newer.certificate.id(), world.clock.now())));
    EXPECT_EQ(world.status(old), CertificateStatus::inactive);
    EXPECT_EQ(world.status(newer), CertificateStatus::active);
  }
}

TEST(JustInTime, AlarmsForEachThing) {
  World world;
  for (const std::string name : {"sensor-1", "sensor-2"}) {
    ASSERT_TRUE(world.connect(world.device(name)));
    const test::Identity clone = world.device(name);
    ASSERT_TRUE(world.connect(clone));
    EXPECT_EQ(world
                  .all<registry::AuditEvent>(registry::query::AuditEvents{
                      .thing = name, .certificate = clone.certificate.id().hex()})
                  .size(),
              1U)
        << name;
  }
}

TEST(JustInTime, DevicesOfOneCommonNameDoNotCrowdEachOtherOut) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  std::vector<test::Identity> made;
  for (int i = 0; i < 20; ++i) {
    made.push_back(test::make_child(world.ca, "x", [&](x509::TbsCertificate& tbs) {
      tbs.subject =
          *x509::DistinguishedName::make({{x509::NameType::common_name, "sensor"},
                                          {x509::NameType::serial_number, std::to_string(i)}});
    }));
    ASSERT_TRUE(world.connect(made.back()));
  }
  for (const test::Identity& device : made) EXPECT_TRUE(world.find(device));
}

TEST(JustInTime, KeepsCertificatesThatAnOperatorHasAttached) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  std::vector<test::Identity> made;
  for (int i = 0; i < 20; ++i) {
    made.push_back(world.device("board"));
    ASSERT_TRUE(world.connect(made.back()));
    if (i == 0) {
      world.put(registry::PolicyAttachment{*PolicyName::parse("DevicePolicy"),
                                           registry::PolicyTarget(made[0].certificate.id())});
    }
    world.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_TRUE(world.find(made[0]));
  EXPECT_FALSE(world.find(made[1]));
  EXPECT_EQ(world.pending.count(world.ca.certificate.id()), 16U);
}

TEST(JustInTime, AdmitsProvisionedDevicesDespiteFullPendingLimit) {
  World world;
  world.settings.set({.pending_certificates = 1});
  ASSERT_TRUE(world.connect(world.device("a/b"))->failure);
  const auto introduced = world.connect(world.device("sensor-1"));
  ASSERT_TRUE(introduced) << introduced.error().message;
  EXPECT_EQ(introduced->status, CertificateStatus::active);
}

TEST(JustInTime, LetsListedUnitsInByWhatTheirCertificateSays) {
  World world;
  world.settings.set({.rules = {.allowlist = "line-a"}});
  const ListName list = *ListName::parse("line-a");
  world.put(registry::ManufacturingList{.name = list});
  world.put(registry::ListEntry{.list = list, .serial = "sensor-1"});
  const test::Identity listed = world.device("sensor-1");
  const test::Identity stranger = world.device("sensor-2");
  const auto refused = world.connect(stranger);
  ASSERT_TRUE(refused && refused->failure);
  EXPECT_EQ(refused->failure->cause, "NotListed"_cause);
  EXPECT_THAT(refused->failure->rule, HasSubstr("line-a has no serial \"sensor-2\""));
  EXPECT_EQ(world.status(stranger), CertificateStatus::pending_activation);
  const auto introduced = world.connect(listed);
  ASSERT_TRUE(introduced && !introduced->failure);
  EXPECT_EQ(world.status(listed), CertificateStatus::active);
  world.put(registry::ListEntry{.list = list, .serial = "sensor-2"});
  EXPECT_FALSE(world.connect(stranger)->failure) << "its next connection";
}

TEST(JustInTime, FollowsTheSettingsOfAStoredTemplate) {
  World world;
  const TemplateName name = *TemplateName::parse("J");
  world.put(registry::ProvisioningTemplate{.name = name,
                                           .type = registry::TemplateType::jitp,
                                           .enabled = true,
                                           .settings = {{"jitp", "aws"}, {"fleet-limit", "1"}}});
  world.put(registry::ProvisioningTemplateVersion{name, 1, test::jitp_template("DevicePolicy")});
  world.set_ca([&](registry::CaCertificate& ca) {
    ca.registration = registry::RegistrationConfig{.template_name = name};
  });
  const auto first = world.connect(world.device("sensor-1"));
  ASSERT_TRUE(first && !first->failure);
  EXPECT_EQ(first->mode, JitpMode::aws);
  const auto second = world.connect(world.device("sensor-2"));
  ASSERT_TRUE(second && second->failure);
  EXPECT_THAT(second->failure->message, HasSubstr("no more devices"));
}

}  // namespace
}  // namespace imprint::provisioning
