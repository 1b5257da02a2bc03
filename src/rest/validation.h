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

/// Reads an operation's inputs from where they are and holds them to its row. Members that the row
/// does not have are ignored, as AWS does. A header that is an input must be signed.
/// Errors: InvalidRequestException in AWS's words, with what to do instead.
Result<Inputs> read_inputs(const Operation& operation, const PathParameters& parameters,
                           const Target& target, const HttpRequest& request,
                           const SignedScope& scope);

/// Holds one value to a row, for members of lists and objects: type, length, characters.
Result<void> check_value(const InputInfo& input, const encoding::json::value& value);

/// AWS's sentence for one wrong member: "1 validation error detected: Value '...' at 'thingName'
/// failed to satisfy constraint: ...". `value` is cut and escaped; "null" when it is missing.
Unexpected refuse_value(std::string_view member, std::string_view value,
                        std::string_view constraint);

}  // namespace imprint::rest
