// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rest/http.h"

/// The errors of AWS IoT's REST API: names, statuses, and how a Fault becomes one.
namespace imprint::rest {

enum class Exception : std::uint8_t {
  already_exists,
  certificate_conflict,
  certificate_state,
  certificate_validation,
  conflicting_update,
  delete_conflict,
  internal_failure,
  invalid_request,
  limit_exceeded,
  malformed_policy,
  not_found,
  registration_code_validation,
  service_unavailable,
  throttling,
  unauthorized,
  version_conflict,
  versions_limit,
  registration_failure,
  index_not_ready,
  invalid_query,
  // Answered before an operation is known (AWS common errors).
  incomplete_signature,
  invalid_signature,
  missing_authentication,
  unknown_operation,
  unrecognized_client,
  // Answered when the policy of an access key does not allow the call (AWS IAM).
  access_denied,
  /// Answered to a browser whose session at the dashboard has ended; not AWS's.
  session_expired,
};

std::string_view name_of(Exception exception);  ///< "ResourceNotFoundException"
int status_of(Exception exception);             ///< the HTTP status

/// The errors that an operation's model declares.
class ExceptionSet {
 public:
  constexpr ExceptionSet() = default;
  constexpr ExceptionSet(std::initializer_list<Exception> members) {
    for (const Exception member : members) bits_ |= bit(member);
  }
  [[nodiscard]] constexpr bool contains(Exception exception) const {
    return (bits_ & bit(exception)) != 0;
  }

 private:
  static constexpr std::uint32_t bit(Exception exception) {
    return std::uint32_t{1} << static_cast<unsigned>(exception);
  }
  std::uint32_t bits_ = 0;
};

/// Their names, in the order of Exception.
std::vector<std::string_view> names_of(ExceptionSet exceptions);

/// The error of a handler that knows which exception AWS would answer with; the exception becomes
/// Error::cause. `where` is a member, a JSON path or, for already_exists, the ARN.
Unexpected refuse(Exception exception, std::string message, std::string where = {});

/// The exception for an error: the handler's choice, or else the one in `declared` for its fault.
Exception exception_of(const Error& error, ExceptionSet declared);

/// Header x-amzn-ErrorType and body {"message"}; ResourceAlreadyExistsException adds resourceId and
/// resourceArn. The details of an internal error are not revealed.
HttpResponse error_response(const Error& error, ExceptionSet declared, std::string_view request_id);

}  // namespace imprint::rest
