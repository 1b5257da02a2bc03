// SPDX-License-Identifier: Apache-2.0
// Requests over HTTP: target, headers, Authorization, body. None may crash the server, none is
// accepted without a valid signature, and validated inputs comply with the table of operations.
#include "base/error.h"
#include "outcome/causes.h"
#include "rest/router.h"
#include "rest/validation.h"
#include "test/support/aws_signer.h"
#include "test/support/control_api_world.h"
#include "test/support/test_ca.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)
using rest::HttpRequest;

namespace {

/// The input is lines: method, target, headers up to an empty line; the rest is the body.
HttpRequest parse(std::string_view text) {
  const auto line = [&] {
    const auto end = text.find('\n');
    const std::string_view out = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return out;
  };
  HttpRequest request;
  request.method = std::string(line());
  request.target = std::string(line());
  for (std::string_view header = line(); !header.empty(); header = line()) {
    const auto colon = header.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
  }
  request.body = std::string(text);
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::ControlApiWorld world;
  const rest::Router& router = world.api.router();
  static const access::Operators operators(
      {std::string(test::kAccessKeyId), Secret(std::string(test::kSecretAccessKey))},
      *access::Vault::make(Secret(std::string(64, 'a'))));
  const std::string_view input = as_text({data, size});
  const HttpRequest request = parse(input);
  const auto target = rest::Target::parse(request.target);
  if (!target) return 0;
  const auto scope = rest::verify_signature(request, *target, operators, test::kToday);
  if (scope) {
    // A signature is valid for one body only: not with one more byte.
    HttpRequest altered = request;
    altered.body += '.';
    IMPRINT_ASSERT(!rest::verify_signature(altered, *target, operators, test::kToday));
  } else {
    IMPRINT_ASSERT(static_cast<bool>(scope.error().cause));
    // The error may contain the secret only if the input does.
    IMPRINT_ASSERT(input.find(test::kSecretAccessKey) != std::string_view::npos ||
                   scope.error().message.find(test::kSecretAccessKey) == std::string::npos);
  }
  const auto route = router.find(request.method, *target);
  if (!route) return 0;
  rest::SignedScope everything{"us-east-1", "iot", {}};
  for (const auto& row : route->operation->inputs)
    everything.signed_headers.emplace_back(row.wire_name());
  const auto inputs =
      rest::read_inputs(*route->operation, route->parameters, *target, request, everything);
  if (!inputs) {
    IMPRINT_ASSERT(name_of(inputs.error().cause) == "InvalidRequestException");
    return 0;
  }
  for (const auto& row : route->operation->inputs) {
    IMPRINT_ASSERT(inputs->has(row.name) || !row.required);
    if (!inputs->has(row.name) || row.type != rest::Type::text) continue;
    const std::string text = inputs->text(row.name);
    IMPRINT_ASSERT(row.rule.permits == nullptr || std::ranges::all_of(text, row.rule.permits));
    IMPRINT_ASSERT(encoding::is_utf8(text));
  }
  return 0;
}
