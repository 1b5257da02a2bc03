// SPDX-License-Identifier: Apache-2.0
// Whole operations on an empty registry, with any members and in any order of requests. None may
// fail with a fault of the server, and each refusal must be one that the operation declares.
#include "rest/router.h"
#include "rest/validation.h"
#include "test/support/control_api_world.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)
using rest::Call;
using rest::HttpRequest;

namespace {

/// Repeatable, so that a finding can be reproduced.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
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

/// Bulk registrations and uploads, which use a thread and files, and streams are not for fuzzing.
bool is_skipped(const rest::Operation& operation) {
  return operation.stream != nullptr || operation.name == "PutUpload" ||
         operation.name.find("RegistrationTask") != std::string_view::npos;
}

void run(test::ControlApiWorld& world, const HttpRequest& request) {
  const rest::Router& router = world.api.router();
  const auto target = rest::Target::parse(request.target);
  if (!target) return;
  const auto route = router.find(request.method, *target);
  if (!route || is_skipped(*route->operation)) return;
  const rest::Operation& operation = *route->operation;
  rest::SignedScope scope{"us-east-1", "iot", {}};
  for (const auto& row : operation.inputs) scope.signed_headers.emplace_back(row.wire_name());
  auto inputs = rest::read_inputs(operation, route->parameters, *target, request, scope);
  if (!inputs) return;
  const auto result = runtime::run_blocking(operation.run(Call{.router = router,
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
  CountingRandom random;
  test::ControlApiWorld world(nullptr, &random);
  world.clock.advance(std::chrono::hours(24 * 366));  // within the corpus's certificates
  std::string_view input = as_text({data, size});
  for (int i = 0; i < kMostRequests && !input.empty(); ++i) {
    const auto end = input.find('\0');
    run(world, parse(input.substr(0, end)));
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  }
  return 0;
}
