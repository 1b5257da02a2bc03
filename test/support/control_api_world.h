// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control_api/control_api.h"
#include "control_api/live_feed.h"
#include "issuance/issuer.h"
#include "issuance/key_pool.h"
#include "registry/memory/memory_store.h"
#include "test/support/aws_signer.h"
#include "test/support/connected.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/quiet_log.h"
#include "test/support/quiet_sources.h"
#include "test/support/recorded_changes.h"
#include "test/support/scratch_folder.h"
#include "test/support/scripted_hooks.h"
#include "test/support/test_ca.h"

namespace imprint::test {

/// What a client sees of an answer.
struct Reply {
  int status = 0;
  std::string error = {};  ///< x-amzn-ErrorType
  encoding::json::object body = {};
  std::string request_id = {};

  [[nodiscard]] std::string text(std::string_view member) const {
    const auto* value = body.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  }
  [[nodiscard]] std::string message() const { return text("message"); }
  [[nodiscard]] const encoding::json::array& list(std::string_view member) const {
    return body.at(member).as_array();
  }
};

/// A control plane without a network: store, issuing CA and one operator who signs requests.
class ControlApiWorld {
 public:
  registry::MemoryStore memory;
  FaultyStore store;
  FakeClock clock;
  SystemRandom random;
  Identity ca = make_root("Issuing CA");
  issuance::Issuer issuer = *issuance::Issuer::make(
      ca.certificate, std::make_shared<issuance::FileSigner>(
                          *x509::PrivateKey::from_pem(ca.key.pem_pkcs8().reveal())));
  telemetry::Metrics metrics;
  Current<issuance::Profile> profile{*issuance::Profile::make({}, ca.certificate)};
  provisioning::IssueCertificate issue{store, issuer, profile, metrics, clock, random};
  issuance::KeyPool keys{{.algorithm = x509::KeyAlgorithm::ec_p256, .size = 0}};
  Current<provisioning::Settings> settings{
      provisioning::Settings{.key_algorithm = x509::KeyAlgorithm::ec_p256}};
  identity::AccessControl access{store};
  telemetry::Log log = quiet_log();
  provisioning::ApplyTemplate apply{store, issue, clock, random};
  ScratchFolder folder;
  bulk::RegistrationTasks registrations{memory,
                                        apply,
                                        clock,
                                        log,
                                        Secret(std::string(64, 'l')),
                                        {.uploads = folder / "uploads",
                                         .folder = folder / "tasks",
                                         .account = "000000000000",
                                         .pause = Milliseconds(0)}};
  ScriptedHooks hooks;
  monitoring::Monitor monitor{{.store = memory,
                               .metrics = metrics,
                               .clock = clock,
                               .random = random,
                               .log = log,
                               .sources = quiet_sources(metrics),
                               .directory = "deployment"}};
  AwsSigner signer;
  access::Operators operators{{std::string(kAccessKeyId), Secret(std::string(kSecretAccessKey))},
                              *access::Vault::make(Secret(std::string(64, 'a')))};
  Connected connections;
  access::Sessions sessions{operators, clock, random};
  control_api::LiveFeed live{clock, {}};
  control_api::ControlApi api{dependencies_on(store, issue)};

  /// What an API works with, on a store of the test's own.
  control_api::Dependencies dependencies_on(registry::Store& with,
                                            provisioning::IssueCertificate& issuing) {
    return {.store = with,
            .device_access = access,
            .issue = issuing,
            .apply = apply,
            .registrations = registrations,
            .hooks = hooks,
            .keys = keys,
            .settings = settings,
            .monitor = monitor,
            .clock = clock,
            .random = random,
            .log = log,
            .operators = operators,
            .connections = connections,
            .authorities = {ca.certificate, ca.certificate},
            .sessions = sessions,
            .live = live,
            .account = "000000000000",
            .region = "us-east-1",
            .endpoint_address = "iot.example.net"};
  }

  /// On a store of one's own, or in memory.
  explicit ControlApiWorld(registry::Store* real = nullptr)
      : store(real == nullptr ? memory : *real) {
    store.watch([this](const registry::ChangeSet& changes) {
      for (const std::string& change : unrecorded_changes(changes)) {
        EXPECT_TRUE(is_arranging_) << change << " without an audit event";
      }
      operators.apply(changes);
      live.apply(changes);
      access.apply(identity::access_change_of(changes));
    });
  }

