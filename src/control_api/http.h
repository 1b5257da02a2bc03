// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imprint::control_api {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request as it arrived, read whole and within the listener's limits.
struct HttpRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< path and query, percent-encoded as sent
  Headers headers;     ///< in order; names as sent, compared without case
  std::string body;
  std::string source_ip;

  /// The first header of that name, or nothing. Names do not care for case (RFC 9110 section 5.1).
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  Headers headers = {};
};

}  // namespace imprint::control_api
