// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "control_api/event_detail.h"

/// What to do about a refusal, by the cause in its event: what an operator or the firmware changes.
/// Empty for causes that need more than their name (standing.cc), and for those of tomorrow.
namespace imprint::control_api {

/// Of a provisioning request that was rejected.
std::string_view remedy_of_request(const EventDetail& detail);
/// Of a device that its CA introduced, which sends no request.
std::string_view remedy_of_first_connection(const EventDetail& detail);
/// Of a handshake, a CONNECT, a topic that was denied, and of a connection that was cut for how its
/// client speaks MQTT.
std::string_view remedy_of_denial(const EventDetail& detail);

}  // namespace imprint::control_api
