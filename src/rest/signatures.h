// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/operators.h"
#include "base/clock.h"
#include "base/result.h"
#include "rest/http.h"
#include "rest/target.h"

namespace imprint::rest {

/// The scope of a valid signature, or of a session (web_session.h), which covers every header.
struct SignedScope {
  std::string region;   ///< any; it names the region of ARNs in the answer
  std::string service;  ///< "iot", "execute-api", "iotdata", "iot-jobs-data"
  std::vector<std::string> signed_headers = {};  ///< lower case
  std::shared_ptr<const access::Operator> who = {};
  std::string csrf_token = {};  ///< for a session only: its requests must carry it

  [[nodiscard]] bool is_session() const { return !csrf_token.empty(); }
  [[nodiscard]] bool covers(std::string_view header) const;  ///< `header` in lower case
};

/// How far a request's date may lie from the server's clock, either way (AWS: five minutes).
inline constexpr std::chrono::minutes kMaxClockSkew{5};

/// Checks AWS Signature Version 4 in the Authorization header over the received request: method,
/// path, query, the headers that SignedHeaders lists, and the body. Presigned queries, temporary
/// credentials and unsigned or streamed payloads are refused with a message that says so. Errors
/// are Fault::forbidden with an AWS exception as cause (Fault::internal when a stored key cannot be
/// read). They contain neither a secret nor the expected signature.
Result<SignedScope> verify_signature(const HttpRequest& request, const Target& target,
                                     const access::Operators& operators, Timestamp now);

/// The access key id that a request claims to be signed with; empty when it names none. It proves
/// nothing about the caller.
std::string claimed_access_key(const HttpRequest& request);

}  // namespace imprint::rest
