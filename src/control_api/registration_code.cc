// SPDX-License-Identifier: Apache-2.0
#include "control_api/registration_code.h"

#include "base/random.h"
#include "control_api/operations.h"
#include "encoding/text.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct CodeNeeds {
  registry::Store& store;
  Random& random;
};

using registry::Setting;

constexpr std::string_view kSetting = "registration-code";

Answer get_registration_code(Call call, CodeNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::optional<Setting> existing, co_await find_registration_code(store));
  if (existing) co_return json::object{{"registrationCode", existing->value}};
  Sha256 code{};
  needs.random.fill(code);
  const Timestamp now = call.now();
  const Setting setting{.name = std::string(kSetting),
                        .value = encoding::to_hex(code),
                        .created = now,
                        .modified = now};
  registry::ChangeSet changes = change_set(call.event());
  changes.add(registry::create(setting));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object{{"registrationCode", setting.value}};
}

Answer delete_registration_code(Call call, CodeNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::optional<Setting> existing, co_await find_registration_code(store));
  if (!existing) {
    co_return refuse(Exception::not_found,
                     "there is no registration code; GetRegistrationCode makes one");
  }
  registry::ChangeSet changes = change_set(call.event());
  changes.add(registry::erase(*existing));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr rest::Row<CodeNeeds> kOperations[] = {
    {"GetRegistrationCode",
     "GET",
     "/registrationcode",
     {},
     {throttling, unauthorized, service_unavailable, internal_failure, invalid_request},
     get_registration_code},
    {"DeleteRegistrationCode",
     "DELETE",
     "/registrationcode",
     {},
     {throttling, not_found, unauthorized, service_unavailable, internal_failure},
     delete_registration_code},
};

}  // namespace

runtime::Task<Result<std::optional<Setting>>> find_registration_code(registry::Store& store) {
  return registry::find(store, registry::setting_key(std::string(kSetting)));
}

Operations registration_code_operations(registry::Store& store, Random& random) {
  return rest::bind(kOperations, CodeNeeds{store, random});
}

}  // namespace imprint::control_api
