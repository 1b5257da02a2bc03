// SPDX-License-Identifier: Apache-2.0
// Whole operations on an empty registry: what members hold, in any order of requests. None is a
// fault of the server, and every refusal is one that the operation declares.
#include "bulk/registration_tasks.h"
#include "control_api/operations.h"
#include "identity/access_control.h"
#include "issuance/issuer.h"
#include "issuance/key_pool.h"
#include "monitoring/monitor.h"
#include "operator_api/live_feed.h"
#include "operator_api/operations.h"
#include "operator_api/words.h"
#include "provisioning/apply_template.h"
#include "provisioning/issue.h"
#include "provisioning/settings.h"
#include "rest/api.h"
#include "test/support/aws_signer.h"
#include "test/support/connected.h"
#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"
#include "test/support/quiet_sources.h"
#include "test/support/scratch_folder.h"
#include "test/support/scripted_hooks.h"
#include "test/support/test_ca.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)
using rest::Call;
using rest::HttpRequest;

namespace {

/// The same every time, so that a finding can be found again.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

/// What an operation works with; the store is new for each input, the CA is made once.
struct World {
  /// Within the validity of the certificates in the corpus.
  World() { clock.advance(std::chrono::hours(24 * 366)); }

  test::MemoryStore store;
  test::FakeClock clock;
  CountingRandom random;
  identity::AccessControl device_access{store};
  static test::Identity& ca() {
    static test::Identity identity = test::make_root("Issuing CA");
    return identity;
  }
  static issuance::Issuer& issuer() {
    static issuance::Issuer made = *issuance::Issuer::make(
        ca().certificate, std::make_shared<issuance::FileSigner>(
                              *x509::PrivateKey::from_pem(ca().key.pem_pkcs8().reveal())));
    return made;
  }
  telemetry::Metrics metrics;
  Current<issuance::Profile> profile{*issuance::Profile::make({}, ca().certificate)};
  provisioning::IssueCertificate issue{store, issuer(), profile, metrics, clock, random};
  issuance::KeyPool keys{{.algorithm = x509::KeyAlgorithm::ec_p256, .size = 0}};
  Current<provisioning::Settings> settings{
      provisioning::Settings{.key_algorithm = x509::KeyAlgorithm::ec_p256}};
  telemetry::Log log = test::quiet_log();
  access::Operators operators{
      {std::string(test::kAccessKeyId), Secret(std::string(test::kSecretAccessKey))},
      *access::Vault::make(Secret(std::string(64, 'a')))};
  provisioning::ApplyTemplate apply{store, issue, clock, random};
  test::ScriptedHooks hooks;
  /// Its thread and files are not for fuzzing: no operation that uses them is run.
  static bulk::RegistrationTasks& registrations() {
    static test::MemoryStore unused;
    static test::FakeClock clock;
    static SystemRandom random;
    static telemetry::Metrics metrics;
    static Current<issuance::Profile> profile{*issuance::Profile::make({}, ca().certificate)};
    static provisioning::IssueCertificate issue{unused, issuer(), profile, metrics, clock, random};
    static provisioning::ApplyTemplate apply{unused, issue, clock, random};
    static telemetry::Log log = test::quiet_log();
    static test::ScratchFolder folder;
    static bulk::RegistrationTasks made{unused,
                                        apply,
                                        clock,
                                        log,
                                        Secret(std::string(64, 'l')),
                                        {.uploads = folder / "uploads",
                                         .folder = folder / "tasks",
                                         .account = "000000000000",
                                         .pause = Milliseconds(0)}};
    return made;
  }
  test::Connected connections;
  access::Sessions sessions{operators, clock, random};
  operator_api::LiveFeed live{clock, {}};
  monitoring::Monitor monitor{{.store = store,
                               .metrics = metrics,
                               .clock = clock,
                               .random = random,
                               .log = log,
                               .sources = test::quiet_sources(metrics),
                               .directory = "deployment"}};

  /// Bound to this world.
  rest::Operations operations() {
    return rest::join(
        {control_api::operations({.store = store,
                                  .device_access = device_access,
                                  .issue = issue,
                                  .apply = apply,
                                  .registrations = registrations(),
                                  .keys = keys,
                                  .settings = settings,
                                  .random = random,
                                  .log = log,
                                  .endpoint_address = "iot.example.net"}),
         operator_api::operations({.store = store,
                                   .issue = issue,
                                   .registrations = registrations(),
                                   .hooks = hooks,
                                   .keys = keys,
                                   .settings = settings,
                                   .monitor = monitor,
                                   .random = random,
                                   .operators = operators,
                                   .connections = connections,
                                   .authorities = {ca().certificate, ca().certificate},
                                   .live = live,
                                   .archive = nullptr})});
  }
};

/// "POST /things/x\nprincipal header\nbody"
HttpRequest parse(std::string_view text) {
  const auto part = [&](char end) {
    const auto at = text.find(end);
    const std::string_view out = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return std::string(out);
  };
  HttpRequest request;
  request.method = part(' ');
  request.target = part('\n');
  const std::string principal = part('\n');
  for (const char* name : {"x-amzn-principal", "x-amzn-iot-principal", "x-amzn-iot-policy"})
    request.headers.emplace_back(name, principal);
  request.body = std::string(text);
  return request;
}

void run(World& world, const rest::Router& router, const rest::Operations& operations,
         const HttpRequest& request) {
  const auto target = rest::Target::parse(request.target);
  if (!target) return;
  const auto route = router.find(request.method, *target);
  if (!route) return;
  const rest::Operation& operation = *route->operation;
  if (operation.stream != nullptr ||
      operation.name.find("RegistrationTask") != std::string_view::npos ||
      operation.name == "PutUpload")
    return;
  rest::SignedScope scope{"us-east-1", "iot", {}};
  for (const auto& row : operation.inputs) scope.signed_headers.emplace_back(row.wire_name());
  auto inputs = rest::read_inputs(operation, route->parameters, *target, request, scope);
  if (!inputs) return;
  const auto bound = std::ranges::find(operations, operation.name, &rest::Operation::name);
  const auto result = runtime::run_blocking(bound->run(Call{.router = router,
                                                            .clock = world.clock,
                                                            .account = "000000000000",
                                                            .operation = operation.name,
                                                            .in = std::move(*inputs),
                                                            .access_key_id = "AKIA",
                                                            .source_ip = "192.0.2.7",
                                                            .region = "us-east-1",
                                                            .request_id = "request"}));
  if (result) return;
  const rest::Exception exception = rest::exception_of(result.error(), operation.errors);
  const bool is_declared = operation.errors.contains(exception);
  const bool is_a_fault = rest::status_of(exception) >= 500;
  if (is_declared && !is_a_fault) return;
  fmt::print(stderr, "{} answers {}: {}\n", operation.name, rest::name_of(exception),
             describe(result.error()));
  IMPRINT_ASSERT(is_declared && !is_a_fault);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kMostRequests = 8;
  static World first;
  static const rest::Router router(first.operations(), control_api::missing_operations());
  World world;
  const rest::Operations operations = world.operations();
  std::string_view input = as_text({data, size});
  for (int i = 0; i < kMostRequests && !input.empty(); ++i) {
    const auto end = input.find('\0');
    run(world, router, operations, parse(input.substr(0, end)));
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  }
  return 0;
}
