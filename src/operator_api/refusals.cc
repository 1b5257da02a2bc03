// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the devices that were refused, newest first, and why.
#include <algorithm>
#include <fmt/ranges.h>

#include "operator_api/event_json.h"
#include "operator_api/operations.h"
#include "outcome/failure_category.h"

namespace imprint::operator_api {

namespace {

using outcome::FailureCategoryInfo;

Result<void> check_category(std::string_view category) {
  const auto categories = outcome::failure_categories();
  if (category.empty() ||
      std::ranges::find(categories, category, &FailureCategoryInfo::name) != categories.end())
    return {};
  std::vector<std::string_view> names;
  for (const FailureCategoryInfo& one : categories) names.push_back(one.name);
  return refuse_value("category", category,
                      fmt::format("Member must be one of {}", fmt::join(names, ", ")));
}

Answer list_refusals(Call call, registry::Store& store) {
  const std::string category = call.in.text("category");
  CO_TRY(check_category(category));
  co_return co_await list_page<registry::AuditEvent>(
      std::move(call), store, registry::query::AuditEvents{.ascending = false, .refusal = category},
      kTokenStyle, "events", write_stored_event);
}

using enum Exception;

constexpr InputInfo kList[] = {{.name = "category", .in = Location::query, .most = 64},
                               members::kMaxResults,
                               members::kNextToken};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"ListRefusals",
     "GET",
     "/imprint/v1/refusals",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_refusals},
};

}  // namespace

Operations refusal_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::operator_api
