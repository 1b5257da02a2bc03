// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <sstream>
#include <thread>

#include "issuance/signer.h"
#include "outcome/causes.h"
#include "provisioning/create_certificate.h"
#include "provisioning/first_use.h"
#include "provisioning/plan.h"
#include "provisioning/register_thing.h"
#include "provisioning/sweep.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "test/support/scripted_hooks.h"
#include "test/support/test_ca.h"
#include "x509/csr.h"

namespace imprint::provisioning {
namespace {

using registry::CertificateStatus;
using runtime::run_blocking;
using testing::HasSubstr;

/// A signer whose Nth signature fails.
class FaultySigner final : public issuance::Signer {
 public:
  explicit FaultySigner(x509::PrivateKey key) : real_(std::move(key)) {}
  [[nodiscard]] x509::SignatureAlgorithm algorithm() const override { return real_.algorithm(); }
  Result<Bytes> sign(BytesView message) override {
    if (fail_next > 0 && --fail_next == 0)
      return fail(Fault::unavailable, "the test broke this signature");
    return real_.sign(message);
  }
  int fail_next = 0;

 private:
  issuance::FileSigner real_;
};

std::string mission_template() {
  std::ifstream in(std::string(IMPRINT_TEST_DIR) +
                   "/golden/templates/mission-fleet-provisioning-template.json");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

constexpr std::int64_t kKeepAll = 1'000'000;

/// One deployment without a network: store, issuing CA, the mission's template and what it needs.
struct World {
  World() : World(mission_template()) {}
  explicit World(const std::string& body) {
    put(registry::Policy{.name = *PolicyName::parse("FleetDevicePolicy")});
    put(registry::ThingType{.name = *ThingTypeName::parse("SmartSensor"), .id = "t"});
    put(registry::ThingGroup{.name = *ThingGroupName::parse("unprovisioned-devices"), .id = "g"});
    add_template("T", body);
    put(claim(1));
    put(claim(2));
    memory.watch([this](const registry::ChangeSet& changes) { pending.apply(changes); });
  }

  static registry::Certificate claim(std::uint8_t number) {
    return {.id = CertificateId(Sha256{number}),
            .pem = {},
            .status = CertificateStatus::active,
            .purpose = registry::CertificatePurpose::claim,
            .not_after = test::kToday + 3650 * test::kDay};
  }

  void give(std::uint8_t number, registry::ClaimBudget budget) {
    registry::Certificate certificate = claim(number);
    certificate.claim_budget = std::move(budget);
    put(certificate);
  }

  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(run_blocking(memory.commit(std::move(changes))));
  }
  void erase(registry::Key key) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Erase{std::move(key)});
    ASSERT_TRUE(run_blocking(memory.commit(std::move(changes))));
  }
  void add_template(const std::string& name, const std::string& body, bool enabled = true) {
    put(registry::ProvisioningTemplate{.name = *TemplateName::parse(name), .enabled = enabled});
    put(registry::ProvisioningTemplateVersion{*TemplateName::parse(name), 1, body});
  }

  Result<CreatedCertificate> create(const x509::PrivateKey& key) {
    return run_blocking(create_certificate.from_csr(
        caller, *x509::make_csr_pem(key, test::common_name("whatever"))));
  }
  RegisterThingOutcome ask_to_register(const std::string& token, templates::Parameters parameters,
                                       const std::string& name = "T") {
    return run_blocking(
        register_thing.run(caller, {*TemplateName::parse(name), token, std::move(parameters)}));
  }
  Result<RegisteredThing> register_with(const std::string& token, templates::Parameters parameters,
                                        const std::string& name = "T") {
    return ask_to_register(token, std::move(parameters), name).result;
  }
  static templates::Parameters parameters(const std::string& serial,
                                          const std::string& firmware = "1.0.0") {
    return {{"SerialNumber", serial}, {"FirmwareVersion", firmware}};
  }
  /// The whole exchange of a device with this key.
  Result<RegisteredThing> onboard(const x509::PrivateKey& key, const std::string& serial,
                                  const std::string& firmware = "1.0.0") {
    auto created = create(key);
    if (!created) return tl::unexpected(created.error());
    return register_with(created->ownership_token.reveal(), parameters(serial, firmware));
  }

  template <class T>
  std::vector<T> all(registry::Query query) {
    return *run_blocking(registry::list_all<T>(memory, std::move(query)));
  }
  std::vector<registry::Certificate> device_certificates() {
    auto found = all<registry::Certificate>(registry::query::Certificates{});
    std::erase_if(found, [](const registry::Certificate& c) {
      return c.purpose != registry::CertificatePurpose::identity;
    });
    return found;
  }
  registry::Certificate certificate(const CertificateId& id) {
    return *run_blocking(registry::get(memory, registry::certificate_key(id)));
  }
  registry::Thing thing(const std::string& name) {
    return *run_blocking(registry::get(memory, registry::thing_key(*ThingName::parse(name))));
  }
  std::vector<CertificateId> active_certificates_of(const std::string& name) {
    std::vector<CertificateId> active;
    for (const auto& principal : all<registry::ThingPrincipal>(
             registry::query::PrincipalsOfThing{*ThingName::parse(name)})) {
      if (certificate(principal.certificate).status == CertificateStatus::active)
        active.push_back(principal.certificate);
    }
    return active;
  }
  std::vector<registry::AuditEvent> alarms_of(alarms::Kind kind) {
    auto events = all<registry::AuditEvent>(registry::query::AuditEvents{});
    std::erase_if(events, [&](const auto& event) { return alarms::raised_by(event) != kind; });
    return events;
  }
  std::size_t alarms_raised() {
    const auto events = alarms_of(alarms::Kind::duplicate_device);
    return static_cast<std::size_t>(std::ranges::count_if(events, [](const auto& event) {
      return event.thing == "device-S" && !event.certificate.empty();
    }));
  }
  void note_connected(const CertificateId& id) {
    registry::Certificate c = certificate(id);
    c.first_connected = clock.now();
    ++c.version;
    put(c);
  }

  test::MemoryStore memory;
  test::FaultyStore store{memory};
  test::FakeClock clock;
  SystemRandom random;
  test::Identity root = test::make_root("Test root");
  test::Identity issuing = test::make_intermediate(root, "Test issuing CA");
  std::shared_ptr<FaultySigner> signer = std::make_shared<FaultySigner>(std::move(issuing.key));
  issuance::Issuer issuer = *issuance::Issuer::make(issuing.certificate, signer);
  telemetry::Metrics metrics;
  Current<issuance::Profile> profile{*issuance::Profile::make({}, issuing.certificate)};
  issuance::KeyPool keys{{.algorithm = x509::KeyAlgorithm::ec_p256, .size = 0}};
  OwnershipTokens tokens{Secret(std::string(64, 'k'))};
  Current<Settings> settings{Settings{.key_algorithm = x509::KeyAlgorithm::ec_p256}};
  PendingCertificates pending;
  TemplateCache cache;
  IssueCertificate issue{store, issuer, profile, metrics, clock, random};
  ClaimGuard claims{store, settings, clock};
  CreateCertificate create_certificate{store,   issue,  keys,     tokens,
                                       pending, claims, settings, clock};
  alarms::PointAlarms alarms{store, clock};
  test::ScriptedHooks hooks;
  RegisterThing register_thing{store, cache,  tokens,   claims,
                               hooks, alarms, settings, "arn:aws:iot:us-east-1:000000000000:",
                               clock, random};
  Caller caller{
      .certificate = CertificateId(Sha256{1}), .client_id = "factory-1", .correlation = "c"};
};

TEST(Provisioning, CarriesTheMissionsTemplateThrough) {
  World world;
  const auto key = test::make_key();
  const auto registered = world.onboard(key, "A1B2");
  ASSERT_TRUE(registered) << registered.error().message;
  EXPECT_EQ(registered->thing->str(), "device-A1B2");
  EXPECT_EQ(registered->device_configuration, "{}");
  const registry::Thing thing = world.thing("device-A1B2");
  EXPECT_EQ(thing.type->str(), "SmartSensor");
  EXPECT_EQ(thing.attributes, (registry::Attributes{{"firmwareVersion", "1.0.0"}}));
  const auto groups =
      world.all<registry::GroupMembership>(registry::query::GroupsOfThing{thing.name});
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].group.str(), "unprovisioned-devices");
  const registry::Certificate certificate = world.certificate(registered->certificate);
  EXPECT_EQ(certificate.status, CertificateStatus::active);
  EXPECT_EQ(certificate.common_name, "Imprint device certificate")
      << "a device must not choose its subject";
  const auto policies = world.all<registry::PolicyAttachment>(
      registry::query::PoliciesOfTarget{registry::PolicyTarget(certificate.id)});
  ASSERT_EQ(policies.size(), 1U);
  EXPECT_EQ(policies[0].policy.str(), "FleetDevicePolicy");
  EXPECT_TRUE(
      world.all<registry::IssuanceIntent>(registry::query::Intents{world.clock.now() + test::kDay})
          .empty());
}

