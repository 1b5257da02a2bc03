// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace imprint::policy {

/// Every action that a device policy can name (AWS IoT Core policy actions).
enum class Action : std::uint8_t {
  connect,
  publish,
  retain_publish,
  subscribe,
  receive,
  get_retained_message,
  list_retained_messages,
  get_thing_shadow,
  update_thing_shadow,
  delete_thing_shadow,
  list_named_shadows_for_thing,
  describe_job_execution,
  get_pending_job_executions,
  update_job_execution,
  start_next_pending_job_execution,
  assume_role_with_certificate,
  delete_connection,
};
inline constexpr std::size_t kActionCount = 17;

/// The type of an action's resource: the word after the account in its ARN.
enum class ResourceType : std::uint8_t {
  all,  ///< No specific resource; only `"Resource": "*"` covers it.
  client,
  topic,
  topic_filter,
  thing,
  role_alias,
};

struct ActionInfo {
  Action action;
  std::string_view name;      ///< As a policy spells it, "iot:Connect".
  std::string_view old_name;  ///< The jobs actions' older spelling, else empty.
  ResourceType resource;
};

using ActionSet = std::bitset<kActionCount>;

/// The table of actions, in the order of the enum.
std::span<const ActionInfo> actions();
const ActionInfo& info(Action action);
std::optional<Action> find_action(std::string_view name);

/// "client", "topic", "topicfilter", "thing", "rolealias"; "*" for ResourceType::all.
std::string_view to_string(ResourceType type);
/// All words except "*".
std::span<const std::string_view> resource_types();

}  // namespace imprint::policy
