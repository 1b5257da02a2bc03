// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "deployment/config.h"
#include "mqtt/limits.h"
#include "provisioning/settings.h"
#include "server/descriptors.h"
#include "server/services.h"
#include "server/tls_context.h"

/// Maps imprint.toml to the settings of each part.
namespace imprint::server {

/// The host names under which devices reach the server; at least one.
std::vector<std::string> endpoints_of(const deployment::Config& config);
std::uint16_t shard_count(unsigned wanted);
Result<boost::asio::ip::tcp::endpoint> to_address(const deployment::ListenAddress& listen);
TlsStacks to_stacks(const deployment::Config& config);
provisioning::Settings to_settings(const deployment::Config& config);
mqtt::Limits to_mqtt_limits(const deployment::Config::Limits& limits);
SessionAccounts::Bounds to_account_bounds(const deployment::Config::Limits& limits);
ConnectionLimits to_connection_limits(const deployment::Config::Limits& limits,
                                      const Descriptors& descriptors);

/// The changed keys that take effect only at the next start, as a readable list; empty if there are
/// none.
std::string keys_needing_restart(deployment::Config running, deployment::Config next);

}  // namespace imprint::server
