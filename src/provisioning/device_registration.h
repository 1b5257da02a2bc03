// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alarms/point_alarms.h"
#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "hooks/hooks.h"
#include "provisioning/gatekeeper.h"
#include "provisioning/plan.h"
#include "provisioning/pre_provisioning_hook.h"
#include "provisioning/template_cache.h"

/// How a device is registered through a template: what RegisterThing and just-in-time provisioning
/// have in common. Each of them says who the device is, with which certificate, and on what its
/// right to register rests.
namespace imprint::provisioning {

/// A template as it is now, with what holds for it.
struct LoadedTemplate {
  TemplateSource source;
  std::int64_t version = 1;
  templates::Template parsed;
  Settings settings;
  std::string hook_arn = {};                          ///< its pre-provisioning hook; empty: none
  std::vector<registry::Require> preconditions = {};  ///< DeviceRequest::preconditions
};

/// A device that is to be registered.
struct DeviceRegistration {
  LoadedTemplate through;
  registry::Certificate certificate;
  Origin origin = Origin::registry;
  templates::Parameters parameters = {};  ///< what the device says
  templates::Predefined predefined;       ///< what its certificate says
  /// The claim, or the CA, that lets it register.
  registry::Require authorised_by;
  std::optional<FleetRequest> fleet = {};  ///< Known::fleet
  hooks::Asker asker;                      ///< on whose behalf the hook is asked
  registry::AuditEvent event;              ///< Known::event
};

/// What a registration will change, once it is committed.
struct PlannedRegistration {
  Known known;
  Plan plan;
};

/// One per use case, any thread.
class DeviceRegistrar {
 public:
  /// `arn_prefix` is what the deployment's ARNs begin with ("arn:aws:iot:r:a:").
  DeviceRegistrar(registry::Store& store, TemplateCache& templates, hooks::Invoker& hooks,
                  alarms::PointAlarms& alarms, const Current<Settings>& settings,
                  std::string arn_prefix, const Clock& clock, Random& random)
      : store_(store),
        templates_(templates),
        hooks_(hooks),
        alarms_(alarms),
        settings_(settings),
        arn_prefix_(std::move(arn_prefix)),
        clock_(clock),
        random_(random) {}

  /// A stored template's default version. Fault::forbidden when it is disabled.
  registry::Task<Result<LoadedTemplate>> load(registry::ProvisioningTemplate stored,
                                              templates::Use use);
  /// The template body in a CA's registration config.
  [[nodiscard]] Result<LoadedTemplate> load(const registry::CaCertificate& ca) const;

  /// Asks the gatekeeper and the template's hook, evaluates the template, gathers what the registry
  /// knows of the names in it, and plans. `hook` keeps the hook's decision between attempts: a
  /// request that loses a race does not ask again, unless the template has changed hooks.
  registry::Task<Result<PlannedRegistration>> plan(DeviceRegistration device,
                                                   std::optional<HookDecision>& hook);
  /// The last of these steps, for resources that no template gave.
  registry::Task<Result<PlannedRegistration>> plan(Known known);

  registry::Task<Result<void>> commit(registry::ChangeSet changes);

 private:
  registry::Task<Result<void>> ask_hook(const DeviceRegistration& device,
                                        const templates::Parameters& overrides,
                                        std::optional<HookDecision>& hook);

  registry::Store& store_;
  TemplateCache& templates_;
  hooks::Invoker& hooks_;
  alarms::PointAlarms& alarms_;
  const Current<Settings>& settings_;
  const std::string arn_prefix_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace imprint::provisioning
