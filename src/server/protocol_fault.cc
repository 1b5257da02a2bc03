// SPDX-License-Identifier: Apache-2.0
#include "server/protocol_fault.h"

#include <algorithm>
#include <array>

#include "outcome/causes.h"

namespace imprint::server {

namespace {

using mqtt::CloseReason;
using mqtt::ReasonCode;

struct FaultRow {
  ReasonCode code;
  Cause cause;
};
constexpr std::array kFaults = {
    FaultRow{ReasonCode::unsupported_protocol_version, "ProtocolVersion"_cause},
    FaultRow{ReasonCode::client_identifier_not_valid, "ClientIdNotValid"_cause},
    FaultRow{ReasonCode::bad_authentication_method, "EnhancedAuthentication"_cause},
    FaultRow{ReasonCode::unspecified_error, "MaximumPacketSize"_cause},  // of a CONNECT
    FaultRow{ReasonCode::server_unavailable, "NoDecision"_cause},
    FaultRow{ReasonCode::qos_not_supported, "QosNotSupported"_cause},
    FaultRow{ReasonCode::packet_too_large, "PacketTooLarge"_cause},
    FaultRow{ReasonCode::topic_name_invalid, "TopicNotValid"_cause},
    FaultRow{ReasonCode::topic_filter_invalid, "TopicNotValid"_cause},
    FaultRow{ReasonCode::quota_exceeded, "QuotaExceeded"_cause},
    FaultRow{ReasonCode::receive_maximum_exceeded, "TooManyInFlight"_cause},
    FaultRow{ReasonCode::topic_alias_invalid, "TopicAlias"_cause},
    FaultRow{ReasonCode::subscription_identifiers_not_supported, "SubscriptionIdentifier"_cause},
    FaultRow{ReasonCode::malformed_packet, "MalformedPacket"_cause},
};

}  // namespace

Cause fault_of(const mqtt::Close& close) {
  switch (close.reason) {
    case CloseReason::not_mqtt:
      return "NotMqtt"_cause;
    case CloseReason::slow_reader:
      return "SlowReader"_cause;
    case CloseReason::host_disconnected:
      return close.code == ReasonCode::message_rate_too_high ? "TooManyRequests"_cause : Cause();
    case CloseReason::peer_disconnected:
    case CloseReason::connection_lost:
    case CloseReason::connect_timeout:
    case CloseReason::packet_timeout:
    case CloseReason::keep_alive_timeout:
      return {};
    case CloseReason::malformed_packet:
    case CloseReason::protocol_error:
    case CloseReason::not_supported:
    case CloseReason::limit_exceeded:
    case CloseReason::refused:
      break;
  }
  const auto* row = std::ranges::find(kFaults, close.code, &FaultRow::code);
  return row == kFaults.end() ? "ProtocolError"_cause : row->cause;
}

}  // namespace imprint::server