  /// Puts the registry into a state that no operation brought about.
  void arrange(registry::ChangeSet changes) {
    is_arranging_ = true;
    EXPECT_TRUE(runtime::run_blocking(memory.commit(std::move(changes))));
    is_arranging_ = false;
  }

  /// Unsigned: exactly what is given.
  Reply send(control_api::HttpRequest request) {
    const control_api::HttpResponse response =
        runtime::run_blocking(api.handle(std::move(request)));
    Reply reply{.status = response.status};
    for (const auto& [name, value] : response.headers) {
      if (name == "x-amzn-ErrorType") reply.error = value;
      if (name == "x-amzn-RequestId") reply.request_id = value;
    }
    auto body = encoding::parse_json(response.body);
    if (body && body->is_object()) reply.body = body->get_object();
    return reply;
  }

  Reply call(const std::string& method, const std::string& target, const std::string& body = "",
             control_api::Headers headers = {}) {
    control_api::HttpRequest request{method, target, std::move(headers), body, "192.0.2.7"};
    signer.sign(request, clock.now());
    return send(std::move(request));
  }

  /// The same, and it must succeed.
  Reply must(const std::string& method, const std::string& target, const std::string& body = "",
             control_api::Headers headers = {}) {
    Reply reply = call(method, target, body, std::move(headers));
    EXPECT_EQ(reply.status, 200) << method << " " << target << ": " << reply.message();
    return reply;
  }

  /// A certificate made by CreateKeysAndCertificate: its ARN.
  std::string make_certificate(bool active = false) {
    return must("POST", active ? "/keys-and-certificate?setAsActive=true" : "/keys-and-certificate")
        .text("certificateArn");
  }

  /// A policy under that name; what it allows does not matter.
  void make_policy(const std::string& name) {
    must("POST", "/policies/" + name,
         encoding::to_json(encoding::json::object{
             {"policyDocument",
              R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect",)"
              R"("Resource":"*"}]})"}}));
  }

  template <class T>
  std::vector<T> all(registry::Query query) {
    return *runtime::run_blocking(registry::list_all<T>(memory, std::move(query)));
  }
  std::vector<registry::AuditEvent> events() {
    return all<registry::AuditEvent>(registry::query::AuditEvents{});
  }

  /// Follows a list to its end in pages of `size`: every element as JSON text, and the sizes.
  struct Pages {
    std::vector<std::string> elements;
    std::vector<std::size_t> sizes;
  };
  Pages follow(const std::string& method, const std::string& target, std::string_view member,
               bool marker_style, std::size_t size, control_api::Headers headers = {}) {
    Pages out;
    std::string next;
    const std::string join = target.find('?') == std::string::npos ? "?" : "&";
    do {
      std::string page =
          fmt::format("{}{}{}={}", target, join, marker_style ? "pageSize" : "maxResults", size);
      if (!next.empty()) {
        page += fmt::format("&{}={}", marker_style ? "marker" : "nextToken",
                            encoding::percent_encode(next));
      }
      const Reply reply = must(method, page, "", headers);
      if (!reply.body.contains(member)) return out;
      for (const auto& element : reply.list(member))
        out.elements.push_back(encoding::to_json(element));
      out.sizes.push_back(reply.list(member).size());
      next = reply.text(marker_style ? "nextMarker" : "nextToken");
    } while (!next.empty() && out.sizes.size() < 100);
    return out;
  }

 private:
  std::atomic<bool> is_arranging_ = false;
};

/// One request that must fail in one way.
struct Refusal {
  std::string name;
  std::string method;
  std::string target;
  std::string body;
  int status;
  std::string error;
  std::string message;  ///< a part of it
  control_api::Headers headers = {};
};

inline void expect_refusals(ControlApiWorld& world, const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const std::size_t events = world.events().size();
    const Reply reply = world.call(refusal.method, refusal.target, refusal.body, refusal.headers);
    EXPECT_EQ(reply.status, refusal.status) << refusal.name << ": " << reply.message();
    EXPECT_EQ(reply.error, refusal.error) << refusal.name << ": " << reply.message();
    EXPECT_THAT(reply.message(), testing::HasSubstr(refusal.message)) << refusal.name;
    EXPECT_EQ(world.events().size(), events) << refusal.name << " changed something";
  }
}

}  // namespace imprint::test
