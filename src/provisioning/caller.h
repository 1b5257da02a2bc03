// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/certificate_id.h"
#include "base/name.h"
#include "base/result.h"
#include "runtime/task.h"

namespace imprint::provisioning {

/// Who asks: the connection's certificate, as the registry knows it.
struct Caller {
  CertificateId certificate;
  std::string client_id = {};
  std::string correlation = {};  ///< one for all steps of a connection, in every event
  std::string source_ip = {};
  /// Whether its policies still let it ask for this. Absent: nothing but its certificate decides.
  std::function<runtime::Task<Result<void>>()> may_still = {};
};

/// For a request that has waited, for a hook or a key, since it was let in: AccessDenied where the
/// right to make it has been taken away meanwhile.
runtime::Task<Result<void>> check_still_allowed(Caller caller);

/// Error codes of the provisioning API's rejected payloads (AWS IoT, fleet provisioning MQTT API;
/// those AWS does not document are decided in docs/compatibility.md).
namespace code {
inline constexpr std::string_view kInvalidToken = "InvalidCertificateOwnershipToken";
inline constexpr std::string_view kInvalidParameters = "InvalidParameters";
inline constexpr std::string_view kInvalidPayload = "InvalidPayload";
inline constexpr std::string_view kInvalidCsr = "InvalidCsr";
inline constexpr std::string_view kResourceNotFound = "ResourceNotFound";
inline constexpr std::string_view kTemplateDisabled = "TemplateDisabled";
inline constexpr std::string_view kResourceConflicts = "ResourceConflicts";
inline constexpr std::string_view kRegistrationFailure = "ResourceRegistrationFailure";
inline constexpr std::string_view kAccessDenied = "AccessDenied";
inline constexpr std::string_view kThrottled = "Throttled";
inline constexpr std::string_view kInternalError = "InternalError";

// Narrower, for counting and for alarms; whoever asks sees what on_the_wire() says.
inline constexpr std::string_view kDuplicateDevice = "DuplicateDevice";  ///< another key in use
// Of the gatekeeper: which rule a unit did not meet.
inline constexpr std::string_view kNotListed = "NotListed";
inline constexpr std::string_view kBlocked = "Blocked";  ///< by its entry in the list
inline constexpr std::string_view kListedForAnother = "ListedForAnotherTemplate";
inline constexpr std::string_view kListMissing = "ListMissing";  ///< named, and not there
inline constexpr std::string_view kNoListAttached = "NoListAttached";
inline constexpr std::string_view kListValueMissing = "ListValueMissing";
inline constexpr std::string_view kSerialMissing = "SerialMissing";  ///< the device sent none
inline constexpr std::string_view kParameterRefused = "ParameterRefused";
// Of the connection itself.
inline constexpr std::string_view kClientIdTaken = "ClientIdTaken";
/// By the setting jitp = aws, after the device was provisioned.
inline constexpr std::string_view kFirstConnectionDropped = "FirstConnectionDropped";
inline constexpr std::string_view kClaimRefused = "ClaimRefused";
inline constexpr std::string_view kKeyRefused = "KeyRefused";  ///< out of service (standing.h)
inline constexpr std::string_view kHookDenied = "HookDenied";
inline constexpr std::string_view kHookFailed = "HookFailed";
inline constexpr std::string_view kHookTimedOut = "HookTimedOut";
/// Of the parameters that a hook put in the place of a device's own.
inline constexpr std::string_view kHookOverride = "HookOverride";
inline constexpr std::string_view kTypeDeprecated = "ThingTypeDeprecated";
inline constexpr std::string_view kLimitReached = "LimitReached";  ///< of the template

/// The code that a device or a client sees in place of a narrower one.
std::string_view on_the_wire(std::string_view code);
}  // namespace code

}  // namespace imprint::provisioning
