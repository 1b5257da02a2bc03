// SPDX-License-Identifier: Apache-2.0
#include "control_api/operations.h"
#include "control_api/store_access.h"

namespace imprint::control_api {

namespace {

using registry::Setting;

constexpr std::string_view kSettingName = "event-configurations";

/// AWS IoT API, EventType.
constexpr std::string_view kEventTypes[] = {
    "THING",
    "THING_GROUP",
    "THING_TYPE",
    "THING_GROUP_MEMBERSHIP",
    "THING_GROUP_HIERARCHY",
    "THING_TYPE_ASSOCIATION",
    "JOB",
    "JOB_EXECUTION",
    "POLICY",
    "CERTIFICATE",
    "CA_CERTIFICATE",
};

/// The setting holds a JSON object of the types that were ever set: {"THING": true}.
runtime::Task<Result<std::optional<Setting>>> find_setting(registry::Store& store) {
  return registry::find(store, registry::setting_key(std::string(kSettingName)));
}

Result<json::object> read_setting(const std::optional<Setting>& setting) {
  if (!setting) return json::object();
  TRY_ASSIGN(const json::value value, encoding::parse_json(setting->value));
  const json::object* object = value.if_object();
  if (object != nullptr) return *object;
  return fail(Fault::internal, "the stored event configurations are not an object");
}

Answer describe_event_configurations(Call, registry::Store& store) {
  CO_TRY_ASSIGN(const std::optional<Setting> setting, co_await find_setting(store));
  CO_TRY_ASSIGN(const json::object enabled, read_setting(setting));
  json::object configurations;
  for (const std::string_view type : kEventTypes) {
    const json::value* value = enabled.if_contains(type);
    configurations[type] = json::object{{"Enabled", value != nullptr && value->as_bool()}};
  }
  json::object answer{{"eventConfigurations", std::move(configurations)}};
  if (setting) {
    answer["creationDate"] = epoch_seconds(setting->created);
    answer["lastModifiedDate"] = epoch_seconds(setting->modified);
  }
  co_return answer;
}

/// {"THING": {"Enabled": true}} -> {"THING": true}. Clients whose language has no absent boolean
/// (Go, and so Terraform) leave false out.
Result<json::object> read_configurations(const json::object& configurations) {
  constexpr InputInfo kEnabled{.name = "eventConfigurations.Enabled", .type = Type::boolean};
  json::object out;
  for (const auto& [type, configuration] : configurations) {
    if (std::ranges::find(kEventTypes, std::string_view(type)) == std::end(kEventTypes)) {
      return refuse_value(
          "eventConfigurations", type,
          fmt::format("Member must satisfy enum value set: [{}]", fmt::join(kEventTypes, ", ")));
    }
    const json::object* members = configuration.if_object();
    if (members == nullptr) {
      return refuse_value("eventConfigurations", encoding::to_json(configuration),
                          "Member must be an object with Enabled");
    }
    const json::value* enabled = members->if_contains(std::string_view("Enabled"));
    if (enabled == nullptr && !members->empty())
      return refuse_value(kEnabled.name, "null", "Member must not be null");
    if (enabled != nullptr) TRY(check_value(kEnabled, *enabled));
    out[type] = enabled != nullptr && enabled->get_bool();
  }
  return out;
}

Answer update_event_configurations(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const json::object wanted,
                read_configurations(call.in.object("eventConfigurations")));
  CO_TRY_ASSIGN(const std::optional<Setting> before, co_await find_setting(store));
  CO_TRY_ASSIGN(json::object after, read_setting(before));
  for (const auto& [type, enabled] : wanted) after[type] = enabled;
  if (wanted.empty()) co_return json::object();
  const Timestamp now = call.now();
  Setting setting = before.value_or(
      Setting{.name = std::string(kSettingName), .value = {}, .created = now, .version = 0});
  setting.value = encoding::to_json(after);
  registry::ChangeSet changes = change_set(call.event({{"event_configurations", wanted}}));
  changes.add(registry::update(std::move(setting), now));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo kUpdate[] = {{.name = "eventConfigurations", .type = Type::object}};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"DescribeEventConfigurations",
     "GET",
     "/event-configurations",
     {},
     {internal_failure, throttling},
     describe_event_configurations},
    {"UpdateEventConfigurations",
     "PATCH",
     "/event-configurations",
     kUpdate,
     {invalid_request, internal_failure, throttling},
     update_event_configurations},
};

}  // namespace

Operations event_configuration_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::control_api
