// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "provisioning/just_in_time.h"
#include "server/client_record.h"

namespace imprint::server {

/// The request for just-in-time provisioning if the certificate is not registered, or waits for its
/// activation, and a registered CA vouches for it. Empty for every other client.
std::optional<provisioning::FirstConnection> first_connection(
    const Peer& peer, const Result<identity::PrincipalPtr>& principal);

/// Registers and provisions the device before its CONNECT is answered, and records the outcome. An
/// error is the answer to the CONNECT.
runtime::Task<Result<void>> provision_first_connection(Shard& shard, SessionAddress connection,
                                                       Requester requester,
                                                       provisioning::FirstConnection first);

}  // namespace imprint::server
