// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "alarms/point_alarms.h"
#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "provisioning/caller.h"
#include "provisioning/claim_guard.h"
#include "provisioning/device_registration.h"
#include "provisioning/ownership_token.h"

namespace imprint::provisioning {

struct RegisterThingRequest {
  TemplateName template_name;
  std::string ownership_token;
  templates::Parameters parameters = {};
};

/// The parameter with the serial number on a unit's label, by which the audit trail is searched and
/// claims are limited, unless the template's setting `serial-parameter` names another.
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

struct RegisterThingOutcome {
  Result<RegisteredThing> result;
  /// What the template's hook decided. On record already when the device is registered; otherwise
  /// it is for the caller to record.
  std::optional<HookDecision> hook = {};
  std::string serial_number = {};  ///< that was sent, as the audit trail keeps it
};

/// RegisterThing of the fleet provisioning MQTT API, by a device that owns the certificate which a
/// create operation made for it. A repeat of the same request with the same token gets the same
/// answer until the token expires, and no hook is asked for it; anything else with a spent token is
/// refused.
class RegisterThing {
 public:
  RegisterThing(registry::Store& store, TemplateCache& templates, const OwnershipTokens& tokens,
                ClaimGuard& claims, hooks::Invoker& hooks, alarms::PointAlarms& alarms,
                const Current<Settings>& settings, std::string arn_prefix, const Clock& clock,
                Random& random)
      : store_(store),
        tokens_(tokens),
        claims_(claims),
        clock_(clock),
        registrar_(store, templates, hooks, alarms, settings, std::move(arn_prefix), clock,
                   random) {}

  registry::Task<RegisterThingOutcome> run(Caller caller, RegisterThingRequest request);

 private:
  /// A request and what is known of it from one attempt to the next.
  struct RequestState {
    Caller caller;
    RegisterThingRequest request;
    Sha256 digest;  ///< of the request as the device sent it
    std::optional<HookDecision> hook = {};
    std::string serial_number = {};  ///< RegisterThingOutcome::serial_number
  };

  registry::Task<Result<RegisteredThing>> attempt(RequestState& state, int number);
  /// The certificate that the token stands for, if its caller may register it now.
  registry::Task<Result<registry::Certificate>> owned_certificate(Caller caller, std::string token);
  registry::Task<Result<LoadedTemplate>> load_template(TemplateName name);
  /// The caller's certificate, if its budget lets this device register.
  registry::Task<Result<registry::Certificate>> admit_claim(
      RequestState& state, const LoadedTemplate& through, const registry::Certificate& certificate,
      int number);

  registry::Store& store_;
  const OwnershipTokens& tokens_;
  ClaimGuard& claims_;
  const Clock& clock_;
  DeviceRegistrar registrar_;
};

}  // namespace imprint::provisioning
