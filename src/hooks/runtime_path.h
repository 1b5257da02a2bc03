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
  std::string request_id = {};  ///< of response and error
};

/// Nothing when there is no such call.
std::optional<RuntimeCall> parse_runtime_call(std::string_view method, std::string_view target);

/// Whether a Host header names this machine by its loopback address: a web page that had its own
/// name resolve to it would say that name (DNS rebinding).
bool is_loopback_host(std::string_view host);

}  // namespace imprint::hooks