TEST(Provisioning, OneKeyIsOneThingWhicheverClaimItComesThrough) {
  for (const bool at_once : {false, true}) {
    World world;
    const auto key = test::make_key();
    const CertificateId first_claim = world.caller.certificate;
    const CertificateId second_claim{Sha256{2}};
    const auto first = world.create(key);
    ASSERT_TRUE(first);
    std::string second;
    const auto create_second = [&] {
      world.caller.certificate = second_claim;
      const auto created = world.create(key);
      ASSERT_TRUE(created) << created.error().message;
      second = created->ownership_token.reveal();
    };
    if (at_once) create_second();
    world.caller.certificate = first_claim;
    ASSERT_TRUE(world.register_with(first->ownership_token.reveal(), World::parameters("A")));
    if (!at_once) create_second();
    world.caller.certificate = second_claim;
    const auto refused = world.register_with(second, World::parameters("B"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::conflict);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("belongs to thing \"device-A\""));
    EXPECT_TRUE(world.register_with(second, World::parameters("A"))) << "it is the same thing";
  }
}

TEST(Provisioning, RepeatsOfTheSameRequestGetTheSameAnswer) {
  World world;
  const auto key = test::make_key();
  const auto first = world.create(key);
  const auto again = world.create(key);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id) << "same key, same claim, same certificate";
  EXPECT_EQ(first->ownership_token.reveal(), again->ownership_token.reveal());
  EXPECT_TRUE(again->repeated);
  const std::string token = first->ownership_token.reveal();
  ASSERT_TRUE(world.register_with(token, World::parameters("S1")));
  const auto repeat = world.register_with(token, World::parameters("S1"));
  ASSERT_TRUE(repeat) << repeat.error().message;
  EXPECT_TRUE(repeat->repeated);
  EXPECT_EQ(repeat->thing->str(), "device-S1");
  const auto other = world.register_with(token, World::parameters("S2"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_THAT(other.error().message, HasSubstr("already used"));
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U);
}

TEST(Provisioning, AClaimThatOnlyMintsIsStoppedUntilItsCertificatesAreRegisteredOrRemoved) {
  World world;
  world.settings.set({.key_algorithm = x509::KeyAlgorithm::ec_p256, .pending_certificates = 2});
  const auto first = world.create(test::make_key());
  ASSERT_TRUE(first);
  ASSERT_TRUE(world.create(test::make_key()));
  const auto refused = world.create(test::make_key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("pending-certificates"));

  world.caller.certificate = CertificateId(Sha256{2});
  EXPECT_TRUE(world.create(test::make_key())) << "another claim has a share of its own";
  world.caller.certificate = CertificateId(Sha256{1});

  ASSERT_TRUE(world.register_with(first->ownership_token.reveal(), World::parameters("S1")));
  ASSERT_TRUE(world.create(test::make_key())) << "a registered one no longer counts";
  ASSERT_FALSE(world.create(test::make_key()));
  PendingCertificates restarted;
  ASSERT_TRUE(run_blocking(restarted.load(world.memory)));
  EXPECT_EQ(restarted.count(CertificateId(Sha256{1})), 2U);

  world.clock.advance(std::chrono::hours(2));
  ASSERT_TRUE(run_blocking(sweep(world.memory, world.clock, kKeepAll)));
  EXPECT_TRUE(world.create(test::make_key())) << "nor do those whose hour has passed";
}

TEST(Provisioning, PlacesAmongPendingCertificatesAreHeldWhileTheyAreMade) {
  PendingCertificates pending;
  const CertificateId claim(Sha256{1});
  auto first = pending.reserve(claim, 2);
  auto second = pending.reserve(claim, 2);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(pending.reserve(claim, 2)) << "requests under way count too";
  EXPECT_TRUE(pending.reserve(CertificateId(Sha256{2}), 2));
  first.reset();
  EXPECT_TRUE(pending.reserve(claim, 2)) << "what was given up is free again";
}

TEST(Provisioning, TheAuditedSerialNumberEndsWithAWholeCharacter) {
  EXPECT_EQ(audited_serial_number(std::string(127, 'x') + "\u00e9"), std::string(127, 'x'));
  EXPECT_EQ(audited_serial_number(std::string(126, 'x') + "\u00e9y"),
            std::string(126, 'x') + "\u00e9");
  EXPECT_EQ(audited_serial_number(std::string(500, 'x')), std::string(128, 'x'));
  EXPECT_EQ(audited_serial_number("A1"), "A1");
}

TEST(Provisioning, AClaimThatIsNoLongerActiveRegistersNothing) {
  for (const bool deleted : {false, true}) {
    World world;
    const auto created = world.create(test::make_key());
    registry::Certificate claim = world.certificate(world.caller.certificate);
    claim.status = CertificateStatus::inactive;
    ++claim.version;
    if (deleted) {
      world.erase(registry::certificate_key(claim.id));
    } else {
      world.put(claim);
    }
    const auto refused =
        world.register_with(created->ownership_token.reveal(), World::parameters("S1"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause, "ClaimRefused"_cause);
    EXPECT_THAT(refused.error().message, HasSubstr(deleted ? "deleted" : "deactivated"));
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  }
}

TEST(Provisioning, AClaimDeactivatedBetweenReadingAndCommittingRegistersNothing) {
  World world;
  const auto created = world.create(test::make_key());
  world.store.before_commit([&] {
    registry::Certificate claim = world.certificate(world.caller.certificate);
    claim.status = CertificateStatus::inactive;
    ++claim.version;
    world.put(claim);
  });
  EXPECT_FALSE(world.register_with(created->ownership_token.reveal(), World::parameters("S1")));
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
}

TEST(Provisioning, KeepsOnlySoManyAuditEvents) {
  World world;
  for (int i = 0; i < 7; ++i) {
    registry::ChangeSet changes;
    changes.events.push_back({.step = fmt::format("step-{}", i), .outcome = "ok"});
    ASSERT_TRUE(run_blocking(world.memory.commit(std::move(changes))));
  }
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, 3))->events, 4);
  const auto kept = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept.front().step, "step-4");
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, 3))->events, 0);
}

TEST(Provisioning, ForgetsNoAuditEventThatIsNotArchived) {
  World world;
  registry::ChangeSet changes;
  for (int i = 0; i < 7; ++i) changes.events.push_back({.step = "connect", .outcome = "ok"});
  ASSERT_TRUE(run_blocking(world.memory.commit(std::move(changes))));
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, 3, 0))->events, 0);
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, 3, 2))->events, 2);
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, 3, 7))->events, 2);
}

TEST(Provisioning, PutsOnRecordWhatWasIssuedAndToWhom) {
  World world;
  ASSERT_TRUE(world.create(test::make_key()));
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 1U);
  const auto certificate = world.certificate(*CertificateId::parse(events.front().certificate));
  const auto detail = *encoding::parse_json(events.front().detail);
  EXPECT_EQ(detail.at("serial").as_string(), certificate.serial);
  EXPECT_EQ(detail.at("requested_by").as_string(), world.caller.certificate.hex());
  EXPECT_EQ(detail.at("not_after").as_int64(), to_milliseconds(certificate.not_after) / 1000);
  EXPECT_FALSE(detail.at("profile").as_string().empty());
  EXPECT_THAT(std::string(detail.at("key_algorithm").as_string()), HasSubstr("P-256"));
}

