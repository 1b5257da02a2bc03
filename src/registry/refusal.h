// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "registry/records.h"

namespace imprint::registry {

/// Why a device was refused or cut: `cause` in the detail of its event, by which `imprint explain`
/// chooses what to advise. Provisioning requests have the codes of provisioning/caller.h there,
/// handshakes that came to no agreement those of server/tls_failure.h.
namespace cause {
// Its certificate.
inline constexpr std::string_view kExpired = "CertificateExpired";
inline constexpr std::string_view kNotYetValid = "CertificateNotYetValid";
inline constexpr std::string_view kOutOfUse = "CertificateOutOfUse";  ///< its status is not ACTIVE
inline constexpr std::string_view kDeleted = "CertificateDeleted";
inline constexpr std::string_view kKeyNotAccepted = "KeyNotAccepted";
inline constexpr std::string_view kSignatureNotAccepted = "SignatureNotAccepted";
/// It, or one that was sent along, does not fit: purpose, path length, an intermediate's end.
inline constexpr std::string_view kChainNotAccepted = "ChainNotAccepted";
inline constexpr std::string_view kCaNotInUse = "CaNotInUse";  ///< INACTIVE, ended, introduces none
// Its policies.
inline constexpr std::string_view kNoPolicy = "NoPolicy";
inline constexpr std::string_view kPolicyDenies = "PolicyDenies";
inline constexpr std::string_view kNoStatement = "NoStatement";  ///< none allows the action there
inline constexpr std::string_view kNoValue = "VariableWithoutValue";
inline constexpr std::string_view kCondition = "ConditionNotMet";
// What it asks for.
inline constexpr std::string_view kReservedTopic = "ReservedTopic";  ///< no policy opens it
inline constexpr std::string_view kWill = "LastWill";
inline constexpr std::string_view kRetain = "Retain";
// How it speaks MQTT.
inline constexpr std::string_view kNotMqtt = "NotMqtt";
inline constexpr std::string_view kProtocolVersion = "ProtocolVersion";
inline constexpr std::string_view kClientId = "ClientIdNotValid";
inline constexpr std::string_view kAuthentication = "EnhancedAuthentication";
inline constexpr std::string_view kMaximumPacketSize = "MaximumPacketSize";
inline constexpr std::string_view kQos = "QosNotSupported";
inline constexpr std::string_view kTooLarge = "PacketTooLarge";
inline constexpr std::string_view kTopic = "TopicNotValid";
inline constexpr std::string_view kQuota = "QuotaExceeded";
inline constexpr std::string_view kInFlight = "TooManyInFlight";
inline constexpr std::string_view kTopicAlias = "TopicAlias";
inline constexpr std::string_view kSubscriptionId = "SubscriptionIdentifier";
inline constexpr std::string_view kMalformed = "MalformedPacket";
inline constexpr std::string_view kProtocol = "ProtocolError";
inline constexpr std::string_view kSlowReader = "SlowReader";
inline constexpr std::string_view kTooFast = "TooManyRequests";
// The server.
inline constexpr std::string_view kNoDecision = "NoDecision";
// Not a device at the REST port.
inline constexpr std::string_view kMqttAtRestPort = "MqttAtRestPort";
}  // namespace cause

/// Why a device was refused: the failure category (telemetry/failure_category.h) in the detail of
/// an event with the outcome "rejected", "denied" or "failed". Empty for every other event, and for
/// what is denied to a device that was let in before.
std::string refusal_category(const AuditEvent& event);

}  // namespace imprint::registry
