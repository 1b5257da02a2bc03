// SPDX-License-Identifier: Apache-2.0
#include "control_api/arn.h"

#include "base/name.h"
#include "control_api/words.h"

namespace imprint::control_api {

Result<CertificateId> parse_principal(const Call& call, std::string_view member) {
  const std::string text = call.in.text(member);
  TRY_ASSIGN(const std::string id, parse_arn(call, member, text, "cert"));
  auto parsed = CertificateId::parse(id);
  if (!parsed) return refuse_value(member, text, parsed.error().message);
  return *parsed;
}

Result<registry::PolicyTarget> parse_target(const Call& call, std::string_view member) {
  const std::string text = call.in.text(member);
  const auto resource = arn_resource(text);
  if (!resource || !resource->starts_with("thinggroup/")) {
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
