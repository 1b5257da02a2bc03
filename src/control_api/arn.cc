// SPDX-License-Identifier: Apache-2.0
#include "control_api/arn.h"

#include <array>

#include "base/name.h"
#include "control_api/validation.h"

namespace imprint::control_api {

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
                                  call.server.account, resource));
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
  if (arn->account != call.server.account) {
    return refuse_value(
        member, text,
        fmt::format("Member must name account {}, which is this server's", call.server.account));
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

Result<CertificateId> parse_principal(const Call& call, std::string_view member) {
  const std::string text = call.in.text(member);
  TRY_ASSIGN(const std::string id, parse_arn(call, member, text, "cert"));
  auto parsed = CertificateId::parse(id);
  if (!parsed) return refuse_value(member, text, parsed.error().message);
  return *parsed;
}

Result<registry::PolicyTarget> parse_target(const Call& call, std::string_view member) {
  const std::string text = call.in.text(member);
  const auto arn = split_arn(text);
  if (!arn || !arn->resource.starts_with("thinggroup/")) {
    TRY_ASSIGN(const CertificateId id, parse_principal(call, member));
    return registry::PolicyTarget(id);
  }
  TRY_ASSIGN(const std::string name, parse_arn(call, member, text, "thinggroup"));
  auto group = ThingGroupName::parse(name);
  if (!group) return refuse_value(member, text, group.error().message);
  return registry::PolicyTarget(std::move(*group));
}

std::string certificate_arn(const Call& call, const CertificateId& id) {
  return call.arn("cert/" + id.hex());
}

std::string target_arn(const Call& call, const registry::PolicyTarget& target) {
  return call.arn(registry::to_string(target));
}

}  // namespace imprint::control_api
