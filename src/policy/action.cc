// SPDX-License-Identifier: Apache-2.0
#include "policy/action.h"

#include <algorithm>
#include <array>

namespace imprint::policy {

namespace {

using enum ResourceType;

constexpr std::array<ActionInfo, kActionCount> kActions = {{
    {Action::connect, "iot:Connect", "", client},
    {Action::publish, "iot:Publish", "", topic},
    {Action::retain_publish, "iot:RetainPublish", "", topic},
    {Action::subscribe, "iot:Subscribe", "", topic_filter},
    {Action::receive, "iot:Receive", "", topic},
    {Action::get_retained_message, "iot:GetRetainedMessage", "", topic},
    {Action::list_retained_messages, "iot:ListRetainedMessages", "", all},
    {Action::get_thing_shadow, "iot:GetThingShadow", "", thing},
    {Action::update_thing_shadow, "iot:UpdateThingShadow", "", thing},
    {Action::delete_thing_shadow, "iot:DeleteThingShadow", "", thing},
    {Action::list_named_shadows_for_thing, "iot:ListNamedShadowsForThing", "", all},
    {Action::describe_job_execution, "iotjobsdata:DescribeJobExecution", "iot:DescribeJobExecution",
     thing},
    {Action::get_pending_job_executions, "iotjobsdata:GetPendingJobExecutions",
     "iot:GetPendingJobExecutions", thing},
    {Action::update_job_execution, "iotjobsdata:UpdateJobExecution", "iot:UpdateJobExecution",
     thing},
    {Action::start_next_pending_job_execution, "iotjobsdata:StartNextPendingJobExecution",
     "iot:StartNextPendingJobExecution", thing},
    {Action::assume_role_with_certificate, "iot:AssumeRoleWithCertificate", "", role_alias},
    {Action::delete_connection, "iot:DeleteConnection", "", client},
}};

constexpr std::array<std::string_view, 6> kResourceTypes = {"*",           "client", "topic",
                                                            "topicfilter", "thing",  "rolealias"};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    if (static_cast<std::size_t>(kActions[i].action) != i) return false;
  }
  return true;
}
static_assert(in_enum_order());

/// IAM compares action names without case.
bool is_same_name(std::string_view a, std::string_view b) {
  const auto folded = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, folded, folded);
}

}  // namespace

std::span<const ActionInfo> actions() { return kActions; }

const ActionInfo& info(Action action) { return kActions[static_cast<std::size_t>(action)]; }

std::optional<Action> find_action(std::string_view name) {
  const auto found = std::ranges::find_if(kActions, [&](const ActionInfo& row) {
    return is_same_name(row.name, name) ||
           (!row.old_name.empty() && is_same_name(row.old_name, name));
  });
  if (found == kActions.end()) return std::nullopt;
  return found->action;
}

std::string_view to_string(ResourceType type) {
  return kResourceTypes[static_cast<std::size_t>(type)];
}

std::span<const std::string_view> resource_types() { return std::span(kResourceTypes).subspan(1); }

}  // namespace imprint::policy
