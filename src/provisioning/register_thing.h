// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "alarms/point_alarms.h"
#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "provisioning/caller.h"
#include "provisioning/claim_guard.h"
#include "provisioning/gatekeeper.h"
#include "provisioning/ownership_token.h"
#include "provisioning/plan.h"
#include "provisioning/pre_provisioning_hook.h"
#include "provisioning/template_cache.h"

namespace imprint::provisioning {

struct RegisterThingRequest {
  TemplateName template_name;
  std::string ownership_token;
  templates::Parameters parameters = {};
};

/// The parameter that names a unit on its label, for searching the audit trail and for budgets of
/// claims: what the template's setting `serial-parameter` says. Fleets spell it so, the mission's
/// template among them.
inline constexpr std::string_view kSerialNumberParameter = "SerialNumber";
std::string serial_number_of(const templates::Parameters& parameters, std::string_view parameter);
/// As much of a serial number as the audit trail keeps: 128 bytes, whole characters.
std::string audited_serial_number(std::string_view serial_number);

/// The accepted answer.
struct RegisteredThing {
  CertificateId certificate;
  std::optional<ThingName> thing;    ///< absent when the template has no thing resource
  std::string device_configuration;  ///< JSON object
  bool repeated = false;             ///< the same request had been carried out before
};

/// What a request came to, and what its template's hook had to do with it.
struct RegisterThingOutcome {
  Result<RegisteredThing> result;
  std::optional<HookDecision> hook = {};
  std::string serial_number = {};  ///< that was sent, as the audit trail keeps it
};

/// RegisterThing of the fleet provisioning MQTT API: gather, ask the gatekeeper and the template's
/// hook, plan, commit. A repeat of the same request with the same token gets the same answer until
/// the token expires, and no hook is asked for it; anything else with a spent token is refused.
class RegisterThing {
 public:
  RegisterThing(registry::Store& store, TemplateCache& templates, const OwnershipTokens& tokens,
                ClaimGuard& claims, hooks::Invoker& hooks, alarms::PointAlarms& alarms,
                const Current<Settings>& settings, std::string arn_prefix, const Clock& clock,
                Random& random)
      : store_(store),
        templates_(templates),
        tokens_(tokens),
        claims_(claims),
        hooks_(hooks),
        alarms_(alarms),
        settings_(settings),
        arn_prefix_(std::move(arn_prefix)),
        clock_(clock),
        random_(random) {}

  /// With the hook's part in it already recorded when the device is registered; otherwise it is for
  /// the caller to record.
  registry::Task<RegisterThingOutcome> run(Caller caller, RegisterThingRequest request);

 private:
  /// The template that a request names, if its rules let the device in, and who asks.
  struct Chosen {
    registry::ProvisioningTemplate record;
    templates::Template parsed;
    registry::Certificate claim;
    Settings settings;
    Admission admission;
  };
  /// One request, through its races.
  struct Attempt {
    Caller caller;
    RegisterThingRequest request;
    Sha256 digest;  ///< of the request as the device sent it
    std::optional<HookDecision> hook = {};
    std::string serial_number = {};  ///< as for the audit trail
  };

  registry::Task<Result<RegisteredThing>> attempt(Attempt& attempt, int number);
  /// The `number`th attempt at it.
  registry::Task<Result<Chosen>> choose(Attempt& attempt, const registry::Certificate& certificate,
                                        int number);
  registry::Task<HookDecision> ask(const Attempt& attempt, const registry::Certificate& certificate,
                                   const Chosen& chosen);
  /// The certificate a token stands for, when its caller may register it now.
  registry::Task<Result<registry::Certificate>> owned(Caller caller, std::string token);
  registry::Task<Result<Known>> gather(const Attempt& attempt, registry::Certificate certificate,
                                       Chosen chosen);

  registry::Store& store_;
  TemplateCache& templates_;
  const OwnershipTokens& tokens_;
  ClaimGuard& claims_;
  hooks::Invoker& hooks_;
  alarms::PointAlarms& alarms_;
  const Current<Settings>& settings_;
  std::string arn_prefix_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace imprint::provisioning
