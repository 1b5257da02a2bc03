// SPDX-License-Identifier: Apache-2.0
#include "provisioning/pre_provisioning_hook.h"

#include "outcome/causes.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace json = encoding::json;

runtime::Task<HookDecision> ask_pre_provisioning_hook(hooks::Invoker& hooks, std::string arn,
                                                      hooks::FleetEvent event,
                                                      templates::Template parsed,
                                                      hooks::Asker asker) {
  const hooks::Reply reply = co_await hooks.ask(arn, hooks::to_json(event), std::move(asker));
  HookDecision hook{.arn = std::move(arn),
                    .verdict = hooks::fleet_verdict(reply),
                    .seconds = reply.seconds,
                    .shadow = reply.shadow};
  for (const auto& [name, value] : hook.verdict.overrides) {
    // A hook cannot override the parameters that the service supplies, either.
    if (!parsed.parameters().contains(name) || templates::is_predefined(parsed.use(), name))
      hook.undeclared.push_back(name);
  }
  for (const std::string& name : hook.undeclared) hook.verdict.overrides.erase(name);
  co_return hook;
}

templates::Parameters overridden(templates::Parameters parameters, const HookDecision& hook) {
  if (hook.shadow) return parameters;
  for (const auto& [name, value] : hook.verdict.overrides) parameters[name] = value;
  return parameters;
}

Error refusal_of(const HookDecision& hook) {
  const hooks::Outcome outcome = hook.verdict.outcome;
  const bool is_word_of_hook = outcome == hooks::Outcome::denied;
  return {is_word_of_hook ? Fault::forbidden : Fault::unavailable,
          "this device was not allowed to provision",
          {},
          is_word_of_hook                        ? "HookDenied"_cause
          : outcome == hooks::Outcome::timed_out ? "HookTimedOut"_cause
                                                 : "HookFailed"_cause};
}

trail::Outcome outcome_of(hooks::Outcome outcome) {
  switch (outcome) {
    case hooks::Outcome::allowed:
      return trail::Outcome::ok;
    case hooks::Outcome::denied:
      return trail::Outcome::denied;
    case hooks::Outcome::timed_out:
      return trail::Outcome::timed_out;
    case hooks::Outcome::failed:
      break;
  }
  return trail::Outcome::failed;
}

registry::AuditEvent hook_event(const HookDecision& hook, std::string_view template_name,
                                registry::AuditEvent about, bool is_claim) {
  trail::HookAnswer answer{.template_name = std::string(template_name),
                           .hook = hook.arn,
                           .milliseconds = static_cast<std::int64_t>(hook.seconds * 1000),
                           .is_shadow = hook.shadow,
                           .undeclared = {hook.undeclared.begin(), hook.undeclared.end()}};
  for (const auto& [name, value] : hook.verdict.overrides) answer.overrides.push_back(name);
  return trail::record(std::move(about), "hook"_step, outcome_of(hook.verdict.outcome),
                       {.is_of_claim = is_claim, .because = hook.verdict.because}, answer);
}

}  // namespace imprint::provisioning
