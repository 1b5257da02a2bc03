// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hooks/hooks.h"
#include "provisioning/caller.h"
#include "registry/records.h"
#include "runtime/task.h"
#include "templates/template.h"
#include "trail/event.h"

/// The hook of a template (AWS IoT, pre-provisioning hooks): asked whether a device may register,
/// after the gatekeeper and before the template is evaluated. activation_hook.h has the hook of a
/// CA without a template.
namespace imprint::provisioning {

/// What it decided.
struct HookDecision {
  std::string arn;
  hooks::Verdict verdict;
  double seconds = 0;
  bool shadow = false;  ///< it is recorded and has no effect
  /// Overrides of parameters that the template does not declare: they have no effect.
  std::vector<std::string> undeclared = {};

  [[nodiscard]] bool refuses() const {
    return !shadow && verdict.outcome != hooks::Outcome::allowed;
  }
  [[nodiscard]] bool has_overrides() const { return !shadow && !verdict.overrides.empty(); }
};

/// As the metrics count it.
struct HookCount {
  hooks::Outcome outcome = hooks::Outcome::allowed;
  bool shadow = false;
  double seconds = 0;
};

/// Asks; overrides that the template does not declare go to `undeclared`.
runtime::Task<HookDecision> ask_pre_provisioning_hook(hooks::Invoker& hooks, std::string arn,
                                                      hooks::FleetEvent event,
                                                      templates::Template parsed,
                                                      hooks::Asker asker);

/// The request's parameters with the overrides in their place; they are checked like a device's own
/// when the template is evaluated.
templates::Parameters overridden(templates::Parameters parameters, const HookDecision& hook);

/// The answer to a device: AccessDenied and nothing of what the hook said. A denial is final, a
/// hook that failed or kept silent may be asked again.
Error refusal_of(const HookDecision& hook);

trail::Outcome outcome_of(hooks::Outcome outcome);

/// The step "hook" of the audit trail: its outcome is the verdict's, its detail has the reason.
/// `about` says who asked, when and for which device; `is_claim`: its certificate is a claim's.
registry::AuditEvent hook_event(const HookDecision& hook, std::string_view template_name,
                                registry::AuditEvent about, bool is_claim = false);

}  // namespace imprint::provisioning
