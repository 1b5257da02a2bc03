// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/cause.h"
#include "mqtt/server_session.h"

namespace imprint::server {

/// What a client did that ended its connection or nothing when the network, the
/// client itself or something else of the server's ended it.
Cause fault_of(const mqtt::Close& close);

}  // namespace imprint::server
