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

/// How a device is registered through a template: the common part of RegisterThing and just-in-time
/// provisioning. They supply the device, its certificate and the record that authorises it.
namespace imprint::provisioning {

/// The current version of a template, and the settings in force for it.
struct LoadedTemplate {
  TemplateSource source;
  std::int64_t version = 1;
  templates::Template parsed;
  Settings settings;
  std::string hook_arn = {};                          ///< its pre-provisioning hook; empty: none
  std::vector<registry::Require> preconditions = {};  ///< DeviceRequest::preconditions
};

/// A device to register.
struct DeviceRegistration {
  LoadedTemplate through;
  registry::Certificate certificate;
  Origin origin = Origin::registry;
  templates::Parameters parameters = {};  ///< sent by the device
  templates::Predefined predefined;       ///< from its certificate
  /// The claim or the CA that authorises it.
  registry::Require authorised_by;
  std::optional<FleetRequest> fleet = {};  ///< Known::fleet
  hooks::Asker asker;                      ///< on whose behalf the hook is called
  registry::AuditEvent event;              ///< Known::event
};

/// A registration that is planned and not yet committed.
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

  /// Asks the gatekeeper and the template's hook, evaluates the template, reads the records that it
  /// names, and plans the changes. `hook` keeps the hook's decision between attempts: after a lost
  /// race the hook is not called again, unless the template now names another hook.
  registry::Task<Result<PlannedRegistration>> plan(DeviceRegistration device,
                                                   std::optional<HookDecision>& hook);
  /// Only plans the changes, for resources that do not come from a template.
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
