// SPDX-License-Identifier: Apache-2.0
#include "server/protocol_fault.h"

#include <algorithm>
#include <array>

#include "registry/refusal.h"

namespace imprint::server {

namespace {

namespace cause = registry::cause;
using mqtt::CloseReason;
using mqtt::ReasonCode;

struct FaultRow {
  ReasonCode code;
  std::string_view cause;
};
constexpr std::array kFaults = {
    FaultRow{ReasonCode::unsupported_protocol_version, cause::kProtocolVersion},
    FaultRow{ReasonCode::client_identifier_not_valid, cause::kClientId},
    FaultRow{ReasonCode::bad_authentication_method, cause::kAuthentication},
    FaultRow{ReasonCode::unspecified_error, cause::kMaximumPacketSize},  // of a CONNECT
    FaultRow{ReasonCode::server_unavailable, cause::kNoDecision},
    FaultRow{ReasonCode::qos_not_supported, cause::kQos},
    FaultRow{ReasonCode::packet_too_large, cause::kTooLarge},
    FaultRow{ReasonCode::topic_name_invalid, cause::kTopic},
    FaultRow{ReasonCode::topic_filter_invalid, cause::kTopic},
    FaultRow{ReasonCode::quota_exceeded, cause::kQuota},
    FaultRow{ReasonCode::receive_maximum_exceeded, cause::kInFlight},
    FaultRow{ReasonCode::topic_alias_invalid, cause::kTopicAlias},
    FaultRow{ReasonCode::subscription_identifiers_not_supported, cause::kSubscriptionId},
    FaultRow{ReasonCode::malformed_packet, cause::kMalformed},
};

}  // namespace

std::string_view fault_of(const mqtt::Close& close) {
  switch (close.reason) {
    case CloseReason::not_mqtt:
      return cause::kNotMqtt;
    case CloseReason::slow_reader:
      return cause::kSlowReader;
    case CloseReason::host_disconnected:
      return close.code == ReasonCode::message_rate_too_high ? cause::kTooFast : std::string_view();
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
  return row == kFaults.end() ? cause::kProtocol : row->cause;
}

}  // namespace imprint::server
