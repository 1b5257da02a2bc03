// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imprint::rest {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request as it arrived, read whole and within the listener's limits.
struct HttpRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< path and query, percent-encoded as sent
  Headers headers;     ///< in order; names as sent, compared without case
  std::string body;
  std::string source_ip;

  /// The first header with that name, or an empty text. Case does not matter (RFC 9110
  /// section 5.1).
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// A body that continues for as long as its client listens. Used on the listener's thread.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// The text to be sent now, which may be empty; no value ends the response. Called every kPeriod.
  virtual std::optional<std::string> next() = 0;
  static constexpr std::chrono::seconds kPeriod{1};
};

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  Headers headers = {};
  std::unique_ptr<BodyStream> stream = {};  ///< follows the body
  bool is_for_operator = false;             ///< the caller is authenticated
};

}  // namespace imprint::rest
