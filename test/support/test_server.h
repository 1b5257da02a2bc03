// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <thread>

#include "issuance/signer.h"
#include "server/shard.h"
#include "test/support/gated_store.h"
#include "test/support/memory_store.h"
#include "test/support/mqtt_device.h"
#include "test/support/quiet_log.h"
#include "test/support/test_ca.h"

namespace imprint::test {

inline constexpr std::string_view kAllowAll =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})";

inline std::string mission_template() {
  std::ifstream in(std::string(IMPRINT_TEST_DIR) +
                   "/golden/templates/mission-fleet-provisioning-template.json");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A client certificate that is in the registry, ready for a handshake.
struct Enrolled {
  CertificateId id;
  TlsOptions tls;
};

struct ServerOptions {
  mqtt::Limits mqtt = {};
  server::ConnectionLimits limits = {};
  server::SessionAccounts::Bounds accounts = {};
  std::uint16_t shards = 2;
  std::vector<hooks::HookOptions> hooks = {};
  std::shared_ptr<const x509::PrivateKey> second_server_key = {};
  server::TlsStacks stacks = server::TlsStacks::current;
};

/// Shards over a store in memory, each on its own port, so that a test chooses the shard that a
/// client connects to. Everything else is as in wiring.cc.
class TestServer {
 public:
  explicit TestServer(const ServerOptions& options = {}) : options_(options) {
    std::signal(SIGPIPE, SIG_IGN);
    store.watch([this](const registry::ChangeSet& changes) {
      directory_.apply(changes);
      introducers_.apply(changes);
      const identity::AccessChange change = identity::access_change_of(changes);
      access_.apply(change);
      for (const auto& shard : shards_) shard->access_changed(change);
    });
    set_policy("All", std::string(kAllowAll));
    set_policy("FleetDevicePolicy", std::string(kAllowAll));
    put(registry::ThingType{.name = *ThingTypeName::parse("SmartSensor"), .id = "t"});
    put(registry::ThingGroup{.name = *ThingGroupName::parse("unprovisioned-devices"), .id = "g"});
    put(registry::ProvisioningTemplate{.name = *TemplateName::parse("T"), .enabled = true});
    put(registry::ProvisioningTemplateVersion{*TemplateName::parse("T"), 1, mission_template()});
    const Enrolled own = make_client("localhost");
    credentials_ = credentials_of(own);
    if (options.second_server_key) {
      const Enrolled second = make_client(issuing_, "localhost", *options.second_server_key);
      credentials_.identities.push_back(credentials_of(second).identities.front());
    }
    for (std::uint16_t i = 0; i < options.shards; ++i) {
      auto shard = server::Shard::make(i, options.shards, services_,
                                       *server::MqttTls::make(credentials_, trust_, options.stacks),
                                       {boost::asio::ip::make_address("127.0.0.1"), 0});
      shards_.push_back(std::move(*shard));
      peers_.push_back(shards_.back().get());
    }
    for (const auto& shard : shards_) shard->switchboard().connect(peers_);
    for (const auto& shard : shards_) threads_.emplace_back([s = shard.get()] { s->run(); });
  }
  ~TestServer() { stop(); }

  void stop() {
    if (threads_.empty()) return;
    store.open();
    for (const auto& shard : shards_) shard->stop(std::chrono::seconds(3));
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    hooks_->stop();
    std::size_t ran = 1;
    while (ran > 0) {
      ran = 0;
      for (const auto& shard : shards_) ran += shard->run_leftovers();
    }
  }

  [[nodiscard]] std::uint16_t port(std::size_t shard = 0) const {
    return shards_[shard]->address().port();
  }

  void commit(registry::ChangeSet changes) {
    const auto done = runtime::run_blocking(memory_.commit(std::move(changes)));
    ASSERT_TRUE(done) << done.error().message;
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    commit(std::move(changes));
  }
  void erase(registry::Key key) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Erase{std::move(key)});
    commit(std::move(changes));
  }
  void set_policy(const std::string& name, const std::string& document) {
    const PolicyName policy = *PolicyName::parse(name);
    const std::int64_t number = ++last_policy_version_;
    registry::ChangeSet changes;
    changes.changes.emplace_back(
        registry::Put{registry::PolicyVersion{policy, number, document, clock.now()}});
    changes.changes.emplace_back(registry::Put{
        registry::Policy{.name = policy, .default_version = number, .last_version = number}});
    commit(std::move(changes));
  }
  registry::Certificate certificate(const CertificateId& id) {
    return *runtime::run_blocking(registry::get(memory_, registry::certificate_key(id)));
  }
  void set_status(const CertificateId& id, registry::CertificateStatus status) {
    registry::Certificate record = certificate(id);
    record.status = status;
    ++record.version;
    put(std::move(record));
  }
  void attach_thing(const std::string& thing, const CertificateId& id) {
    const ThingName name = *ThingName::parse(thing);
    put(registry::Thing{.name = name, .id = thing});
    put(registry::ThingPrincipal{name, id});
  }

  [[nodiscard]] server::ServerCredentials credentials_of(const Enrolled& own) const {
    return {{{own.tls.certificate, std::make_shared<const Secret>(own.tls.key)}},
            issuing_.certificate.pem()};
  }

  /// A new key and certificate that are not in the registry.
  Enrolled make_client(const std::string& name) { return make_client(issuing_, name); }
  /// A device's certificate under any CA, valid now.
  Enrolled make_client(const Identity& issuer, const std::string& name) {
    return make_client(issuer, name, make_key());
  }
  /// The same, for a given key.
  Enrolled make_client(const Identity& issuer, const std::string& name,
                       const x509::PrivateKey& key) {
    const auto made = make_child(issuer, name, key, [this](x509::TbsCertificate& tbs) {
      tbs.serial = serial(++last_serial_);
      tbs.not_before = clock.now() - kDay;
      tbs.not_after = clock.now() + kDay;
      tbs.extensions.key_usage = x509::digital_signature;
    });
    return {made.id(), {.certificate = made.pem(), .key = std::string(key.pem_pkcs8().reveal())}};
  }
  /// The same, stored in the registry; `change` edits the record first.
  template <class Change>
  Enrolled enroll(const std::string& name, const std::string& policy, Change change) {
    return enroll(make_client(name), policy, change);
  }
  template <class Change>
  Enrolled enroll(Enrolled client, const std::string& policy, Change change) {
    registry::Certificate record{.id = client.id,
                                 .pem = client.tls.certificate,
                                 .status = registry::CertificateStatus::active,
                                 .not_before = clock.now() - kDay,
                                 .not_after = clock.now() + kDay};
    change(record);
    put(std::move(record));
    put(registry::PolicyAttachment{*PolicyName::parse(policy), registry::PolicyTarget(client.id)});
    return client;
  }
  Enrolled enroll(const std::string& name, const std::string& policy = "All") {
    return enroll(name, policy, [](registry::Certificate&) {});
  }
  Enrolled enroll_claim() {
    return enroll("claim", "All", [](registry::Certificate& record) {
      record.purpose = registry::CertificatePurpose::claim;
    });
  }

  /// Gives template T a hook.
  void guard(const std::string& arn) {
    put(registry::ProvisioningTemplate{.name = *TemplateName::parse("T"),
                                       .enabled = true,
                                       .hook = registry::ProvisioningHook{"2020-04-01", arn}});
  }

  template <class T>
  std::vector<T> all(registry::Query query) {
    return *runtime::run_blocking(registry::list_all<T>(memory_, std::move(query)));
  }
  [[nodiscard]] std::size_t sessions() const { return clients_.size(); }
  [[nodiscard]] std::string metrics() const { return metrics_.text(); }
  server::MqttTls new_tls(const Enrolled& own) {
    return *server::MqttTls::make(credentials_of(own), trust_);
  }
  /// Replaces the settings from now on.
  void set(const provisioning::Settings& settings) { settings_.set(settings); }
  [[nodiscard]] std::size_t queued_bytes() const { return accounts_.bytes(); }
  server::Shard& shard(std::size_t index) { return *shards_[index]; }

  SystemClock clock;
  SystemRandom random;

 private:
  test::MemoryStore memory_;

 public:
  GatedStore store{memory_};

 private:
  ServerOptions options_;
  telemetry::Log log_ = quiet_log();
  telemetry::Metrics metrics_;
  identity::CertificateDirectory directory_;
  identity::CaDirectory introducers_;
  const server::ClientTrust trust_{directory_, introducers_, clock};
  identity::AccessControl access_{store};
  Identity root_ = make_root("Test root");
  Identity issuing_ = make_child(root_, "Test issuing CA", [this](x509::TbsCertificate& tbs) {
    tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true, .path_length = 0};
    tbs.extensions.key_usage = x509::key_cert_sign | x509::crl_sign;
    tbs.not_after = root_.certificate.not_after();
  });
  issuance::Issuer issuer_ = *issuance::Issuer::make(
      issuing_.certificate, std::make_shared<issuance::FileSigner>(
                                *x509::PrivateKey::from_pem(issuing_.key.pem_pkcs8().reveal())));
  Current<issuance::Profile> profile_{*issuance::Profile::make({}, issuing_.certificate)};
  issuance::KeyPool keys_{{.algorithm = x509::KeyAlgorithm::ec_p256, .size = 0}};
  provisioning::OwnershipTokens tokens_{Secret(std::string(64, 'k'))};
  Current<provisioning::Settings> settings_{
      provisioning::Settings{.key_algorithm = x509::KeyAlgorithm::ec_p256}};
  provisioning::PendingCertificates pending_;
  provisioning::TemplateCache templates_;
  provisioning::IssueCertificate issue_{store, issuer_, profile_, metrics_, clock, random};
  provisioning::ClaimGuard claims_{store, settings_, clock};
  provisioning::CreateCertificate create_{store,    issue_,  keys_,     tokens_,
                                          pending_, claims_, settings_, clock};
  alarms::PointAlarms alarms_{store, clock};
  std::unique_ptr<hooks::Hooks> hooks_ =
      std::move(*hooks::Hooks::make(options_.hooks, "/", clock, random, log_));
  provisioning::RegisterThing register_{
      store,   templates_, tokens_,   claims_,
      *hooks_, alarms_,    settings_, "arn:aws:iot:us-east-1:000000000000:",
      clock,   random};
  provisioning::JustInTime just_in_time_{
      store,   templates_, pending_,       *hooks_,
      alarms_, settings_,  "000000000000", "arn:aws:iot:us-east-1:000000000000:",
      clock,   random};
  device_api::ProvisioningApi provisioning_{create_, register_};
  server::Journal journal_{store, clock, log_};
  server::PresenceWatch presence_{clock};
  server::ClientDirectory clients_;
  server::RetainedStore retained_{{}};
  server::SessionAccounts accounts_{options_.accounts};
  server::Services services_{.clock = clock,
                             .random = random,
                             .log = log_,
                             .metrics = metrics_,
                             .store = store,
                             .directory = directory_,
                             .access = access_,
                             .provisioning = provisioning_,
                             .just_in_time = just_in_time_,
                             .journal = journal_,
                             .alarms = alarms_,
                             .presence = presence_,
                             .clients = clients_,
                             .retained = retained_,
                             .accounts = accounts_,
                             .account = "000000000000",
                             .endpoints = {"iot.example.com", "line.example.com"},
                             .mqtt = options_.mqtt,
                             .limits = options_.limits};
  server::ServerCredentials credentials_;
  std::vector<std::unique_ptr<server::Shard>> shards_;
  std::vector<server::Shard*> peers_;
  std::vector<std::thread> threads_;
  std::int64_t last_policy_version_ = 0;
  std::uint64_t last_serial_ = 0;
};

/// Waits for an effect of another thread; false if it does not occur in time.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + TlsSocket::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace imprint::test
