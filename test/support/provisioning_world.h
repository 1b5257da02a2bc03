// SPDX-License-Identifier: Apache-2.0
#pragma once

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
#include "provisioning/register_thing.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "test/support/scripted_hooks.h"
#include "test/support/test_ca.h"
#include "x509/csr.h"

namespace imprint::test {

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

inline std::string mission_template() {
  std::ifstream in(std::string(IMPRINT_TEST_DIR) +
                   "/golden/templates/mission-fleet-provisioning-template.json");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

constexpr std::int64_t kKeepAll = 1'000'000;

/// One deployment without a network: store, issuing CA, and a fleet template with its type, group
/// and policy.
struct ProvisioningWorld {
  ProvisioningWorld() : ProvisioningWorld(mission_template()) {}
  explicit ProvisioningWorld(const std::string& body) {
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
            .status = registry::CertificateStatus::active,
            .purpose = registry::CertificatePurpose::claim,
            .not_after = kToday + 3650 * kDay};
  }

  void give(std::uint8_t number, registry::ClaimBudget budget) {
    registry::Certificate certificate = claim(number);
    certificate.claim_budget = std::move(budget);
    put(certificate);
  }

  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(runtime::run_blocking(memory.commit(std::move(changes))));
  }
  void erase(registry::Key key) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Erase{std::move(key)});
    ASSERT_TRUE(runtime::run_blocking(memory.commit(std::move(changes))));
  }
  void add_template(const std::string& name, const std::string& body, bool enabled = true) {
    put(registry::ProvisioningTemplate{.name = *TemplateName::parse(name), .enabled = enabled});
    put(registry::ProvisioningTemplateVersion{*TemplateName::parse(name), 1, body});
  }

  Result<provisioning::CreatedCertificate> create(const x509::PrivateKey& key) {
    return runtime::run_blocking(
        create_certificate.from_csr(caller, *x509::make_csr_pem(key, common_name("whatever"))));
  }
  provisioning::RegisterThingOutcome ask_to_register(const std::string& token,
                                                     templates::Parameters parameters,
                                                     const std::string& name = "T") {
    return runtime::run_blocking(
        register_thing.run(caller, {*TemplateName::parse(name), token, std::move(parameters)}));
  }
  Result<provisioning::RegisteredThing> register_with(const std::string& token,
                                                      templates::Parameters parameters,
                                                      const std::string& name = "T") {
    return ask_to_register(token, std::move(parameters), name).result;
  }
  static templates::Parameters parameters(const std::string& serial,
                                          const std::string& firmware = "1.0.0") {
    return {{"SerialNumber", serial}, {"FirmwareVersion", firmware}};
  }
  /// The whole provisioning exchange of a device with this key.
  Result<provisioning::RegisteredThing> onboard(const x509::PrivateKey& key,
                                                const std::string& serial,
                                                const std::string& firmware = "1.0.0") {
    auto created = create(key);
    if (!created) return tl::unexpected(created.error());
    return register_with(created->ownership_token.reveal(), parameters(serial, firmware));
  }

  template <class T>
  std::vector<T> all(registry::Query query) {
    return *runtime::run_blocking(registry::list_all<T>(memory, std::move(query)));
  }
  std::vector<registry::Certificate> device_certificates() {
    auto found = all<registry::Certificate>(registry::query::Certificates{});
    std::erase_if(found, [](const registry::Certificate& c) {
      return c.purpose != registry::CertificatePurpose::identity;
    });
    return found;
  }
  void set_status(const CertificateId& id, registry::CertificateStatus status) {
    registry::Certificate record = certificate(id);
    record.status = status;
    ++record.version;
    put(std::move(record));
  }
  registry::Certificate certificate(const CertificateId& id) {
    return *runtime::run_blocking(registry::get(memory, registry::certificate_key(id)));
  }
  registry::Thing thing(const std::string& name) {
    return *runtime::run_blocking(
        registry::get(memory, registry::thing_key(*ThingName::parse(name))));
  }
  std::vector<CertificateId> active_certificates_of(const std::string& name) {
    std::vector<CertificateId> active;
    for (const auto& principal : all<registry::ThingPrincipal>(
             registry::query::PrincipalsOfThing{*ThingName::parse(name)})) {
      if (certificate(principal.certificate).status == registry::CertificateStatus::active)
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
  /// The template with these settings, and a manufacturing list "line-a" with the serial A1.
  void set_up_list(const registry::TemplateSettings& of_template) {
    const ListName list = *ListName::parse("line-a");
    put(registry::ManufacturingList{.name = list});
    put(registry::ListEntry{.list = list, .serial = "A1", .extra = {{"firmware", "9"}}});
    put(registry::ProvisioningTemplate{
        .name = *TemplateName::parse("T"), .enabled = true, .version = 2, .settings = of_template});
  }
  void note_connected(const CertificateId& id) {
    registry::Certificate c = certificate(id);
    c.first_connected = clock.now();
    ++c.version;
    put(c);
  }

  MemoryStore memory;
  FaultyStore store{memory};
  FakeClock clock;
  SystemRandom random;
  Identity root = make_root("Test root");
  Identity issuing = make_intermediate(root, "Test issuing CA");
  std::shared_ptr<FaultySigner> signer = std::make_shared<FaultySigner>(std::move(issuing.key));
  issuance::Issuer issuer = *issuance::Issuer::make(issuing.certificate, signer);
  telemetry::Metrics metrics;
  Current<issuance::Profile> profile{*issuance::Profile::make({}, issuing.certificate)};
  issuance::KeyPool keys{{.algorithm = x509::KeyAlgorithm::ec_p256, .size = 0}};
  provisioning::OwnershipTokens tokens{Secret(std::string(64, 'k'))};
  Current<provisioning::Settings> settings{
      provisioning::Settings{.key_algorithm = x509::KeyAlgorithm::ec_p256}};
  provisioning::PendingCertificates pending;
  provisioning::TemplateCache cache;
  provisioning::IssueCertificate issue{store, issuer, profile, metrics, clock, random};
  provisioning::ClaimGuard claims{store, settings, clock};
  provisioning::CreateCertificate create_certificate{store,   issue,  keys,     tokens,
                                                     pending, claims, settings, clock};
  alarms::PointAlarms alarms{store, clock};
  ScriptedHooks hooks;
  provisioning::RegisterThing register_thing{
      store, cache, tokens, claims, hooks, alarms, settings, "arn:aws:iot:us-east-1:000000000000:",
      clock, random};
  provisioning::Caller caller{
      .certificate = CertificateId(Sha256{1}), .client_id = "factory-1", .correlation = "c"};
};

/// Runs `work` on several threads at the same moment.
inline void at_once(int threads, const std::function<void(int)>& work) {
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

}  // namespace imprint::test
