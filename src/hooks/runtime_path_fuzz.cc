// SPDX-License-Identifier: Apache-2.0
// Paths and hosts that a worker, or a web page, could send to the Runtime API.
#include <string>

#include "base/error.h"
#include "hooks/options.h"
#include "hooks/runtime_path.h"
#include "outbound/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imprint::hooks;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto call = parse_runtime_call("POST", text);
  if (call) {
    IMPRINT_ASSERT(call->kind != RuntimeCall::Kind::next);
    const bool has_request_id = call->kind != RuntimeCall::Kind::init_error;
    IMPRINT_ASSERT(call->request_id.size() == (has_request_id ? 36U : 0U));
    IMPRINT_ASSERT(call->request_id.find('/') == std::string::npos);
  }
  if (is_loopback_host(text)) {
    IMPRINT_ASSERT(text.starts_with("127.") || text.starts_with("localhost") ||
                   text.starts_with("[::1]"));
  }
  const auto url = imprint::outbound::WebUrl::parse(text);
  if (url) IMPRINT_ASSERT(text.starts_with("http") || text.starts_with("HTTP") || !url->is_tls);
  const auto half = size / 2;
  if (matches(text.substr(0, half), text.substr(half)) && half > 0 && text[0] != '*')
    IMPRINT_ASSERT(half < size && text[half] == text[0]);
  return 0;
}
