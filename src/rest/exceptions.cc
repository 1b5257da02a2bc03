// SPDX-License-Identifier: Apache-2.0
#include "rest/exceptions.h"

#include <algorithm>
#include <array>
#include <optional>

#include "encoding/json.h"
#include "outcome/causes.h"

namespace imprint::rest {

namespace {

struct ExceptionRow {
  Exception exception;
  std::string_view name;
  int status;
  Fault fault;
  /// Error::cause of a handler that knows which exception AWS would answer with.
  CauseInfo cause = {.name = name, .wire_code = name, .status = status};
};

// Statuses: contract section 8.2, from the errors of the AWS IoT API model.
constexpr std::array kRows = std::to_array<ExceptionRow>({
    {Exception::already_exists, "ResourceAlreadyExistsException", 409, Fault::conflict},
    {Exception::certificate_conflict, "CertificateConflictException", 409, Fault::conflict},
    {Exception::certificate_state, "CertificateStateException", 406, Fault::conflict},
    {Exception::certificate_validation, "CertificateValidationException", 400, Fault::invalid},
    {Exception::conflicting_update, "ConflictingResourceUpdateException", 409, Fault::conflict},
    {Exception::delete_conflict, "DeleteConflictException", 409, Fault::conflict},
    {Exception::internal_failure, "InternalFailureException", 500, Fault::internal},
    {Exception::invalid_request, "InvalidRequestException", 400, Fault::invalid},
    {Exception::limit_exceeded, "LimitExceededException", 410, Fault::exhausted},
    {Exception::malformed_policy, "MalformedPolicyException", 400, Fault::invalid},
    {Exception::not_found, "ResourceNotFoundException", 404, Fault::not_found},
    {Exception::registration_code_validation, "RegistrationCodeValidationException", 400,
     Fault::invalid},
    {Exception::service_unavailable, "ServiceUnavailableException", 503, Fault::unavailable},
    {Exception::throttling, "ThrottlingException", 400, Fault::exhausted},
    {Exception::unauthorized, "UnauthorizedException", 401, Fault::forbidden},
    {Exception::version_conflict, "VersionConflictException", 409, Fault::conflict},
    {Exception::versions_limit, "VersionsLimitExceededException", 409, Fault::conflict},
    {Exception::registration_failure, "ResourceRegistrationFailureException", 400, Fault::invalid},
    {Exception::index_not_ready, "IndexNotReadyException", 400, Fault::conflict},
    {Exception::invalid_query, "InvalidQueryException", 400, Fault::invalid},
    {Exception::incomplete_signature, "IncompleteSignatureException", 403, Fault::forbidden},
    {Exception::invalid_signature, "InvalidSignatureException", 403, Fault::forbidden},
    {Exception::missing_authentication, "MissingAuthenticationTokenException", 403,
     Fault::forbidden},
    {Exception::unknown_operation, "UnknownOperationException", 404, Fault::not_found},
    {Exception::unrecognized_client, "UnrecognizedClientException", 403, Fault::forbidden},
    {Exception::access_denied, "AccessDeniedException", 403, Fault::forbidden},
    {Exception::session_expired, "SessionExpired", 401, Fault::forbidden},
});

constexpr bool is_indexed_by_exception() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].exception) != i) return false;
  }
  return true;
}
static_assert(is_indexed_by_exception());

const ExceptionRow& row_of(Exception exception) {
  return kRows[static_cast<std::size_t>(exception)];
}

// The exceptions for causes of other folders. If a cause has several rows, the first one that the
// operation declares counts; if it declares none, the last one.
constexpr auto kForeignCauses = std::to_array<std::pair<Cause, Exception>>({
    {"CertificateConflict"_cause, Exception::certificate_conflict},
    {"CertificateValidation"_cause, Exception::certificate_validation},
    {"InvalidCsr"_cause, Exception::invalid_request},
    {"InvalidRequest"_cause, Exception::invalid_request},
    {"InvalidQuery"_cause, Exception::invalid_query},
    {"MalformedPolicy"_cause, Exception::malformed_policy},
    {"InvalidParameters"_cause, Exception::invalid_request},
    {"ResourceRegistrationFailure"_cause, Exception::registration_failure},
    {"ResourceConflicts"_cause, Exception::conflicting_update},
    {"KeyOfAnotherThing"_cause, Exception::conflicting_update},
    {"OverrideIsFail"_cause, Exception::conflicting_update},
    {"ExclusiveThing"_cause, Exception::conflicting_update},
    {"KeyRefused"_cause, Exception::certificate_state},
    {"KeyRefused"_cause, Exception::registration_failure},
    {"KeyRefused"_cause, Exception::invalid_request},
});

// The exceptions for each fault, in order of preference: the first that the operation declares.
constexpr auto kByFault = std::to_array<std::pair<Fault, Exception>>({
    {Fault::invalid, Exception::invalid_request},
    {Fault::forbidden, Exception::unauthorized},
    {Fault::forbidden, Exception::invalid_request},
    {Fault::not_found, Exception::not_found},
    {Fault::not_found, Exception::invalid_request},
    // Races that were lost in every attempt. Clients retry after a 503 or a ThrottlingException.
    {Fault::conflict, Exception::conflicting_update},
    {Fault::conflict, Exception::service_unavailable},
    {Fault::conflict, Exception::throttling},
    {Fault::exhausted, Exception::throttling},
    {Fault::unavailable, Exception::service_unavailable},
});

std::string message_of(const Error& error, Exception exception, std::string_view request_id) {
  if (status_of(exception) >= 500 && error.fault != Fault::conflict) {
    return fmt::format(
        "the server could not carry out the request; its log names the cause under request {}",
        request_id);
  }
  return exception == Exception::already_exists ? error.message : describe(error);
}

}  // namespace

std::string_view name_of(Exception exception) { return row_of(exception).name; }

int status_of(Exception exception) { return row_of(exception).status; }

std::vector<std::string_view> names_of(ExceptionSet exceptions) {
  std::vector<std::string_view> out;
  for (const ExceptionRow& row : kRows) {
    if (exceptions.contains(row.exception)) out.push_back(row.name);
  }
  return out;
}

Unexpected refuse(Exception exception, std::string message, std::string where) {
  const ExceptionRow& row = row_of(exception);
  return Unexpected(Error{row.fault, std::move(message), std::move(where), Cause(row.cause)});
}

Exception exception_of(const Error& error, ExceptionSet declared) {
  const auto row =
      std::ranges::find(kRows, error.cause, [](const ExceptionRow& r) { return Cause(r.cause); });
  if (row != kRows.end()) return row->exception;
  std::optional<Exception> foreign;
  for (const auto& [cause, exception] : kForeignCauses) {
    if (cause != error.cause) continue;
    foreign = exception;
    if (declared.contains(exception)) break;
  }
  if (foreign) return *foreign;
  for (const auto& [fault, exception] : kByFault) {
    if (fault == error.fault && declared.contains(exception)) return exception;
  }
  return Exception::internal_failure;
}

HttpResponse error_response(const Error& error, ExceptionSet declared,
                            std::string_view request_id) {
  const Exception exception = exception_of(error, declared);
  encoding::json::object body{{"message", message_of(error, exception, request_id)}};
  if (exception == Exception::already_exists) {
    body["resourceId"] = error.where.substr(error.where.find_last_of('/') + 1);
    body["resourceArn"] = error.where;
  }
  return {.status = status_of(exception),
          .body = encoding::to_json(body),
          .headers = {{"x-amzn-ErrorType", std::string(name_of(exception))}}};
}

}  // namespace imprint::rest
