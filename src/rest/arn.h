// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rest/call.h"

/// Amazon resource names that come in (contract section 8.4). Any partition and region will do, for
/// the server answers to every region; the account must be this one.
namespace imprint::rest {

/// What follows the account in an ARN of AWS IoT: "cert/ab12"; nothing when it is none.
std::optional<std::string_view> arn_resource(std::string_view text);

/// `member` is the input that holds the ARN, for messages; `resource` is "thing", "cert", ...
/// Returns what follows the slash.
Result<std::string> parse_arn(const Call& call, std::string_view member, std::string_view text,
                              std::string_view resource);

/// What an ARN of this account names, whatever its type: "policy/x".
Result<std::string> parse_resource(const Call& call, std::string_view member,
                                   std::string_view text);

}  // namespace imprint::rest