TEST(Provisioning, AnotherClaimCannotTakeACertificateOver) {
  World world;
  const auto key = test::make_key();
  const auto created = world.create(key);
  world.caller.certificate = CertificateId(Sha256{2});
  const auto stolen =
      world.register_with(created->ownership_token.reveal(), World::parameters("S1"));
  ASSERT_FALSE(stolen);
  EXPECT_EQ(stolen.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_NE(world.create(key)->id, created->id) << "another claim gets a certificate of its own";
}

TEST(RegisterThing, RefusesByName) {
  World world;
  world.add_template("Disabled", mission_template(), false);
  world.put(registry::ProvisioningTemplate{
      .name = *TemplateName::parse("Jitp"), .type = registry::TemplateType::jitp, .enabled = true});
  const auto created = world.create(test::make_key());
  ASSERT_TRUE(created);
  const std::string good = created->ownership_token.reveal();
  std::string forged = good;
  forged.back() = forged.back() == '0' ? '1' : '0';
  const struct {
    std::string name;
    std::string template_name;
    std::string token;
    templates::Parameters parameters;
    Cause cause;
    std::string part;
  } rows[] = {
      {"no token", "T", "", World::parameters("S"), "InvalidCertificateOwnershipToken"_cause,
       "Certificate ownership token cannot be empty."},
      {"malformed token", "T", "abc", World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "3 characters where 128"},
      {"not hexadecimal", "T", std::string(128, 'z'), World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "malformed"},
      {"forged token", "T", forged, World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "unknown or has expired"},
      {"unknown certificate", "T", std::string(128, 'a'), World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "unknown"},
      {"unknown template", "Nope", good, World::parameters("S"), "ResourceNotFound"_cause,
       "\"Nope\""},
      {"disabled template", "Disabled", good, World::parameters("S"), "TemplateDisabled"_cause,
       "is disabled"},
      {"JITP template", "Jitp", good, World::parameters("S"), "ResourceNotFound"_cause, "JITP"},
      {"no parameters", "T", good, {}, "InvalidParameters"_cause, "SerialNumber"},
      {"one missing",
       "T",
       good,
       {{"SerialNumber", "S"}},
       "InvalidParameters"_cause,
       "FirmwareVersion"},
      {"bad thing name", "T", good, World::parameters("A B"), "InvalidParameters"_cause,
       "device-A B"},
      {"wildcard in serial", "T", good, World::parameters("*"), "InvalidParameters"_cause,
       "device-*"},
      {"path in serial", "T", good, World::parameters("../x"), "InvalidParameters"_cause, "/"},
      {"bad attribute", "T", good, World::parameters("S", "1.0+build 5"), "InvalidParameters"_cause,
       "1.0+build 5"},
  };
  for (const auto& row : rows) {
    const auto answer = world.register_with(row.token, row.parameters, row.template_name);
    ASSERT_FALSE(answer) << row.name;
    EXPECT_EQ(answer.error().cause, row.cause) << row.name << ": " << answer.error().message;
    EXPECT_THAT(describe(answer.error()), HasSubstr(row.part)) << row.name;
  }
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  EXPECT_TRUE(world.register_with(good, World::parameters("S")))
      << "a rejection leaves the token usable";
}

TEST(RegisterThing, ADeprecatedTypeIsNotMissing) {
  World world;
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{registry::ThingType{
      .name = *ThingTypeName::parse("SmartSensor"), .id = "t", .deprecated = world.clock.now()}});
  ASSERT_TRUE(run_blocking(world.memory.commit(changes)));
  const auto answer = world.onboard(test::make_key(), "S");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, "ThingTypeDeprecated"_cause);
  EXPECT_EQ(answer.error().cause->wire_code, "ResourceRegistrationFailure");
}

TEST(RegisterThing, NamesWhatIsMissingInTheRegistry) {
  const struct {
    registry::Key missing;
    std::string part;
  } rows[] = {
      {registry::policy_key(*PolicyName::parse("FleetDevicePolicy")), "create-policy"},
      {registry::thing_type_key(*ThingTypeName::parse("SmartSensor")), "create-thing-type"},
      {registry::thing_group_key(*ThingGroupName::parse("unprovisioned-devices")),
       "create-thing-group"},
  };
  for (const auto& row : rows) {
    World world;
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Erase{row.missing});
    ASSERT_TRUE(run_blocking(world.memory.commit(changes)));
    const auto answer = world.onboard(test::make_key(), "S");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().cause, "ResourceRegistrationFailure"_cause);
    EXPECT_THAT(answer.error().message, HasSubstr(row.part));
    EXPECT_THAT(answer.error().where, HasSubstr("$.Resources."));
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty()) << "all or nothing";
  }
}

TEST(RegisterThing, TokensEndAfterAnHourAndTheirCertificatesGo) {
  World world;
  const auto lost = world.create(test::make_key());
  const auto kept = world.onboard(test::make_key(), "S");
  ASSERT_TRUE(lost && kept);
  world.clock.advance(std::chrono::minutes(61));
  const auto late = world.register_with(lost->ownership_token.reveal(), World::parameters("L"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_THAT(late.error().message, HasSubstr("expired"));
  const auto swept = run_blocking(sweep(world.memory, world.clock, kKeepAll));
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->certificates, 1U);
  const auto left = world.device_certificates();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, kept->certificate);
}

TEST(Sweep, KeepsACertificateThatAnOperatorHasAttached) {
  World world;
  const auto created = world.create(test::make_key());
  world.put(registry::PolicyAttachment{*PolicyName::parse("FleetDevicePolicy"),
                                       registry::PolicyTarget(created->id)});
  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, kKeepAll))->certificates, 0U);
}

TEST(Sweep, PutsSignaturesThatNeverArrivedOnRecord) {
  World world;
  world.store.fail_call(5, test::FaultyStore::When::before);  // lists, claim, intent, certificate
  EXPECT_FALSE(world.create(test::make_key()));
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(run_blocking(sweep(world.memory, world.clock, kKeepAll))->intents, 1U);
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].step, "certificate_never_arrived");
}

TEST(Reprovision, FollowsTheSettingWhenTheKeyIsAnother) {
  enum class Old { never_used, used, deactivated };
  const struct {
    Reprovision setting;
    Old old;
    bool accepted;
    std::size_t active;
  } rows[] = {
      {Reprovision::same_key, Old::never_used, true, 1},
      {Reprovision::same_key, Old::used, false, 1},
      {Reprovision::same_key, Old::deactivated, false, 0},
      {Reprovision::replace, Old::never_used, true, 1},
      {Reprovision::replace, Old::used, true, 2},  // until the new one is used
      {Reprovision::replace, Old::deactivated, true, 1},
      {Reprovision::operator_decides, Old::used, false, 1},
      {Reprovision::operator_decides, Old::deactivated, true, 1},
      {Reprovision::never, Old::never_used, false, 1},
      {Reprovision::aws, Old::used, true, 2},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const auto& row = rows[i];
    World world;
    world.settings.set({.reprovision = row.setting, .key_algorithm = x509::KeyAlgorithm::ec_p256});
    const auto first = world.onboard(test::make_key(), "S");
    ASSERT_TRUE(first);
    if (row.old == Old::used) world.note_connected(first->certificate);
    if (row.old == Old::deactivated) {
      registry::Certificate c = world.certificate(first->certificate);
      c.status = CertificateStatus::inactive;
      ++c.version;
      world.put(c);
    }
    const auto second = world.onboard(test::make_key(), "S");
    EXPECT_EQ(second.has_value(), row.accepted) << "row " << i;
    EXPECT_EQ(world.active_certificates_of("device-S").size(), row.active) << "row " << i;
    if (!second) {
      EXPECT_EQ(second.error().cause,
                row.old == Old::deactivated ? "ResourceConflicts"_cause : "DuplicateDevice"_cause);
      EXPECT_THAT(second.error().message, HasSubstr(first->certificate.hex()));
    }
    EXPECT_EQ(world.alarms_raised(), !second && row.old != Old::deactivated ? 1U : 0U)
        << "row " << i;
  }
}

TEST(Reprovision, TheOldCertificateGoesWhenTheNewOneIsUsed) {
  World world;
  world.settings.set(
      {.reprovision = Reprovision::replace, .key_algorithm = x509::KeyAlgorithm::ec_p256});
  const auto first = world.onboard(test::make_key(), "S");
  world.note_connected(first->certificate);
  const auto second = world.onboard(test::make_key(), "S");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(world.certificate(second->certificate).replaces,
            std::vector<CertificateId>{first->certificate});
  ASSERT_TRUE(run_blocking(note_first_use(world.memory, second->certificate, world.clock.now())));
  const registry::Certificate old = world.certificate(first->certificate);
  EXPECT_EQ(old.status, CertificateStatus::inactive);
  EXPECT_EQ(old.replaced_by, second->certificate);
  EXPECT_EQ(world.active_certificates_of("device-S"),
            std::vector<CertificateId>{second->certificate});
  EXPECT_TRUE(
      world.all<registry::ThingPrincipal>(registry::query::ThingsOfPrincipal{first->certificate})
          .empty());
  EXPECT_FALSE(awaits_first_use(world.certificate(second->certificate)));
}

TEST(Reprovision, AThirdKeyTakesThePlaceOfOneThatWasNeverUsed) {
  World world;
  world.settings.set(
      {.reprovision = Reprovision::replace, .key_algorithm = x509::KeyAlgorithm::ec_p256});
  const auto first = world.onboard(test::make_key(), "S");
  world.note_connected(first->certificate);
  const auto lost = world.onboard(test::make_key(), "S");
  const auto third = world.onboard(test::make_key(), "S");
  ASSERT_TRUE(lost && third);
  EXPECT_EQ(world.certificate(lost->certificate).status, CertificateStatus::inactive);
  EXPECT_EQ(world.certificate(first->certificate).status, CertificateStatus::active);
  ASSERT_TRUE(run_blocking(note_first_use(world.memory, third->certificate, world.clock.now())));
  EXPECT_EQ(world.active_certificates_of("device-S"),
            std::vector<CertificateId>{third->certificate});
}

