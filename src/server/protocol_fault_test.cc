// SPDX-License-Identifier: Apache-2.0
#include "server/protocol_fault.h"

#include <gtest/gtest.h>

#include "outcome/causes.h"

namespace imprint::server {
namespace {

using mqtt::CloseReason;
using mqtt::ReasonCode;

TEST(ProtocolFault, HasACauseIfTheClientIsToBlame) {
  const struct {
    CloseReason reason;
    ReasonCode code;
    Cause cause;
  } rows[] = {
      {CloseReason::limit_exceeded, ReasonCode::receive_maximum_exceeded, "TooManyInFlight"_cause},
      {CloseReason::limit_exceeded, ReasonCode::quota_exceeded, "QuotaExceeded"_cause},
      {CloseReason::limit_exceeded, ReasonCode::packet_too_large, "PacketTooLarge"_cause},
      {CloseReason::protocol_error, ReasonCode::topic_alias_invalid, "TopicAlias"_cause},
      {CloseReason::protocol_error, ReasonCode::protocol_error, "ProtocolError"_cause},
      {CloseReason::host_disconnected, ReasonCode::message_rate_too_high, "TooManyRequests"_cause},
      {CloseReason::slow_reader, ReasonCode::success, "SlowReader"_cause},
      {CloseReason::not_mqtt, ReasonCode::malformed_packet, "NotMqtt"_cause},
      // Caused by the network or by the server.
      {CloseReason::host_disconnected, ReasonCode::session_taken_over, {}},
      {CloseReason::connection_lost, ReasonCode::success, {}},
      {CloseReason::keep_alive_timeout, ReasonCode::keep_alive_timeout, {}},
  };
  for (const auto& row : rows) {
    const mqtt::Close close{.reason = row.reason, .code = row.code, .detail = {}, .will = {}};
    EXPECT_EQ(name_of(fault_of(close)), name_of(row.cause)) << to_string(row.reason);
  }
}

}  // namespace
}  // namespace imprint::server
