// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imprint::hooks {

/// A call of the Lambda Runtime API (2018-06-01).
struct RuntimeCall {
  enum class Kind : std::uint8_t { next, response, error, init_error };
  Kind kind = Kind::next;
  std::string request_id = {};  ///< for response and error
};

/// Nullopt when there is no such call.
std::optional<RuntimeCall> parse_runtime_call(std::string_view method, std::string_view target);

/// Whether a Host header is localhost or a loopback address. Defends against DNS rebinding: a web
/// page whose host name resolves to this machine makes requests with that host name in the header.
bool is_loopback_host(std::string_view host);

}  // namespace imprint::hooks
