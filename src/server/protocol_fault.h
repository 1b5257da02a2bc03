// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/cause.h"
#include "mqtt/server_session.h"

namespace imprint::server {

/// The protocol fault of the client that ended the connection. None if the network, the client
/// itself, or the server for another reason ended it.
Cause fault_of(const mqtt::Close& close);

}  // namespace imprint::server
