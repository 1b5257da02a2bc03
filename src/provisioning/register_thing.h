// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "provisioning/alarm.h"
#include "provisioning/caller.h"
#include "provisioning/ownership_token.h"
#include "provisioning/plan.h"
#include "provisioning/template_cache.h"

namespace imprint::provisioning {

struct RegisterThingRequest {
  TemplateName template_name;
  std::string ownership_token;
  templates::Parameters parameters = {};
};

/// The parameter that names a unit on its label, for searching the audit trail. Fleets spell it so,
/// the mission's template among them.
std::string serial_number_of(const templates::Parameters& parameters);
/// As much of a serial number as the audit trail keeps: 128 bytes, whole characters.
std::string audited_serial_number(std::string_view serial_number);

/// The accepted answer.
struct RegisteredThing {
  CertificateId certificate;
  std::optional<ThingName> thing;    ///< absent when the template has no thing resource
  std::string device_configuration;  ///< JSON object
  bool repeated = false;             ///< the same request had been carried out before
};

/// RegisterThing of the fleet provisioning MQTT API: gather, plan, commit. A repeat of the same
/// request with the same token gets the same answer until the token expires; anything else with a
/// spent token is refused.
class RegisterThing {
 public:
  RegisterThing(registry::Store& store, TemplateCache& templates, const OwnershipTokens& tokens,
                Alarms& alarms, const Current<Settings>& settings, const Clock& clock,
                Random& random)
      : store_(store),
        templates_(templates),
        tokens_(tokens),
        alarms_(alarms),
        settings_(settings),
        clock_(clock),
        random_(random) {}

  registry::Task<Result<RegisteredThing>> run(Caller caller, RegisterThingRequest request);

 private:
  /// The certificate a token stands for, when its caller may register it now.
  registry::Task<Result<registry::Certificate>> owned(Caller caller, std::string token);
  registry::Task<Result<Known>> gather(Caller caller, RegisterThingRequest request,
                                       registry::Certificate certificate);
  /// The version of the caller's own certificate, if it is still active.
  registry::Task<Result<std::int64_t>> check_caller(Caller caller);

  registry::Store& store_;
  TemplateCache& templates_;
  const OwnershipTokens& tokens_;
  Alarms& alarms_;
  const Current<Settings>& settings_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace imprint::provisioning
