// SPDX-License-Identifier: Apache-2.0
#include "hooks/runtime_path.h"

#include <algorithm>

#include "base/name.h"

namespace imprint::hooks {

namespace {

constexpr std::string_view kRoot = "/2018-06-01/runtime/";
constexpr std::string_view kInvocation = "invocation/";
constexpr std::size_t kRequestIdCharacters = 36;  // a UUID

bool is_request_id(std::string_view text) {
  return text.size() == kRequestIdCharacters &&
         std::ranges::all_of(text, [](char c) { return name_rules::is_alnum(c) || c == '-'; });
}

}  // namespace

std::optional<RuntimeCall> parse_runtime_call(std::string_view method, std::string_view target) {
  if (!target.starts_with(kRoot)) return std::nullopt;
  target.remove_prefix(kRoot.size());
  if (method == "GET" && target == "invocation/next") return RuntimeCall{RuntimeCall::Kind::next};
  if (method != "POST") return std::nullopt;
  if (target == "init/error") return RuntimeCall{RuntimeCall::Kind::init_error};
  if (!target.starts_with(kInvocation)) return std::nullopt;
  target.remove_prefix(kInvocation.size());
  const auto slash = target.find('/');
  if (slash == std::string_view::npos || !is_request_id(target.substr(0, slash)))
    return std::nullopt;
  const std::string_view what = target.substr(slash + 1);
  const std::string id(target.substr(0, slash));
  if (what == "response") return RuntimeCall{RuntimeCall::Kind::response, id};
  if (what == "error") return RuntimeCall{RuntimeCall::Kind::error, id};
  return std::nullopt;
}

bool is_loopback_host(std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
  if (has_port) host = host.substr(0, colon);
  if (host == "localhost" || host == "[::1]") return true;
  // The host must have four numbers, so that 127.example.net does not match.
  return host.starts_with("127.") &&
         std::ranges::all_of(host, [](char c) { return name_rules::is_digit(c) || c == '.'; });
}

}  // namespace imprint::hooks
