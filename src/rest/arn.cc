// SPDX-License-Identifier: Apache-2.0
#include "rest/arn.h"

#include <array>

#include "rest/validation.h"

namespace imprint::rest {

namespace {

/// "arn:aws:iot:eu-west-1:000000000000:cert/ab12" -> account and "cert/ab12".
struct IotArn {
  std::string_view account;
  std::string_view resource;
};

std::optional<IotArn> split_arn(std::string_view text) {
  std::array<std::string_view, 5> head;
  for (std::string_view& part : head) {
    const auto end = text.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    part = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  const auto& [arn, partition, service, region, account] = head;
  if (arn != "arn" || !partition.starts_with("aws") || service != "iot" || region.empty())
    return std::nullopt;
  return IotArn{account, text};
}

Unexpected refuse_form(const Call& call, std::string_view member, std::string_view text,
                       std::string_view resource) {
  return refuse_value(member, text,
                      fmt::format("Member must be an ARN of the form arn:aws:iot:REGION:{}:{}/...",
                                  call.account, resource));
}

}  // namespace

std::optional<std::string_view> arn_resource(std::string_view text) {
  const auto arn = split_arn(text);
  if (!arn) return std::nullopt;
  return arn->resource;
}

Result<std::string> parse_resource(const Call& call, std::string_view member,
                                   std::string_view text) {
  const auto arn = split_arn(text);
  if (!arn || arn->resource.find('/') == std::string_view::npos)
    return refuse_form(call, member, text, "TYPE");
  if (arn->account != call.account) {
    return refuse_value(
        member, text,
        fmt::format("Member must name account {}, which is this server's", call.account));
  }
  return std::string(arn->resource);
}

Result<std::string> parse_arn(const Call& call, std::string_view member, std::string_view text,
                              std::string_view resource) {
  TRY_ASSIGN(const std::string found, parse_resource(call, member, text));
  if (found.starts_with(resource) && found.substr(resource.size(), 1) == "/")
    return found.substr(resource.size() + 1);
  return refuse_form(call, member, text, resource);
}

}  // namespace imprint::rest