TEST(Reprovision, AnOperatorsPermissionIsForOneTimeAndForAWhile) {
  for (const bool is_late : {false, true}) {
    World world;
    const auto first = world.onboard(test::make_key(), "S");
    world.note_connected(first->certificate);
    registry::Thing thing = world.thing("device-S");
    thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
    ++thing.version;
    world.put(thing);
    if (is_late) world.clock.advance(std::chrono::hours(2));
    const auto second = world.onboard(test::make_key(), "S");
    EXPECT_EQ(second.has_value(), !is_late);
    if (is_late) continue;
    EXPECT_FALSE(world.thing("device-S").reprovision_until);
    world.note_connected(second->certificate);
    EXPECT_FALSE(world.onboard(test::make_key(), "S")) << "it was for one time";
  }
}

TEST(Reprovision, OneAlarmForADeviceThatGoesOnTrying) {
  World world;
  const auto first = world.onboard(test::make_key(), "S");
  world.note_connected(first->certificate);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.onboard(test::make_key(), "S"));
  EXPECT_EQ(world.alarms_raised(), 1U);
  world.clock.advance(alarms::PointAlarms::kQuietTime);
  EXPECT_FALSE(world.onboard(test::make_key(), "S"));
  EXPECT_EQ(world.alarms_raised(), 2U);
}

TEST(Reprovision, TheSameKeyMayAlwaysRegisterAgain) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S", "1.0.0");
  ASSERT_TRUE(first);
  world.note_connected(first->certificate);
  const auto second = world.onboard(key, "S", "2.0.0");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->certificate, first->certificate);
  EXPECT_EQ(world.thing("device-S").attributes.at("firmwareVersion"), "2.0.0") << "MERGE";
  EXPECT_EQ(world.active_certificates_of("device-S").size(), 1U);
}

TEST(Reprovision, ARevokedKeyStaysOut) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  registry::Certificate c = world.certificate(first->certificate);
  c.status = CertificateStatus::revoked;
  ++c.version;
  world.put(c);
  const auto again = world.create(key);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().cause, "KeyRefused"_cause);
}

TEST(Overrides, AreFollowedToTheLetter) {
  const auto body = [](const std::string& overrides) {
    return R"({"Parameters":{"SerialNumber":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "thing":{"Type":"AWS::IoT::Thing","OverrideSettings":)" +
           overrides + R"(,"Properties":{"ThingName":{"Ref":"SerialNumber"},
      "ThingTypeName":"SmartSensor","ThingGroups":["unprovisioned-devices"],"AttributePayload":{"a":"new","b":"new"}}}}})";
  };
  const struct {
    std::string overrides;
    bool accepted;
    registry::Attributes attributes;
    std::string type;
    std::size_t groups;
  } rows[] = {
      {"{}", true, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"AttributePayload":"DO_NOTHING"})", true, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"AttributePayload":"MERGE"})",
       true,
       {{"a", "new"}, {"b", "new"}, {"c", "old"}},
       "Other",
       1},
      {R"({"ATTRIBUTE_PAYLOAD":"REPLACE"})", true, {{"a", "new"}, {"b", "new"}}, "Other", 1},
      {R"({"ThingTypeName":"REPLACE"})", true, {{"a", "old"}, {"c", "old"}}, "SmartSensor", 1},
      {R"({"ThingGroups":"MERGE"})", true, {{"a", "old"}, {"c", "old"}}, "Other", 2},
      {R"({"ThingGroups":"REPLACE"})", true, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"ThingGroups":"FAIL"})", false, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"AttributePayload":"FAIL"})", false, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"ThingTypeName":"FAIL"})", false, {{"a", "old"}, {"c", "old"}}, "Other", 1},
  };
  for (const auto& row : rows) {
    World world(body(row.overrides));
    const ThingName name = *ThingName::parse("X");
    world.put(registry::ThingType{.name = *ThingTypeName::parse("Other"), .id = "o"});
    world.put(registry::ThingGroup{.name = *ThingGroupName::parse("mine"), .id = "m"});
    world.put(registry::Thing{.name = name,
                              .id = "i",
                              .type = *ThingTypeName::parse("Other"),
                              .attributes = {{"a", "old"}, {"c", "old"}}});
    world.put(registry::GroupMembership{name, *ThingGroupName::parse("mine")});
    const auto answer = world.onboard(test::make_key(), "X");
    EXPECT_EQ(answer.has_value(), row.accepted) << row.overrides;
    if (!answer) EXPECT_EQ(answer.error().cause, "OverrideIsFail"_cause);
    EXPECT_EQ(world.thing("X").attributes, row.attributes) << row.overrides;
    EXPECT_EQ(world.thing("X").type->str(), row.type) << row.overrides;
    EXPECT_EQ(world.all<registry::GroupMembership>(registry::query::GroupsOfThing{name}).size(),
              row.groups)
        << row.overrides;
  }
}

TEST(Claims, AreHeldToTheirTemplateAndTheirNumberOfDevices) {
  World world;
  world.add_template("Other", mission_template());
  world.give(1, {.templates = {*TemplateName::parse("T")}, .max_devices = 2});
  const auto elsewhere = world.create(test::make_key());
  const auto wrong =
      world.register_with(elsewhere->ownership_token.reveal(), World::parameters("W"), "Other");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().cause, "ClaimRefused"_cause);
  const auto key = test::make_key();
  EXPECT_TRUE(world.onboard(key, "1"));
  EXPECT_TRUE(world.onboard(key, "1", "2.0.0")) << "the same device again does not count";
  EXPECT_TRUE(world.onboard(test::make_key(), "2"));
  const auto third = world.onboard(test::make_key(), "3");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().cause, "ClaimRefused"_cause);
  EXPECT_THAT(third.error().message, HasSubstr("no more devices"));
}

TEST(FleetLimit, CountsWhatWasMadeBeforeItWasSet) {
  World world;
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "1"));
  ASSERT_TRUE(world.onboard(key, "1", "2.0.0"));
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  const registry::Counter counter = *run_blocking(registry::get(
      world.memory, registry::counter_key(things_counter(*TemplateName::parse("T")))));
  EXPECT_EQ(counter.value, 2) << "a thing that comes again is the same thing";
  Settings limited = *world.settings.get();
  limited.fleet_limit = 3;
  world.settings.set(limited);
  EXPECT_TRUE(world.onboard(test::make_key(), "3"));
  const auto fourth = world.onboard(test::make_key(), "4");
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().cause, "LimitReached"_cause);
  EXPECT_TRUE(world.onboard(key, "1", "3.0.0")) << "the limit is on new things";
}

TEST(InlinePolicies, AreMadeOnceAndSharedByTheSameDocument) {
  World world(
      R"({"Parameters":{"SerialNumber":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "policy":{"Type":"AWS::IoT::Policy","Properties":{"PolicyDocument":{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:000000000000:client/${iot:Connection.Thing.ThingName}"}]}}},
      "thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"SerialNumber"}}}}})");
  const auto one = world.onboard(test::make_key(), "1");
  ASSERT_TRUE(one) << describe(one.error());
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  const auto policies = world.all<registry::Policy>(registry::query::Policies{});
  ASSERT_EQ(policies.size(), 2U);  // FleetDevicePolicy and this one
  const auto attached = world.all<registry::PolicyAttachment>(
      registry::query::PoliciesOfTarget{registry::PolicyTarget(one->certificate)});
  ASSERT_EQ(attached.size(), 1U);
  EXPECT_THAT(attached[0].policy.str(), testing::MatchesRegex("[0-9A-F]+"));
  EXPECT_EQ(attached[0].policy.str().size(), 40U);
}

TEST(Reprovision, ARevokedKeyStaysOutThroughEveryClaim) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  ASSERT_TRUE(first);
  registry::Certificate c = world.certificate(first->certificate);
  c.status = CertificateStatus::revoked;
  ++c.version;
  world.put(c);
  world.caller.certificate = CertificateId(Sha256{2});
  const auto again = world.create(key);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().cause, "KeyRefused"_cause);
}

TEST(Reprovision, AKeyThatIsRevokedMeanwhileStaysOut) {
  for (const bool is_registering : {false, true}) {
    World world;
    const auto key = test::make_key();
    std::string token;
    if (is_registering) token = world.create(key)->ownership_token.reveal();
    // Nothing of it is known when the key is looked up.
    world.store.before_commit([&] {
      registry::Certificate revoked = World::claim(9);
      revoked.purpose = registry::CertificatePurpose::identity;
      revoked.public_key = key.public_key().sha256();
      revoked.status = CertificateStatus::revoked;
      world.put(revoked);
    });
    const auto code_of = [](const auto& result) {
      return result ? std::string_view("let in") : name_of(result.error().cause);
    };
    EXPECT_EQ(is_registering ? code_of(world.register_with(token, World::parameters("S")))
                             : code_of(world.create(key)),
              "KeyRefused")
        << is_registering;
    for (const registry::Certificate& one : world.device_certificates())
      EXPECT_NE(one.status, CertificateStatus::active);
    EXPECT_EQ(world.device_certificates().size(), is_registering ? 2U : 1U);
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  }
}

