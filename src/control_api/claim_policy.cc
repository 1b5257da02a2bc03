// SPDX-License-Identifier: Apache-2.0
#include "control_api/claim_policy.h"

#include "encoding/json.h"

namespace imprint::control_api {

namespace json = encoding::json;

PolicyName claim_policy_name(const TemplateName& name) {
  auto parsed = PolicyName::parse(std::string(kClaimPolicyPrefix) + name.str());
  IMPRINT_ASSERT(parsed.has_value());
  return std::move(*parsed);
}

bool is_claim_policy(const PolicyName& name) { return name.str().starts_with(kClaimPolicyPrefix); }

std::string claim_policy_document(std::span<const TemplateName> names, std::string_view account) {
  const auto resources = [&](std::string_view type) {
    const auto arn = [&](std::string_view topic) {
      return json::value(fmt::format("arn:aws:iot:*:{}:{}/{}", account, type, topic));
    };
    json::array out{arn("$aws/certificates/create/*"), arn("$aws/certificates/create-from-csr/*")};
    for (const TemplateName& name : names)
      out.push_back(arn(fmt::format("$aws/provisioning-templates/{}/provision/*", name.str())));
    return out;
  };
  const auto allow = [](json::array actions, json::value resource) {
    return json::object{
        {"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", std::move(resource)}};
  };
  const json::array statements{
      allow({"iot:Connect"}, json::value(fmt::format("arn:aws:iot:*:{}:client/*", account))),
      allow({"iot:Publish", "iot:Receive"}, resources("topic")),
      allow({"iot:Subscribe"}, resources("topicfilter"))};
  return encoding::to_json(json::object{{"Version", "2012-10-17"}, {"Statement", statements}});
}

}  // namespace imprint::control_api
