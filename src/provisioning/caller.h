// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/certificate_id.h"
#include "base/name.h"

namespace imprint::provisioning {

/// Who asks: the connection's certificate, as the registry knows it.
struct Caller {
  CertificateId certificate;
  std::string client_id = {};
  std::string correlation = {};  ///< one for all steps of a connection, in every event
  std::string source_ip = {};
};

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
/// The thing belongs to another key that is in use: on the wire, a conflict like any other.
inline constexpr std::string_view kDuplicateDevice = "DuplicateDevice";
inline constexpr std::string_view kInternalError = "InternalError";
}  // namespace code

}  // namespace imprint::provisioning