TEST(Reprovision, ADeactivatedDeviceDoesNotLetItselfInAgain) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  ASSERT_TRUE(first);
  registry::Certificate c = world.certificate(first->certificate);
  c.status = CertificateStatus::inactive;
  ++c.version;
  world.put(c);
  const auto again = world.onboard(key, "S");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().cause, "ResourceConflicts"_cause);
  EXPECT_TRUE(world.active_certificates_of("device-S").empty());
}

TEST(Reprovision, ADeactivatedDeviceStaysOutWhenItsThingIsGoneToo) {
  for (const Reprovision rule : {Reprovision::same_key, Reprovision::replace, Reprovision::aws,
                                 Reprovision::operator_decides}) {
    World world;
    world.settings.set({.reprovision = rule, .key_algorithm = x509::KeyAlgorithm::ec_p256});
    const auto key = test::make_key();
    const auto first = world.onboard(key, "S");
    ASSERT_TRUE(first);
    registry::Certificate c = world.certificate(first->certificate);
    c.status = CertificateStatus::inactive;
    ++c.version;
    world.put(c);
    const ThingName name = *ThingName::parse("device-S");
    world.erase(registry::principal_key(name, c.id));
    world.erase(registry::thing_key(name));
    const auto again = world.onboard(key, "S");
    ASSERT_FALSE(again) << static_cast<int>(rule);
    EXPECT_EQ(again.error().cause, "KeyRefused"_cause);
    EXPECT_THAT(again.error().message, HasSubstr("--new-status ACTIVE"));
  }
}

TEST(Reprovision, AnOperatorsPermissionLetsADeactivatedKeyIn) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  registry::Certificate c = world.certificate(first->certificate);
  c.status = CertificateStatus::inactive;
  ++c.version;
  world.put(c);
  registry::Thing thing = world.thing("device-S");
  thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
  ++thing.version;
  world.put(thing);
  const auto again = world.onboard(key, "S");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(again->certificate, first->certificate);
}

TEST(Reprovision, ARequestThatWasSeenBeforeRegistersNothingAnew) {
  World world;
  const auto key = test::make_key();
  const std::string csr = *x509::make_csr_pem(key, test::common_name("device"));
  const auto with_csr = [&](const std::string& firmware) {
    const auto created = run_blocking(world.create_certificate.from_csr(world.caller, csr));
    EXPECT_TRUE(created);
    return world.register_with(created->ownership_token.reveal(), World::parameters("S", firmware));
  };
  const auto first = with_csr("1.0.0");
  ASSERT_TRUE(first);
  world.note_connected(first->certificate);
  const auto repeated = with_csr("1.0.0");
  ASSERT_TRUE(repeated) << "the same registration gets the same answer";
  EXPECT_TRUE(repeated->repeated);
  const auto another = with_csr("6.6.6");
  ASSERT_FALSE(another) << "whoever saw the request need not have the key";
  EXPECT_EQ(another.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_EQ(world.thing("device-S").attributes.at("firmwareVersion"), "1.0.0");
  EXPECT_TRUE(world.onboard(key, "S", "2.0.0")) << "who signs anew has it";
  EXPECT_FALSE(with_csr("6.6.6")) << "the first request is known still";
  registry::Thing thing = world.thing("device-S");
  thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
  ++thing.version;
  world.put(thing);
  EXPECT_TRUE(with_csr("3.0.0")) << "an operator's word does as well";
}

TEST(Reprovision, RemembersABoundedNumberOfRequests) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S", "1.0.0");
  ASSERT_TRUE(first);
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(world.create(key)) << i;
  EXPECT_EQ(world.certificate(first->certificate).requests.size(), 64U);
  EXPECT_TRUE(world.onboard(key, "S", "2.0.0")) << "the holder of the key goes on";
}

TEST(Claims, EndWithTheirCertificate) {
  World world;
  const auto key = test::make_key();
  const auto waiting = world.create(key);
  registry::Certificate ending = world.certificate(world.caller.certificate);
  ending.not_after = world.clock.now() + std::chrono::minutes(5);
  ++ending.version;
  world.put(ending);
  EXPECT_TRUE(world.create(test::make_key()));
  world.clock.advance(std::chrono::minutes(6));
  const auto late = world.create(test::make_key());
  ASSERT_FALSE(late) << "the connection is open still";
  EXPECT_EQ(late.error().cause, "ClaimRefused"_cause);
  EXPECT_THAT(late.error().message, HasSubstr("has expired"));
  EXPECT_FALSE(run_blocking(world.create_certificate.with_keys(world.caller)));
  EXPECT_FALSE(world.create(key)) << "what was made before, too";
  EXPECT_FALSE(world.register_with(waiting->ownership_token.reveal(), World::parameters("S")));
}

TEST(RegisterThing, AnEmptySerialMakesNoThing) {
  World world;
  const auto refused = world.onboard(test::make_key(), "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, "InvalidParameters"_cause);
  EXPECT_THAT(refused.error().message, HasSubstr("SerialNumber is empty"));
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  registry::ProvisioningTemplate record =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  record.settings["empty-serial"] = "allow";
  ++record.version;
  world.put(record);
  EXPECT_TRUE(world.onboard(test::make_key(), "")) << "as on AWS";
}

TEST(RegisterThing, NoEmptyParameterNamesAThing) {
  World world(
      R"({"Parameters":{"Line":{"Type":"String","Default":""},"Unit":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Fn::Join":["",["unit-",{"Ref":"Line"},{"Ref":"Unit"}]]}}}}})");
  const auto onboard = [&](const templates::Parameters& parameters) {
    return world.register_with(world.create(test::make_key())->ownership_token.reveal(),
                               parameters);
  };
  EXPECT_TRUE(onboard({{"Unit", "7"}})) << "what has a default may be empty";
  EXPECT_TRUE(onboard({{"Unit", "8"}, {"Line", ""}}));
  const auto refused = onboard({{"Unit", ""}, {"Line", "A"}});
  ASSERT_FALSE(refused) << "whatever the parameter is called";
  EXPECT_THAT(refused.error().message, HasSubstr("Unit is empty"));
}

TEST(RegisterThing, FillsAThingWhoseNameWasReserved) {
  World world;
  world.put(registry::Thing{
      .name = *ThingName::parse("device-S"), .id = "reserved", .is_reserved = true});
  Settings limited = *world.settings.get();
  limited.fleet_limit = 1;
  world.settings.set(limited);
  ASSERT_TRUE(world.onboard(test::make_key(), "S"));
  const registry::Thing thing = world.thing("device-S");
  EXPECT_EQ(thing.id, "reserved");
  EXPECT_FALSE(thing.is_reserved);
  EXPECT_EQ(thing.attributes.at("firmwareVersion"), "1.0.0");
  EXPECT_EQ(thing.type->str(), "SmartSensor");
  EXPECT_FALSE(world.onboard(test::make_key(), "T")) << "it counts like any other";
}

TEST(Claims, OneKeyIsOneDevice) {
  World world;
  world.give(1, {.max_devices = 1});
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "1"));
  const auto second = world.onboard(key, "2");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().cause, "KeyOfAnotherThing"_cause);
  EXPECT_THAT(second.error().message, HasSubstr("device-1"));
  const auto other = world.create(test::make_key());
  ASSERT_FALSE(other) << "a claim that is used up makes no more certificates";
  EXPECT_EQ(other.error().cause, "ClaimRefused"_cause);
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U);
}

TEST(RegisterThing, GivesWayWhenItsTemplateChangesMeanwhile) {
  World world;
  const auto created = world.create(test::make_key());
  auto disabled =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  Known known{.resources = {},
              .device = DeviceRequest{.holds = {{registry::key_of(disabled),
                                                 registry::Expect::at(disabled.version)}},
                                      .source = *TemplateName::parse("T")},
              .fleet = FleetRequest{.caller = world.caller},
              .certificate = world.certificate(created->id)};
  known.resources.certificate = templates::CertificateResource{
      .logical_name = "c", .value = created->id.hex(), .ca_pem = {}, .status_override = {}};
  const auto decided = plan(known, world.clock.now(), "id", "g");
  ASSERT_TRUE(decided) << decided.error().message;
  disabled.enabled = false;
  ++disabled.version;
  world.put(disabled);
  const auto committed = run_blocking(world.memory.commit(decided->changes));
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, Fault::conflict);
}

/// Runs `work` on several threads at the same moment.
void at_once(int threads, const std::function<void(int)>& work) {
  std::latch begin(threads);
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      begin.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : all) thread.join();
}

