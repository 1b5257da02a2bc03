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
/// The part of a serial number that the audit trail keeps: whole characters, at most 128 bytes.
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
  /// The decision of the template's hook. Recorded already if the device was registered; otherwise
  /// the caller must record it.
  std::optional<HookDecision> hook = {};
  std::string serial_number = {};  ///< as the audit trail keeps it
};

/// RegisterThing of the fleet provisioning MQTT API: registers a device with the certificate that a
/// create operation issued to it. Until the token expires, a repeat of the same request gets the
/// same answer without calling a hook; any other request with a used token is refused.
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
  /// A request and the state that is kept between attempts.
  struct RequestState {
    Caller caller;
    RegisterThingRequest request;
    Sha256 digest;  ///< of the request as the device sent it
    std::optional<HookDecision> hook = {};
    std::string serial_number = {};  ///< RegisterThingOutcome::serial_number
  };

  registry::Task<Result<RegisteredThing>> attempt(RequestState& state, int number);
  /// The certificate that the token belongs to, if the caller may register it now.
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
