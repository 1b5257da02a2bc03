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

/// What imprint.toml says, in the terms of each part.
namespace imprint::server {

/// The names that devices reach the server by; at least one.
std::vector<std::string> endpoints_of(const deployment::Config& config);
std::uint16_t shard_count(unsigned wanted);
Result<boost::asio::ip::tcp::endpoint> to_address(const deployment::ListenAddress& listen);
TlsStacks to_stacks(const deployment::Config& config);
provisioning::Settings to_settings(const deployment::Config& config);
mqtt::Limits to_mqtt_limits(const deployment::Config::Limits& limits);
SessionAccounts::Bounds to_account_bounds(const deployment::Config::Limits& limits);
ConnectionLimits to_connection_limits(const deployment::Config::Limits& limits,
                                      const Descriptors& descriptors);

/// The keys that differ and take effect only at a start, for people; empty for none.
std::string waiting_for_start(deployment::Config running, deployment::Config next);

}  // namespace imprint::server
