// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/current.h"
#include "bulk/registration_tasks.h"
#include "identity/access_control.h"
#include "issuance/issuer.h"
#include "issuance/key_pool.h"
#include "monitoring/monitor.h"
#include "operator_api/live_feed.h"
#include "provisioning/apply_template.h"
#include "provisioning/issue.h"
#include "provisioning/settings.h"
#include "rest/api.h"
#include "test/support/aws_signer.h"
#include "test/support/connected.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"
#include "test/support/quiet_sources.h"
#include "test/support/scratch_folder.h"
#include "test/support/scripted_hooks.h"
#include "test/support/test_ca.h"

namespace imprint::test {

/// An answer as the client sees it.
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

/// A control plane without a network: store, issuing CA and one operator who signs requests. Tests
/// of operations use it, and the fuzzer of all operations.
class ControlApiWorld {
 public:
  test::MemoryStore memory;
  FaultyStore store;
  FakeClock clock;
  Random& random;
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
  operator_api::LiveFeed live{clock, {}};
  rest::Api api = api_on(store, issue);

  /// The same API on the test's own store.
  rest::Api api_on(registry::Store& with, provisioning::IssueCertificate& issuing);

  /// On the given store, or in memory; with the given random numbers, or the system's.
  explicit ControlApiWorld(registry::Store* real = nullptr, Random* repeatable = nullptr);
  ~ControlApiWorld();

  /// Changes the registry directly, without an operation.
  void arrange(registry::ChangeSet changes);

  /// Unsigned: sends exactly the given request.
  Reply send(rest::HttpRequest request);

  Reply call(const std::string& method, const std::string& target, const std::string& body = "",
             rest::Headers headers = {});

  /// The same, but the request must succeed.
  Reply must(const std::string& method, const std::string& target, const std::string& body = "",
             rest::Headers headers = {});

  /// Makes a certificate with CreateKeysAndCertificate and returns its ARN.
  std::string make_certificate(bool active = false);

  /// Makes a policy with that name and arbitrary content.
  void make_policy(const std::string& name);

  template <class T>
  std::vector<T> all(registry::Query query) {
    return *runtime::run_blocking(registry::list_all<T>(memory, std::move(query)));
  }
  std::vector<registry::AuditEvent> events();

  /// Follows a list to its end in pages of `size`: every element as JSON text, and the page sizes.
  struct Pages {
    std::vector<std::string> elements;
    std::vector<std::size_t> sizes;
  };
  Pages follow(const std::string& method, const std::string& target, std::string_view member,
               bool marker_style, std::size_t size, rest::Headers headers = {});

 private:
  std::atomic<bool> is_arranging_ = false;
};

/// A request that must fail, and how.
struct Refusal {
  std::string name;
  std::string method;
  std::string target;
  std::string body;
  int status;
  std::string error;
  std::string message;  ///< a part of the message
  rest::Headers headers = {};
};

void expect_refusals(ControlApiWorld& world, const std::vector<Refusal>& refusals);

/// The vocabulary of the tests of operations: `using namespace test::words`.
namespace words {

using test::ControlApiWorld;
using test::expect_refusals;
using test::Reply;
using testing::ElementsAre;
using testing::HasSubstr;

inline const std::string kExists = "ResourceAlreadyExistsException";
inline const std::string kInvalid = "InvalidRequestException";
inline const std::string kNotFound = "ResourceNotFoundException";

}  // namespace words

}  // namespace imprint::test
