// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rest/call.h"

/// Amazon resource names in requests (contract section 8.4). Any partition and region is accepted,
/// since the server serves every region; the account must be this one.
namespace imprint::rest {

/// The part after the account in an ARN of AWS IoT: "cert/ab12"; no value for any other text.
std::optional<std::string_view> arn_resource(std::string_view text);

/// `member` is the input that holds the ARN, for messages; `resource` is "thing", "cert", ...
/// Returns what follows the slash.
Result<std::string> parse_arn(const Call& call, std::string_view member, std::string_view text,
                              std::string_view resource);

/// The resource that an ARN of this account names, of any type: "policy/x".
Result<std::string> parse_resource(const Call& call, std::string_view member,
                                   std::string_view text);

}  // namespace imprint::rest
