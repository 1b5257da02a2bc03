// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the hooks of imprint.toml and their state.
#include "hooks/hooks.h"

#include "operator_api/operations.h"
#include "outbound/url.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct HookNeeds {
  registry::Store& store;
  hooks::Invoker& hooks;
};

using registry::ProvisioningTemplate;

/// The value that the given share of the values does not exceed.
double percentile(const std::vector<double>& ascending, double share) {
  const auto last = static_cast<double>(ascending.size() - 1);
  return ascending[static_cast<std::size_t>(last * share + 0.5)];
}

json::value write_seconds(const std::vector<double>& ascending) {
  if (ascending.empty()) return nullptr;
  return json::object{{"p50", percentile(ascending, 0.50)},
                      {"p95", percentile(ascending, 0.95)},
                      {"p99", percentile(ascending, 0.99)}};
}

std::string address_of(const hooks::HookReport& report) {
  const hooks::HookOptions& options = report.options;
  if (!report.listens.empty()) return report.listens;
  if (!options.url.empty()) return outbound::without_secrets(options.url);
  return options.command.front();  // arguments may be secret
}

/// Which templates' hooks this one answers for: the first pattern that matches wins.
json::array templates_of(const std::vector<ProvisioningTemplate>& templates,
                         const hooks::Invoker& hooks, const hooks::HookReport& report) {
  json::array names;
  for (const ProvisioningTemplate& one : templates) {
    if (one.hook && hooks.pattern_for(one.hook->target_arn) == report.options.arn)
      names.emplace_back(one.name.str());
  }
  return names;
}

json::object write_hook(const hooks::HookReport& report, json::array templates) {
  const hooks::HookOptions& options = report.options;
  json::object out{{"arn", options.arn},
                   {"transport", hooks::to_string(options.transport)},
                   {"address", address_of(report)},
                   {"timeoutSeconds", std::chrono::duration<double>(options.timeout).count()},
                   {"concurrency", options.concurrency},
                   {"shadow", options.shadow},
                   {"templates", std::move(templates)},
                   {"asked", report.answered + report.failed + report.timed_out},
                   {"answered", report.answered},
                   {"failed", report.failed},
                   {"timedOut", report.timed_out},
                   {"seconds", write_seconds(report.seconds)},
                   {"breaker", report.is_resting ? "open" : "closed"},
                   {"inFlight", report.running},
                   {"waiting", report.waiting}};
  if (report.last_problem) {
    out["lastProblem"] = json::object{{"time", epoch_seconds(report.last_problem->time)},
                                      {"because", report.last_problem->because}};
  }
  return out;
}

Answer list_hooks(Call, HookNeeds needs) {
  CO_TRY_ASSIGN(
      const std::vector<ProvisioningTemplate> templates,
      co_await registry::list_all<ProvisioningTemplate>(needs.store, registry::query::Templates{}));
  const std::vector<hooks::HookReport> reports = co_await needs.hooks.report();
  json::array out;
  for (const hooks::HookReport& report : reports)
    out.emplace_back(write_hook(report, templates_of(templates, needs.hooks, report)));
  co_return json::object{{"hooks", std::move(out)}};
}

using enum Exception;

constexpr rest::Row<HookNeeds> kOperations[] = {
    {"ListHooks",
     "GET",
     "/imprint/v1/hooks",
     {},
     {throttling, unauthorized, service_unavailable, internal_failure},
     list_hooks},
};

}  // namespace

Operations hook_operations(registry::Store& store, hooks::Invoker& hooks) {
  return rest::bind(kOperations, HookNeeds{store, hooks});
}

}  // namespace imprint::operator_api
