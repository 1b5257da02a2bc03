// SPDX-License-Identifier: Apache-2.0
// The event as the body of a POST, the answer as the body of its 200.
#include "base/name.h"
#include "hooks/web_hook.h"

namespace imprint::hooks {

namespace {

Delivery read_http(WebAnswer answer) {
  if (answer.status == 200) return {read_answer(answer.body)};
  const std::string because =
      fmt::format("the hook's server answered {} {}", answer.status, quote(answer.body));
  // RFC 9110 section 15.6.4 and RFC 6585 section 4: "not now", so nothing was done.
  return answer.status == 429 || answer.status == 503 ? undelivered(because)
                                                      : failed_delivery(because);
}

}  // namespace

Result<std::unique_ptr<Carrier>> make_http_carrier(const HookOptions& options,
                                                   const CarrierParts& parts) {
  return WebHook::make(
      options, parts, {}, [url = options.url](const Invocation&) { return url; }, read_http);
}

}  // namespace imprint::hooks
