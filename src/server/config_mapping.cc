// SPDX-License-Identifier: Apache-2.0
#include "server/config_mapping.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <fmt/ranges.h>
#include <thread>

#include "encoding/text.h"

namespace imprint::server {

std::vector<std::string> endpoints_of(const deployment::Config& config) {
  return config.endpoints.empty() ? std::vector<std::string>{"localhost"} : config.endpoints;
}

TlsStacks to_stacks(const deployment::Config& config) {
  return config.listen.old_tls ? TlsStacks::old_too : TlsStacks::current;
}

Result<boost::asio::ip::tcp::endpoint> to_address(const deployment::ListenAddress& listen) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(listen.address, error);
  if (error)
    return fail(Fault::invalid, "{} is not an address to listen on", quote(listen.address));
  return boost::asio::ip::tcp::endpoint(address, listen.port);
}

provisioning::Settings to_settings(const deployment::Config& config) {
  return {.reprovision = config.templates.reprovision,
          .jitp = config.templates.jitp,
          .fleet_limit = static_cast<std::int64_t>(config.templates.fleet_limit),
          .key_algorithm = config.templates.key_algorithm,
          .certificate_validity = config.templates.certificate_validity,
          .rules = {.allowlist = config.templates.allowlist},
          .token_lifetime = config.templates.token_lifetime,
          .pending_certificates = config.limits.pending_certificates,
          .new_places = config.alarms.enabled ? config.alarms.claim_new_place
                                              : alarms::NewPlaceOptions{.enabled = false}};
}

std::string keys_needing_restart(deployment::Config running, deployment::Config next) {
  running.limits.pending_certificates = next.limits.pending_certificates;
  running.limits.audit_events = next.limits.audit_events;
  std::vector<std::string_view> names;
  const auto note = [&](bool differs, std::string_view name) {
    if (differs) names.push_back(name);
  };
  note(running.account_id != next.account_id, "account-id");
  note(running.region != next.region, "region");
  note(running.endpoints != next.endpoints, "endpoints");
  note(running.listen != next.listen, "[listen]");
  note(running.templates.key_algorithm != next.templates.key_algorithm, "templates.key-algorithm");
  note(running.certificates.key_pool_size != next.certificates.key_pool_size,
       "certificates.key-pool-size");
  note(running.limits != next.limits, "[limits]");
  note(running.audit != next.audit, "[audit]");
  note(running.log.format != next.log.format, "log.format");
  note(running.hooks != next.hooks, "[[hook]]");
  return fmt::format("{}", fmt::join(names, ", "));
}

mqtt::Limits to_mqtt_limits(const deployment::Config::Limits& limits) {
  mqtt::Limits out;
  out.queue_messages = limits.session_queue_messages;
  out.queue_bytes = limits.session_queue_bytes;
  return out;
}

SessionAccounts::Bounds to_account_bounds(const deployment::Config::Limits& limits) {
  return {.bytes = limits.queued_bytes,
          .bytes_per_certificate = limits.queued_bytes_per_certificate,
          .sessions_per_certificate = limits.sessions_per_certificate};
}

ConnectionLimits to_connection_limits(const deployment::Config::Limits& limits,
                                      const Descriptors& descriptors) {
  return {descriptors.devices, descriptors.devices_per_address, limits.handshakes, limits.sessions};
}

std::uint16_t shard_count(unsigned wanted) {
  constexpr unsigned kMaxShards = 256;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return static_cast<std::uint16_t>(std::min(wanted == 0 ? cores : wanted, kMaxShards));
}

}  // namespace imprint::server