/// A claim whose tenth device is its last.
struct TenDevices : World {
  TenDevices() { give(1, {.max_devices = 10}); }
  registry::Certificate own() { return certificate(caller.certificate); }
  std::int64_t devices() {
    return run_blocking(
               registry::get(memory, registry::counter_key(devices_counter(caller.certificate))))
        ->value;
  }
};

TEST(Claims, FreezeOnceWithOneAlarmWhenTheyAreUsedUp) {
  TenDevices world;
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "1"));
  for (int i = 2; i <= 10; ++i) ASSERT_TRUE(world.onboard(test::make_key(), std::to_string(i)));
  EXPECT_EQ(world.own().status, CertificateStatus::active) << "nobody has asked for more yet";
  EXPECT_TRUE(world.onboard(key, "1", "2.0.0")) << "a known device is no device more";
  EXPECT_FALSE(world.own().frozen);

  const auto more = world.create(test::make_key());
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().cause, "ClaimRefused"_cause);
  EXPECT_THAT(more.error().message, HasSubstr("10 of 10 are registered (rule max-devices)"));
  EXPECT_EQ(world.own().status, CertificateStatus::inactive);
  ASSERT_TRUE(world.own().frozen);
  EXPECT_THAT(world.own().frozen->because, HasSubstr("10 of 10"));
  const auto alarms = world.alarms_of(alarms::Kind::claim_frozen);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].certificate, world.caller.certificate.hex());
  EXPECT_EQ(alarms[0].client, "factory-1");
  EXPECT_THAT(alarms[0].detail, HasSubstr("\"claim\":true"));

  const auto later = world.create(test::make_key());
  ASSERT_FALSE(later);
  EXPECT_THAT(later.error().message, HasSubstr("has been frozen since"));
  EXPECT_EQ(world.alarms_of(alarms::Kind::claim_frozen).size(), 1U);
}

TEST(Claims, OfTenDevicesRegisterTenWhenManyComeAtOnce) {
  TenDevices world;
  std::vector<std::string> tokens;
  for (int i = 0; i < 25; ++i)
    tokens.push_back(world.create(test::make_key())->ownership_token.reveal());
  std::atomic<int> registered = 0;
  std::atomic<int> denied = 0;
  at_once(25, [&](int i) {
    const auto done = world.register_with(tokens[static_cast<std::size_t>(i)],
                                          World::parameters("S" + std::to_string(i)));
    if (done) {
      ++registered;
    } else if (done.error().cause == "ClaimRefused"_cause) {
      ++denied;
    }
  });
  EXPECT_EQ(registered, 10);
  EXPECT_EQ(denied, 15);
  EXPECT_EQ(world.devices(), 10);
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 10U);
  ASSERT_TRUE(world.own().frozen);
  EXPECT_EQ(world.alarms_of(alarms::Kind::claim_frozen).size(), 1U);
}

TEST(Claims, ThatWereUsedWithoutABudgetHaveCounted) {
  TenDevices world;
  world.give(1, {});
  ASSERT_TRUE(world.onboard(test::make_key(), "1"));
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  EXPECT_EQ(world.devices(), 2);
  world.give(1, {.max_devices = 2});
  EXPECT_FALSE(world.onboard(test::make_key(), "3"));
  EXPECT_TRUE(world.own().frozen);
}

TEST(Claims, FreezeForASerialNumberOfAnotherBatch) {
  TenDevices world;
  world.give(1, {.serials = registry::SerialRange{"A1", "A5"}});
  ASSERT_TRUE(world.onboard(test::make_key(), "A5"));
  const auto other = world.onboard(test::make_key(), "A6");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().cause, "ClaimRefused"_cause);
  EXPECT_EQ(world.alarms_of(alarms::Kind::claim_frozen).at(0).serial_number, "A6");
  EXPECT_FALSE(world.onboard(test::make_key(), "A4")) << "it is frozen for everybody";
}

TEST(Claims, LearnTheirNetworksFromTheirFirstDevices) {
  TenDevices world;
  world.give(1, {.learning_devices = 2});
  world.caller.source_ip = "10.0.0.1";
  ASSERT_TRUE(world.onboard(test::make_key(), "1"));
  world.caller.source_ip = "10.0.9.1";
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  EXPECT_EQ(world.own().claim_networks.size(), 2U);
  world.caller.source_ip = "10.0.0.200";
  EXPECT_TRUE(world.onboard(test::make_key(), "3")) << "the same site";
  world.caller.source_ip = "10.0.5.1";
  EXPECT_FALSE(world.create(test::make_key()));
  ASSERT_TRUE(world.own().frozen);
  EXPECT_THAT(world.own().frozen->because, HasSubstr("10.0.0.0/24, 10.0.9.0/24"));
}

TEST(Claims, FromANewPlaceAreToldOnceAndGoOn) {
  TenDevices world;
  world.settings.set({.key_algorithm = x509::KeyAlgorithm::ec_p256,
                      .new_places = {.after_devices = 2, .most_places = 2}});
  world.give(1, {});
  world.caller.source_ip = "10.0.0.1";
  for (const char* serial : {"1", "2"}) ASSERT_TRUE(world.onboard(test::make_key(), serial));
  world.caller.source_ip = "10.0.0.2";
  ASSERT_TRUE(world.onboard(test::make_key(), "3")) << "the same site";
  EXPECT_TRUE(world.alarms_of(alarms::Kind::claim_new_place).empty());
  world.caller.source_ip = "10.9.9.9";
  for (const char* serial : {"4", "5"}) ASSERT_TRUE(world.onboard(test::make_key(), serial));
  const auto alarms = world.alarms_of(alarms::Kind::claim_new_place);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].certificate, world.own().id.hex());
  EXPECT_THAT(alarms[0].detail, HasSubstr("10.9.9.0/24"));
  EXPECT_FALSE(world.own().frozen);
}

TEST(Claims, LearnOneNetworkFromManyAtOnce) {
  TenDevices world;
  world.give(1, {.learning_devices = 5});
  world.caller.source_ip = "10.0.0.1";
  at_once(4, [&](int) { EXPECT_TRUE(world.create(test::make_key())); });
  EXPECT_EQ(world.own().claim_networks.size(), 1U);
}

TEST(Claims, AreSlowedDownByTheirRateAndStayInService) {
  TenDevices world;
  world.give(1, {.rate = registry::Rate{2, Seconds(60)}});
  const auto waiting = world.create(test::make_key());
  ASSERT_TRUE(world.onboard(test::make_key(), "1"));
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  const auto third = world.create(test::make_key());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().fault, Fault::exhausted);
  EXPECT_EQ(third.error().cause, "Throttled"_cause);
  const std::string token = waiting->ownership_token.reveal();
  EXPECT_EQ(world.register_with(token, World::parameters("3")).error().cause, "Throttled"_cause);
  EXPECT_FALSE(world.own().frozen);
  world.clock.advance(Seconds(60));
  EXPECT_TRUE(world.register_with(token, World::parameters("3")));
}

TEST(Claims, PayOnceForADeviceWhoseAnswerWasLost) {
  TenDevices world;
  world.give(1, {.max_devices = 3});
  for (int i = 0; i < 3; ++i) {
    const auto again = world.onboard(test::make_key(), "same");
    ASSERT_TRUE(again) << i << ": " << again.error().message;
  }
  EXPECT_TRUE(world.onboard(test::make_key(), "second"));
  EXPECT_TRUE(world.onboard(test::make_key(), "third"));
  EXPECT_FALSE(world.own().frozen);
}

TEST(Claims, HoldToTheirRangeTheParameterThatTheTemplateCallsItsSerial) {
  TenDevices world;
  world.give(1, {.serials = registry::SerialRange{"A1", "A5"}});
  auto record =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  record.settings["serial-parameter"] = "FirmwareVersion";
  ++record.version;
  world.put(record);
  ASSERT_TRUE(world.onboard(test::make_key(), "X9", "A2"));
  EXPECT_FALSE(world.onboard(test::make_key(), "A2", "X9"));
  EXPECT_TRUE(world.own().frozen);
}

TEST(Claims, TellTheSerialOfARefusedUnitWhateverTheTemplateCallsIt) {
  TenDevices world;
  auto record =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  record.settings["serial-parameter"] = "FirmwareVersion";
  record.settings["parameter.FirmwareVersion.pattern"] = "A.*";
  ++record.version;
  world.put(record);
  const auto created = world.create(test::make_key());
  const auto outcome =
      world.ask_to_register(created->ownership_token.reveal(), World::parameters("S1", "X9"), "T");
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.serial_number, "X9");
}

