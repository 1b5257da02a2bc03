// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "rest/call.h"
#include "rest/http.h"
#include "rest/operation.h"

namespace imprint::rest {

struct SignedScope;
struct Target;

using PathParameters = std::map<std::string, std::string, std::less<>>;

/// Reads the inputs of an operation from path, query, headers and body, and validates them against
/// its row. Members that the row does not have are ignored, as on AWS. A header that is an input
/// must be signed. Errors: InvalidRequestException with AWS's message and a remedy.
Result<Inputs> read_inputs(const Operation& operation, const PathParameters& parameters,
                           const Target& target, const HttpRequest& request,
                           const SignedScope& scope);

/// Validates one value against a row, for members of lists and objects: type, length, characters.
Result<void> check_value(const InputInfo& input, const encoding::json::value& value);

/// AWS's message for a wrong member: "1 validation error detected: Value '...' at 'thingName'
/// failed to satisfy constraint: ...". `value` is cut and escaped; "null" stands for a missing one.
Unexpected refuse_value(std::string_view member, std::string_view value,
                        std::string_view constraint);

}  // namespace imprint::rest
