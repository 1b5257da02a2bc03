// SPDX-License-Identifier: Apache-2.0
#include "mqtt/connection.h"

namespace imprint::mqtt {

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::peer_disconnected:
      return "peer disconnected";
    case CloseReason::connection_lost:
      return "connection lost";
    case CloseReason::not_mqtt:
      return "not MQTT";
    case CloseReason::malformed_packet:
      return "malformed packet";
    case CloseReason::protocol_error:
      return "protocol error";
    case CloseReason::not_supported:
      return "not supported";
    case CloseReason::limit_exceeded:
      return "limit exceeded";
    case CloseReason::refused:
      return "refused";
    case CloseReason::connect_timeout:
      return "connect timeout";
    case CloseReason::packet_timeout:
      return "packet timeout";
    case CloseReason::keep_alive_timeout:
      return "keep alive timeout";
    case CloseReason::slow_reader:
      return "slow reader";
    case CloseReason::host_disconnected:
      return "host disconnected";
  }
  return "unknown";
}

CloseReason close_reason(ReasonCode code) {
  switch (code) {
    case ReasonCode::malformed_packet:
      return CloseReason::malformed_packet;
    case ReasonCode::packet_too_large:
    case ReasonCode::quota_exceeded:
    case ReasonCode::receive_maximum_exceeded:
    case ReasonCode::topic_alias_invalid:
      return CloseReason::limit_exceeded;
    case ReasonCode::qos_not_supported:
    case ReasonCode::subscription_identifiers_not_supported:
    case ReasonCode::unsupported_protocol_version:
      return CloseReason::not_supported;
    default:
      return CloseReason::protocol_error;
  }
}

}  // namespace imprint::mqtt
