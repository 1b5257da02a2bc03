// SPDX-License-Identifier: Apache-2.0
#include "provisioning/failure_category.h"

#include <algorithm>
#include <array>

#include "provisioning/caller.h"
#include "provisioning/outside_certificate.h"

namespace imprint::provisioning {

namespace {

using enum telemetry::FailureCategory;
using telemetry::FailureCategory;

struct Row {
  std::string_view code;
  FailureCategory category;
};

constexpr std::array<Row, 29> kByCode = {{
    {code::kInvalidToken, invalid_token},
    {code::kInvalidParameters, invalid_parameters},
    {code::kInvalidPayload, invalid_request},
    {code::kInvalidCsr, invalid_csr},
    {code::kResourceNotFound, template_unavailable},
    {code::kTemplateDisabled, template_unavailable},
    {code::kResourceConflicts, conflict},
    {code::kRegistrationFailure, template_failed},
    {code::kNotListed, not_admitted},
    {code::kBlocked, not_admitted},
    {code::kListedForAnother, not_admitted},
    {code::kListMissing, not_admitted},
    {code::kNoListAttached, not_admitted},
    {code::kListValueMissing, not_admitted},
    {code::kSerialMissing, not_admitted},
    {code::kParameterRefused, not_admitted},
    {code::kClaimRefused, claim_refused},
    {code::kKeyRefused, not_admitted},
    {code::kHookDenied, hook_denied},
    {code::kHookFailed, hook_failed},
    {code::kHookTimedOut, hook_timed_out},
    {code::kHookOverride, hook_failed},
    {code::kTypeDeprecated, template_failed},
    {code::kLimitReached, limit_reached},
    {code::kThrottled, throttled},
    {code::kDuplicateDevice, duplicate_device},
    {code::kCertificateValidation, invalid_certificate},
    {code::kCertificateConflict, invalid_certificate},
    {code::kInternalError, internal},
}};

FailureCategory by_fault(Fault fault) {
  switch (fault) {
    case Fault::invalid:
      return invalid_parameters;
    case Fault::forbidden:
      return not_admitted;
    case Fault::not_found:
      return template_unavailable;
    case Fault::conflict:
      return conflict;
    case Fault::exhausted:
      return throttled;
    case Fault::unavailable:
      return unavailable;
    case Fault::internal:
      return internal;
  }
  return internal;
}

}  // namespace

FailureCategory category_of(const Error& error) {
  const auto* row = std::ranges::find(kByCode, error.code, &Row::code);
  return row == kByCode.end() ? by_fault(error.fault) : row->category;
}

}  // namespace imprint::provisioning
