// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the settings of a template that AWS has no field for.
#include "provisioning/template_settings.h"

#include "base/current.h"
#include "control_api/template_records.h"
#include "operator_api/list_records.h"
#include "operator_api/operations.h"
#include "provisioning/settings.h"

namespace imprint::operator_api {

using registry::ProvisioningTemplate;

namespace {

/// The dependencies of these operations.
struct SettingNeeds {
  registry::Store& store;
  const Current<provisioning::Settings>& settings;
};

using control_api::get_template_record;

json::object write_own(const registry::TemplateSettings& settings) {
  json::object out;
  for (const auto& [key, value] : settings) out[key] = value;
  return out;
}

/// `settings` are the template's own. `inForce` are all settings that apply to it, each with where
/// it comes from.
Result<json::object> write_settings(SettingNeeds needs, const ProvisioningTemplate& record) {
  TRY_ASSIGN(const std::vector<provisioning::SettingInForce> all,
             provisioning::settings_in_force(*needs.settings.get(), record.settings));
  json::array in_force;
  for (const provisioning::SettingInForce& one : all) {
    in_force.emplace_back(json::object{
        {"key", one.key}, {"value", one.value}, {"from", one.is_own ? "template" : "deployment"}});
  }
  return json::object{{"templateName", record.name.str()},
                      {"settings", write_own(record.settings)},
                      {"inForce", std::move(in_force)}};
}

/// The settings after an update: an object of texts, in which an empty text or null removes the
/// key.
Result<registry::TemplateSettings> changed(registry::TemplateSettings settings,
                                           const json::object& given) {
  for (const auto& member : given) {
    const std::string key(member.key());
    const bool is_text = member.value().is_string();
    if (!is_text && !member.value().is_null()) {
      return refuse(Exception::invalid_request,
                    fmt::format("settings.{} is {} where text is expected; put the value in quotes",
                                key, encoding::type_name(member.value())));
    }
    if (!is_text || member.value().get_string().empty())
      settings.erase(key);
    else
      settings[key] = std::string(member.value().get_string());
  }
  if (const auto sound = provisioning::check_template_settings(settings); !sound)
    return refuse(Exception::invalid_request, sound.error().message, sound.error().where);
  return settings;
}

/// An allowlist that does not exist would admit nobody; its name is probably misspelt.
runtime::Task<Result<void>> check_list_exists(registry::Store& store,
                                              registry::TemplateSettings settings) {
  const auto it = settings.find("allowlist");
  if (it == settings.end() || it->second == provisioning::kNoList) co_return Result<void>();
  CO_TRY_ASSIGN(const ListName name, ListName::parse(it->second));
  CO_TRY(co_await find_or_refuse(
      store, registry::manufacturing_list_key(name),
      fmt::format("\"allowlist\" = {}: there is no such manufacturing list; make it first with "
                  "imprint list create DIR {}",
                  quote(name.str()), name.str()),
      Exception::invalid_request));
  co_return Result<void>();
}

Answer describe_settings(Call call, SettingNeeds needs) {
  CO_TRY_ASSIGN(
      const ProvisioningTemplate record,
      co_await get_template_record(needs.store, call.in.name<TemplateName>("templateName")));
  co_return write_settings(needs, record);
}

Answer update_settings(Call call, SettingNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  CO_TRY_ASSIGN(record.settings, changed(record.settings, call.in.object("settings")));
  if (call.in.object("settings").contains("allowlist"))
    CO_TRY(co_await check_list_exists(store, record.settings));
  registry::ChangeSet changes = change_set(call.event({{"template", record.name.str()}}));
  changes.add(registry::update(record, call.now()));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return write_settings(needs, record);
}

using enum Exception;

constexpr InputInfo kOne[] = {members::template_name()};
constexpr InputInfo kUpdate[] = {members::template_name(), members::object("settings", true)};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, conflicting_update,
                               internal_failure};

constexpr rest::Row<SettingNeeds> kOperations[] = {
    {"DescribeTemplateSettings", "GET", "/imprint/v1/templates/{templateName}/settings", kOne,
     kErrors, describe_settings, "provisioningtemplate/{templateName}"},
    {"UpdateTemplateSettings", "PUT", "/imprint/v1/templates/{templateName}/settings", kUpdate,
     kErrors, update_settings, "provisioningtemplate/{templateName}"},
};

}  // namespace

Operations template_setting_operations(registry::Store& store,
                                       const Current<provisioning::Settings>& settings) {
  return rest::bind(kOperations, SettingNeeds{store, settings});
}

}  // namespace imprint::operator_api