TEST(Claims, LoseNothingWhenTheFreezeCannotBeStored) {
  TenDevices world;
  world.give(1, {.serials = registry::SerialRange{"A1", "A5"}});
  const auto created = world.create(test::make_key());
  const std::string token = created->ownership_token.reveal();
  // token, template, its version, claim, freeze
  world.store.fail_call(5, test::FaultyStore::When::before);
  EXPECT_EQ(world.register_with(token, World::parameters("B1")).error().cause,
            "ClaimRefused"_cause);
  EXPECT_FALSE(world.own().frozen);
  EXPECT_TRUE(world.store.has_failed());
  EXPECT_EQ(world.register_with(token, World::parameters("B1")).error().cause,
            "ClaimRefused"_cause);
  EXPECT_TRUE(world.own().frozen) << "the next use freezes it";
}

TEST(Races, DevicesThatMeetOnOneThingLeaveOneActiveCertificate) {
  World world;
  world.put(registry::Thing{.name = *ThingName::parse("device-S"),
                            .id = "i",
                            .attributes = {{"firmwareVersion", "1.0.0"}}});
  std::atomic<int> accepted = 0;
  at_once(12, [&](int) {
    if (world.onboard(test::make_key(), "S")) ++accepted;
  });
  EXPECT_GE(accepted.load(), 1);
  EXPECT_EQ(world.active_certificates_of("device-S").size(), 1U);
}

TEST(Races, OneKeyOnManyConnectionsGetsOneCertificate) {
  World world;
  const auto key = test::make_key();
  at_once(8, [&](int) { EXPECT_TRUE(world.create(key)); });
  EXPECT_EQ(world.device_certificates().size(), 1U);
}

/// A device that begins again, with its key or (`fresh`) with a new one, until it is registered.
Result<RegisteredThing> insist(World& world, x509::PrivateKey& key, bool fresh) {
  auto done = world.onboard(key, "S");
  for (int attempt = 0; !done && attempt < 3; ++attempt) {
    if (fresh) key = test::make_key();
    done = world.onboard(key, "S");
  }
  return done;
}

TEST(NeverHalfProvisioned, WhicheverStoreCallFails) {
  for (const auto when : {test::FaultyStore::When::before, test::FaultyStore::When::after}) {
    for (const bool fresh : {false, true}) {
      for (int n = 1;; ++n) {
        World world;
        world.store.fail_call(n, when);
        x509::PrivateKey key = test::make_key();
        const auto done = insist(world, key, fresh);
        ASSERT_TRUE(done) << "call " << n << ": " << describe(done.error());
        EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U) << n;
        const auto active = world.active_certificates_of("device-S");
        ASSERT_EQ(active.size(), 1U) << "call " << n;
        EXPECT_EQ(active[0], done->certificate);
        EXPECT_EQ(world.certificate(active[0]).public_key, key.public_key().sha256())
            << "the device's own key";
        world.clock.advance(std::chrono::hours(2));
        ASSERT_TRUE(run_blocking(sweep(world.memory, world.clock, kKeepAll)));
        for (const auto& certificate : world.device_certificates()) {
          EXPECT_NE(certificate.status, CertificateStatus::pending_activation) << n;
        }
        EXPECT_TRUE(world.all<registry::IssuanceIntent>(registry::query::Intents{world.clock.now()})
                        .empty());
        if (!world.store.has_failed()) break;  // the run needed fewer calls than n: all were tried
        ASSERT_LT(n, 100);
      }
    }
  }
}

TEST(NeverHalfProvisioned, WhenTheSignerFails) {
  World world;
  world.signer->fail_next = 1;
  x509::PrivateKey key = test::make_key();
  const auto done = insist(world, key, false);
  ASSERT_TRUE(done);
  EXPECT_EQ(world.active_certificates_of("device-S").size(), 1U);
  EXPECT_EQ(world.device_certificates().size(), 1U);
}

TEST(OwnershipTokens, DependOnKeyCertificateRequesterAndRound) {
  World world;
  const auto created = world.create(test::make_key());
  const std::string token = created->ownership_token.reveal();
  EXPECT_LE(token.size(), 512U);
  registry::Certificate certificate = world.certificate(created->id);
  EXPECT_TRUE(world.tokens.matches(token, certificate));
  registry::Certificate other_round = certificate;
  ++other_round.ownership_round;
  EXPECT_FALSE(world.tokens.matches(token, other_round));
  registry::Certificate other_requester = certificate;
  other_requester.requested_by = CertificateId(Sha256{9});
  EXPECT_FALSE(world.tokens.matches(token, other_requester));
  EXPECT_FALSE(OwnershipTokens(Secret(std::string(64, 'x'))).matches(token, certificate));
}

// ---- hooks ----

/// The mission's template, guarded by a hook.
struct GuardedWorld : World {
  static constexpr std::string_view kArn = "arn:aws:lambda:us-east-1:000000000000:function:pre";
  GuardedWorld() { guard(); }

  void guard() {
    put(registry::ProvisioningTemplate{
        .name = *TemplateName::parse("T"),
        .enabled = true,
        .hook = registry::ProvisioningHook{"2020-04-01", std::string(kArn)}});
  }
  RegisterThingOutcome onboard_asking(const std::string& serial) {
    created = *create(key);
    return ask_to_register(created->ownership_token.reveal(), parameters(serial));
  }
  std::vector<registry::AuditEvent> steps(const std::string& step) {
    auto found = all<registry::AuditEvent>(registry::query::AuditEvents{});
    std::erase_if(found, [&](const auto& event) { return event.step != step; });
    return found;
  }

  const x509::PrivateKey key = test::make_key();
  std::optional<CreatedCertificate> created;
};

TEST(PreProvisioningHook, IsAskedWithTheDocumentedEvent) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true})");
  ASSERT_TRUE(world.onboard_asking("1").result);
  ASSERT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_EQ(world.hooks.asked[0].first, GuardedWorld::kArn);
  encoding::json::object expected{
      {"claimCertificateId", world.caller.certificate.hex()},
      {"certificateId", world.created->id.hex()},
      {"certificatePem", world.created->pem},
      {"templateArn", "arn:aws:iot:us-east-1:000000000000:provisioningtemplate/T"},
      {"clientId", "factory-1"},
      {"parameters", {{"FirmwareVersion", "1.0.0"}, {"SerialNumber", "1"}}}};
  EXPECT_EQ(world.hooks.asked[0].second, encoding::to_json(expected));
  EXPECT_EQ(world.hooks.asked[0].second.find("PRIVATE"), std::string::npos);
}

TEST(PreProvisioningHook, OnlyItsYesLetsADeviceInAndNothingItSaysReachesTheDevice) {
  using Kind = hooks::Reply::Kind;
  const struct {
    hooks::Reply reply;
    Fault fault;
    Cause cause;
  } rows[] = {
      {hooks::read_answer(R"({"allowProvisioning":false,"why":"secret"})"), Fault::forbidden,
       "HookDenied"_cause},
      {hooks::read_answer(R"({"errorType":"Error","errorMessage":"secret"})"), Fault::forbidden,
       "HookDenied"_cause},
      {hooks::read_answer("secret"), Fault::unavailable, "HookFailed"_cause},
      {{.kind = Kind::failed, .because = "secret"}, Fault::unavailable, "HookFailed"_cause},
      {{.kind = Kind::timed_out, .because = "secret"}, Fault::unavailable, "HookTimedOut"_cause},
      {hooks::read_answer(R"({"allowProvisioning":true,"parameterOverrides":{"SerialNumber":1}})"),
       Fault::unavailable, "HookFailed"_cause},
  };
  GuardedWorld world;
  for (const auto& row : rows) {
    world.hooks.reply = row.reply;
    const auto outcome = world.onboard_asking("1");
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().cause, row.cause);
    EXPECT_EQ(outcome.result.error().fault, row.fault);
    EXPECT_EQ(describe(outcome.result.error()).find("secret"), std::string::npos);
    ASSERT_TRUE(outcome.hook);
    EXPECT_TRUE(outcome.hook->refuses());
    EXPECT_FALSE(outcome.hook->verdict.because.empty());
    EXPECT_EQ(world.certificate(world.created->id).status, CertificateStatus::pending_activation);
  }
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  EXPECT_TRUE(world.steps("hook").empty()) << "whoever answers the device records it";
  world.hooks.answer(R"({"allowProvisioning":true})");
  EXPECT_TRUE(world.onboard_asking("1").result) << "the same key may ask again";
}

TEST(PreProvisioningHook, OverridesReplaceAndAddDeclaredParameters) {
  GuardedWorld world;
  world.hooks.answer(
      R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9","Region":"eu",
          "AWS::IoT::Certificate::Id":"0000"}})");
  world.created = *world.create(world.key);
  const std::string token = world.created->ownership_token.reveal();
  const auto outcome = world.ask_to_register(token, {{"SerialNumber", "1"}});
  ASSERT_TRUE(outcome.result) << describe(outcome.result.error());
  EXPECT_EQ(world.thing("device-1").attributes.at("firmwareVersion"), "9");
  EXPECT_THAT(outcome.hook->undeclared,
              testing::ElementsAre("AWS::IoT::Certificate::Id", "Region"));
  const auto events = world.steps("hook");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].outcome, "ok");
  EXPECT_THAT(events[0].detail,
              AllOf(HasSubstr(R"("overrides":["FirmwareVersion"])"),
                    HasSubstr(R"("undeclared":["AWS::IoT::Certificate::Id","Region"])")));
  EXPECT_EQ(events[0].serial_number, "1");
  EXPECT_LT(events[0].sequence, world.steps("register_thing")[0].sequence);
}

