// SPDX-License-Identifier: Apache-2.0
#include "provisioning/hook.h"

#include "outcome/causes.h"

namespace imprint::provisioning {

namespace json = encoding::json;

runtime::Task<HookAsked> ask_hook(hooks::Invoker& hooks, std::string arn, hooks::FleetEvent event,
                                  templates::Template parsed, hooks::Asker asker) {
  const hooks::Reply reply = co_await hooks.ask(arn, hooks::to_json(event), std::move(asker));
  HookAsked asked{.arn = std::move(arn),
                  .verdict = hooks::fleet_verdict(reply),
                  .seconds = reply.seconds,
                  .shadow = reply.shadow};
  for (const auto& [name, value] : asked.verdict.overrides) {
    // Nor may it stand in for what only the service supplies.
    if (!parsed.parameters().contains(name) || templates::is_predefined(parsed.use(), name))
      asked.undeclared.push_back(name);
  }
  for (const std::string& name : asked.undeclared) asked.verdict.overrides.erase(name);
  co_return asked;
}

templates::Parameters overridden(templates::Parameters parameters, const HookAsked& asked) {
  if (asked.shadow) return parameters;
  for (const auto& [name, value] : asked.verdict.overrides) parameters[name] = value;
  return parameters;
}

Error blamed_on(const HookAsked& asked, Error error, bool was_sound) {
  const bool has_changed = !asked.shadow && !asked.verdict.overrides.empty();
  if (has_changed && was_sound) error.cause = "HookOverride"_cause;
  return error;
}

Error refusal_of(const HookAsked& asked) {
  const hooks::Outcome outcome = asked.verdict.outcome;
  const bool is_word_of_hook = outcome == hooks::Outcome::denied;
  return {is_word_of_hook ? Fault::forbidden : Fault::unavailable,
          "this device was not allowed to provision",
          {},
          is_word_of_hook                        ? "HookDenied"_cause
          : outcome == hooks::Outcome::timed_out ? "HookTimedOut"_cause
                                                 : "HookFailed"_cause};
}

registry::AuditEvent hook_event(const HookAsked& asked, std::string_view template_name,
                                registry::AuditEvent about, bool is_claim) {
  json::object detail{{"template", template_name},
                      {"hook", asked.arn},
                      {"milliseconds", static_cast<std::int64_t>(asked.seconds * 1000)}};
  if (!asked.verdict.because.empty()) detail["because"] = asked.verdict.because;
  if (asked.shadow) detail["shadow"] = true;
  if (is_claim) detail["claim"] = true;
  json::array overrides;
  for (const auto& [name, value] : asked.verdict.overrides) overrides.emplace_back(name);
  if (!overrides.empty()) detail["overrides"] = std::move(overrides);
  if (!asked.undeclared.empty())
    detail["undeclared"] = json::array(asked.undeclared.begin(), asked.undeclared.end());
  about.step = "hook";
  about.outcome = std::string(hooks::to_string(asked.verdict.outcome));
  about.detail = encoding::to_json(detail);
  return about;
}

}  // namespace imprint::provisioning
