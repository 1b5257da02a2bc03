// SPDX-License-Identifier: Apache-2.0
#include "outcome/causes.h"

#include <algorithm>

namespace imprint::outcome {

namespace {

Cause by_fault(Fault fault) {
  switch (fault) {
    case Fault::invalid:
      return "InvalidParameters"_cause;
    case Fault::forbidden:
      return "AccessDenied"_cause;
    case Fault::not_found:
      return "ResourceNotFound"_cause;
    case Fault::conflict:
      return "ResourceConflicts"_cause;
    case Fault::exhausted:
      return "Throttled"_cause;
    case Fault::unavailable:
      return "ServiceUnavailable"_cause;
    case Fault::internal:
      break;
  }
  return "InternalError"_cause;
}

}  // namespace

Cause find_cause(std::string_view name) {
  const auto* found = std::ranges::find(kCauses, name, &CauseInfo::name);
  return found == kCauses.end() ? Cause() : Cause(*found);
}

Cause cause_of(const Error& error) { return error.cause ? error.cause : by_fault(error.fault); }

Cause answered_cause_of(const Error& error) {
  return error.cause && error.cause->status != 0 ? error.cause : by_fault(error.fault);
}

}  // namespace imprint::outcome
