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

/// The hook of a template (AWS IoT, pre-provisioning hooks): decides whether a device may register,
/// after the gatekeeper and before the template is evaluated. For a CA without a template, see
/// activation_hook.h.
namespace imprint::provisioning {

/// The hook's decision about one request.
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

/// The part of a decision that the metrics count.
struct HookCount {
  hooks::Outcome outcome = hooks::Outcome::allowed;
  bool shadow = false;
  double seconds = 0;
};

/// Calls the hook. Overrides that the template does not declare go to `undeclared`.
runtime::Task<HookDecision> ask_pre_provisioning_hook(hooks::Invoker& hooks, std::string arn,
                                                      hooks::FleetEvent event,
                                                      templates::Template parsed,
                                                      hooks::Asker asker);

/// The request's parameters after the hook's overrides. Evaluating the template checks them like
/// those of the device.
templates::Parameters overridden(templates::Parameters parameters, const HookDecision& hook);

/// The answer to the device: AccessDenied, without anything from the hook's answer. A denial is
/// final; after a failure or a timeout, the device may try again.
Error refusal_of(const HookDecision& hook);

trail::Outcome outcome_of(hooks::Outcome outcome);

/// The step "hook" of the audit trail: its outcome is the verdict's, its detail has the reason.
/// `about` has the actor, the time and the device; `is_claim`: its certificate is a claim's.
registry::AuditEvent hook_event(const HookDecision& hook, std::string_view template_name,
                                registry::AuditEvent about, bool is_claim = false);

}  // namespace imprint::provisioning