TEST(PreProvisioningHook, OverridesAreCheckedLikeADevicesOwnParameters) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"SerialNumber":"a b"}})");
  const auto blamed = world.onboard_asking("1");
  ASSERT_FALSE(blamed.result);
  EXPECT_EQ(blamed.result.error().cause, "HookOverride"_cause);
  EXPECT_EQ("HookOverride"_cause->wire_code, "InvalidParameters");
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9"}})");
  const auto own = world.onboard_asking("a b");
  ASSERT_FALSE(own.result);
  EXPECT_EQ(own.result.error().cause, "InvalidParameters"_cause) << "it sent that itself";
}

TEST(PreProvisioningHook, IsAskedOnceForEachRequestAndNotForARepeat) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9"}})");
  world.created = *world.create(world.key);
  const std::string token = world.created->ownership_token.reveal();
  // Somebody changes the thing's group between reading and writing: one race is lost.
  world.store.before_commit([&] { world.guard(); });
  ASSERT_TRUE(world.ask_to_register(token, World::parameters("1")).result);
  EXPECT_EQ(world.hooks.asked.size(), 1U);
  const auto again = world.ask_to_register(token, World::parameters("1"));
  ASSERT_TRUE(again.result);
  EXPECT_TRUE(again.result->repeated);
  EXPECT_FALSE(again.hook);
  EXPECT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_EQ(world.ask_to_register(token, World::parameters("1", "9")).result.error().cause,
            "InvalidCertificateOwnershipToken"_cause)
      << "what counts is what the device sent";
}

TEST(PreProvisioningHook, IsNotAskedForWhatIsRefusedAnyway) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true})");
  EXPECT_FALSE(world.register_with("no token", World::parameters("1")));
  world.created = *world.create(world.key);
  EXPECT_FALSE(world.register_with(world.created->ownership_token.reveal(), World::parameters("1"),
                                   "Unknown"));
  EXPECT_TRUE(world.hooks.asked.empty());
}

TEST(PreProvisioningHook, WhatChangesWhileItIsAskedCounts) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true})");
  world.hooks.while_asked = [&] {
    auto claim = World::claim(1);
    claim.status = CertificateStatus::inactive;
    claim.version = 2;
    world.put(claim);
  };
  const auto outcome = world.onboard_asking("1");
  ASSERT_FALSE(outcome.result);
  EXPECT_THAT(outcome.result.error().message, HasSubstr("deactivated"));
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
}

TEST(PreProvisioningHook, InShadowIsRecordedAndDecidesNothing) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9"}})");
  world.hooks.reply.shadow = true;
  ASSERT_TRUE(world.onboard_asking("1").result);
  EXPECT_EQ(world.thing("device-1").attributes.at("firmwareVersion"), "1.0.0");
  world.hooks.answer(R"({"allowProvisioning":false})");
  world.hooks.reply.shadow = true;
  ASSERT_TRUE(world.onboard_asking("1").result);
  const auto events = world.steps("hook");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_THAT(events[1].detail + events[0].detail, HasSubstr(R"("shadow":true)"));
  EXPECT_EQ(std::set({events[0].outcome, events[1].outcome}),
            (std::set<std::string>{"denied", "ok"}));
}

// ---- the gatekeeper and settings of a template ----

void set_up_list(World& world, const registry::TemplateSettings& settings) {
  const ListName list = *ListName::parse("line-a");
  world.put(registry::ManufacturingList{.name = list});
  world.put(registry::ListEntry{.list = list, .serial = "A1", .extra = {{"firmware", "9"}}});
  world.put(registry::ProvisioningTemplate{
      .name = *TemplateName::parse("T"), .enabled = true, .version = 2, .settings = settings});
}

TEST(Gatekeeping, LetsListedUnitsInWithWhatTheListSays) {
  World world;
  set_up_list(world, {{"allowlist", "line-a"}, {"override.FirmwareVersion", "column:firmware"}});
  const auto refused = world.onboard(test::make_key(), "B1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, "NotListed"_cause);
  EXPECT_THAT(refused.error().rule, HasSubstr("line-a has no serial"));
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "A1"));
  EXPECT_EQ(world.thing("device-A1").attributes.at("firmwareVersion"), "9");
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U);
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  EXPECT_THAT(events.back().detail, HasSubstr(R"("list":"line-a","overridden":{"Firmware)"));
}

TEST(Gatekeeping, AUnitThatIsTakenOffTheListMeanwhileDoesNotGetIn) {
  World world;
  set_up_list(world, {{"allowlist", "line-a"}});
  const auto created = world.create(test::make_key());
  ASSERT_TRUE(created);
  world.store.before_commit(
      [&] { world.erase(registry::list_entry_key(*ListName::parse("line-a"), "A1")); });
  const auto registered =
      world.register_with(created->ownership_token.reveal(), World::parameters("A1"));
  ASSERT_FALSE(registered);
  EXPECT_THAT(registered.error().rule, HasSubstr("has no serial"));
}

TEST(Gatekeeping, AnAnswerThatWasGivenIsGivenAgain) {
  World world;
  set_up_list(world, {{"allowlist", "line-a"}});
  const auto created = world.create(test::make_key());
  const std::string token = created->ownership_token.reveal();
  ASSERT_TRUE(world.register_with(token, World::parameters("A1")));
  world.erase(registry::list_entry_key(*ListName::parse("line-a"), "A1"));
  const auto again = world.register_with(token, World::parameters("A1"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->repeated);
}

TEST(Gatekeeping, AListOfTheDeploymentHoldsForEveryTemplateUnlessItSaysNone) {
  World world;
  world.settings.set(
      {.key_algorithm = x509::KeyAlgorithm::ec_p256, .rules = {.allowlist = "nobodys"}});
  const auto refused = world.onboard(test::make_key(), "A1");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().rule, HasSubstr("no such manufacturing list"));
  set_up_list(world, {{"allowlist", "none"}});
  EXPECT_TRUE(world.onboard(test::make_key(), "A1"));
}

TEST(TemplatesOwnSettings, LimitTheFleetAndReprovisioning) {
  World world;
  set_up_list(world, {{"fleet-limit", "1"}, {"reprovision", "never"}});
  ASSERT_TRUE(world.onboard(test::make_key(), "A1"));
  const auto again = world.onboard(test::make_key(), "A1");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("reprovision = never"));
  const auto another = world.onboard(test::make_key(), "A2");
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().cause, "LimitReached"_cause);
}

TEST(TemplatesOwnSettings, MakeTheKeysAndCertificatesOfItsClaims) {
  World world;
  set_up_list(world, {{"certificate-validity", "30d"}});
  world.settings.set({.key_algorithm = x509::KeyAlgorithm::ec_p256,
                      .certificate_validity = std::chrono::hours(24 * 3650)});
  const auto life = [&](const CreatedCertificate& created) {
    return world.certificate(created.id).not_after - world.clock.now();
  };
  const auto usual = world.create(test::make_key());
  world.give(1, {.templates = {*TemplateName::parse("T")}});
  const auto shorter = run_blocking(world.create_certificate.with_keys(world.caller));
  ASSERT_TRUE(usual && shorter) << shorter.error().message;
  EXPECT_EQ(life(*shorter), std::chrono::hours(24 * 30));
  EXPECT_GT(life(*usual), std::chrono::hours(24 * 60));
  EXPECT_THAT(shorter->private_key.reveal(), HasSubstr("EC PRIVATE KEY"));
}

TEST(Gatekeeping, ComesBeforeTheHook) {
  GuardedWorld world;
  set_up_list(world, {{"allowlist", "line-a"}, {"override.FirmwareVersion", "column:firmware"}});
  auto guarded =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  guarded.hook = registry::ProvisioningHook{"2020-04-01", std::string(GuardedWorld::kArn)};
  world.put(guarded);
  world.hooks.answer(R"({"allowProvisioning":true})");
  EXPECT_THAT(world.onboard_asking("B1").result.error().rule, HasSubstr("has no serial"));
  EXPECT_TRUE(world.hooks.asked.empty());
  ASSERT_TRUE(world.onboard_asking("A1").result);
  ASSERT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_THAT(world.hooks.asked[0].second, HasSubstr(R"("FirmwareVersion":"9")"))
      << "it sees what the list says";
}

}  // namespace
}  // namespace imprint::provisioning
