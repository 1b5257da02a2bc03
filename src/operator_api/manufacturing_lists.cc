// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the lists of manufactured units that the gatekeeper checks.
#include "base/current.h"
#include "control_api/template_records.h"
#include "operator_api/list_records.h"
#include "operator_api/operations.h"
#include "provisioning/settings.h"
#include "provisioning/template_settings.h"

namespace imprint::operator_api {

using registry::ManufacturingList;

runtime::Task<Result<ManufacturingList>> get_list_record(registry::Store& store, ListName name) {
  co_return co_await find_or_refuse(
      store, registry::manufacturing_list_key(name),
      fmt::format("Manufacturing list {} not found; make it with imprint list create DIR {}",
                  quote(name.str()), name.str()));
}

namespace {

/// The dependencies of these operations.
struct ListNeeds {
  registry::Store& store;
  const Current<provisioning::Settings>& settings;
};

using control_api::kMaxTemplates;

/// Entries erased in one transaction: few enough that other writers hardly wait.
constexpr std::size_t kErasedAtOnce = 2000;

json::object write_list(const ManufacturingList& list) {
  return {{"listName", list.name.str()},
          {"description", list.description},
          {"creationDate", epoch_seconds(list.created)},
          {"lastModifiedDate", epoch_seconds(list.modified)}};
}

/// Prepares for a new list. It must not inherit entries from an earlier list of the same name,
/// whose deletion may have been cut short.
runtime::Task<Result<void>> make_room(registry::Store& store, ListName name,
                                      registry::AuditEvent event) {
  CO_TRY_ASSIGN(const std::vector<ManufacturingList> all,
                co_await registry::list_first<ManufacturingList>(
                    store, registry::query::ManufacturingLists{}, kMaxManufacturingLists));
  if (all.size() == kMaxManufacturingLists) {
    co_return refuse(
        Exception::limit_exceeded,
        fmt::format("there are already {} manufacturing lists, the maximum; delete one first",
                    kMaxManufacturingLists));
  }
  CO_TRY(co_await erase_strays(store, registry::query::EntriesOfList{name},
                               registry::manufacturing_list_key(name), std::move(event),
                               kErasedAtOnce));
  CO_TRY_ASSIGN(
      const auto counter,
      co_await registry::find(store, registry::counter_key(registry::entries_counter(name))));
  if (!counter) co_return Result<void>();
  registry::ChangeSet changes;
  changes.add(
      registry::Require{registry::manufacturing_list_key(name), registry::Expect::absent()});
  changes.add(registry::Erase{registry::counter_key(registry::entries_counter(name))});
  co_return co_await store.commit(std::move(changes));
}

Answer put_list(Call call, ListNeeds needs) {
  registry::Store& store = needs.store;
  const auto name = call.in.name<ListName>("listName");
  if (name.str() == provisioning::kNoList) {
    co_return refuse(Exception::invalid_request,
                     "a list cannot be called none: the setting allowlist = none is no list");
  }
  CO_TRY_ASSIGN(const std::optional<ManufacturingList> existing,
                co_await registry::find(store, registry::manufacturing_list_key(name)));
  if (!existing) CO_TRY(co_await make_room(store, name, call.event()));
  const Timestamp now = call.now();
  ManufacturingList record =
      existing.value_or(ManufacturingList{.name = name, .created = now, .version = 0});
  if (call.in.has("description")) record.description = call.in.text("description");
  registry::ChangeSet changes = change_set(call.event({{"list", name.str()}}));
  changes.add(registry::update(record, now));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return write_list(record);
}

Answer describe_list(Call call, ListNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const ManufacturingList record,
                co_await get_list_record(store, call.in.name<ListName>("listName")));
  CO_TRY_ASSIGN(const auto counter,
                co_await registry::find(
                    store, registry::counter_key(registry::entries_counter(record.name))));
  json::object answer = write_list(record);
  answer["entries"] = counter ? counter->value : 0;
  co_return answer;
}

/// A list that is in use as an allowlist cannot be deleted: nobody would be admitted any more.
runtime::Task<Result<void>> check_unused(ListNeeds needs, ListName name) {
  const auto refuse_used = [&](const std::string& by) {
    return refuse(Exception::delete_conflict,
                  fmt::format("Manufacturing list {} is the allowlist of {}; set another there "
                              "first, or {} for none",
                              quote(name.str()), by, provisioning::kNoList));
  };
  if (needs.settings.get()->rules.allowlist == name.str())
    co_return refuse_used("[templates] in imprint.toml");
  CO_TRY_ASSIGN(const std::vector<registry::ProvisioningTemplate> all,
                co_await registry::list_first<registry::ProvisioningTemplate>(
                    needs.store, registry::query::Templates{}, kMaxTemplates));
  for (const registry::ProvisioningTemplate& record : all) {
    const auto setting = record.settings.find("allowlist");
    if (setting != record.settings.end() && setting->second == name.str())
      co_return refuse_used(fmt::format("provisioning template {}", quote(record.name.str())));
  }
  co_return Result<void>();
}

Answer delete_list(Call call, ListNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const ManufacturingList record,
                co_await get_list_record(store, call.in.name<ListName>("listName")));
  CO_TRY(co_await check_unused(needs, record.name));
  registry::ChangeSet changes = change_set(call.event({{"list", record.name.str()}}));
  changes.add(registry::erase(record));
  changes.add(registry::Erase{registry::counter_key(registry::entries_counter(record.name))});
  CO_TRY(co_await commit(store, std::move(changes)));
  CO_TRY(co_await erase_strays(store, registry::query::EntriesOfList{record.name},
                               registry::key_of(record), call.event(), kErasedAtOnce));
  co_return json::object();
}

Answer list_lists(Call call, ListNeeds needs) {
  return list_page<ManufacturingList>(std::move(call), needs.store,
                                      registry::query::ManufacturingLists{}, kTokenStyle, "lists",
                                      write_list);
}

using enum Exception;

constexpr InputInfo kPut[] = {list_name(),
                              {.name = "description", .most = 500, .rule = members::kPrintable}};
constexpr InputInfo kOne[] = {list_name()};
constexpr InputInfo kList[] = {members::kMaxResults, members::kNextToken};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, limit_exceeded,
                               delete_conflict, conflicting_update,  internal_failure};

constexpr rest::Row<ListNeeds> kOperations[] = {
    {"ListManufacturingLists", "GET", "/imprint/v1/lists", kList, kErrors, list_lists},
    {"PutManufacturingList", "PUT", "/imprint/v1/lists/{listName}", kPut, kErrors, put_list,
     "manufacturinglist/{listName}"},
    {"DescribeManufacturingList", "GET", "/imprint/v1/lists/{listName}", kOne, kErrors,
     describe_list, "manufacturinglist/{listName}"},
    {"DeleteManufacturingList", "DELETE", "/imprint/v1/lists/{listName}", kOne, kErrors,
     delete_list, "manufacturinglist/{listName}"},
};

}  // namespace

Operations manufacturing_list_operations(registry::Store& store,
                                         const Current<provisioning::Settings>& settings) {
  return rest::bind(kOperations, ListNeeds{store, settings});
}

}  // namespace imprint::operator_api
