// SPDX-License-Identifier: Apache-2.0
// The Invoke call of the Lambda API (2015-03-31), as `sam local`, the runtime interface emulator
// and gateways accept it. Unsigned: Lambda itself requires SigV4, which a gateway adds.
#include "base/name.h"
#include "encoding/text.h"
#include "hooks/web_hook.h"
#include "outbound/url.h"

namespace imprint::hooks {

namespace {

constexpr std::string_view kFunctions = "/2015-03-31/functions/";

/// The part after ":function:", with its version or alias; or the whole ARN without one.
std::string function_of(std::string_view arn) {
  constexpr std::string_view kBefore = ":function:";
  const auto at = arn.find(kBefore);
  return std::string(at == std::string_view::npos ? arn : arn.substr(at + kBefore.size()));
}

std::string invoke_url(const std::string& base, const std::string& function) {
  std::string url = base;
  while (url.ends_with('/')) url.pop_back();
  if (url.find(kFunctions) == std::string::npos)
    url += std::string(kFunctions) + encoding::percent_encode(function);
  return url.ends_with("/invocations") ? url : url + "/invocations";
}

Delivery read_invoked(WebAnswer answer) {
  if (answer.status == 200) {
    return {answer.function_error.empty() ? read_answer(answer.body)
                                          : read_function_error(answer.body)};
  }
  const std::string because =
      fmt::format("the Lambda API answered {} {}", answer.status, quote(answer.body));
  return answer.status == 429 || answer.status == 503 ? undelivered(because)
                                                      : failed_delivery(because);
}

}  // namespace

Result<std::unique_ptr<Carrier>> make_lambda_carrier(const HookOptions& options,
                                                     const CarrierParts& parts) {
  return WebHook::make(
      options, parts, {"X-Amz-Invocation-Type: RequestResponse", "X-Amz-Log-Type: None"},
      [url = options.url, function = options.function](const Invocation& invocation) {
        return invoke_url(url, function.empty() ? function_of(invocation.arn) : function);
      },
      read_invoked);
}

}  // namespace imprint::hooks
