// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "alarms/point_alarms.h"
#include "base/clock.h"
#include "base/random.h"
#include "device_api/provisioning_api.h"
#include "identity/access_control.h"
#include "identity/certificate_directory.h"
#include "mqtt/limits.h"
#include "provisioning/just_in_time.h"
#include "registry/store.h"
#include "server/client_directory.h"
#include "server/journal.h"
#include "server/presence.h"
#include "server/retained_store.h"
#include "server/session_accounts.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace imprint::server {

/// Bounds on the resources that all clients together can use.
struct ConnectionLimits {
  std::size_t connections = 100'000;
  std::size_t connections_per_address = 10'000;
  std::size_t handshakes = 1'000;  ///< in progress at the same time; further ones evict the oldest
  std::size_t sessions = 1'000'000;  ///< persistent sessions without a connection
};

/// What every shard uses and none owns. Made by the wiring, outlives the shards, thread-safe.
struct Services {
  const Clock& clock;
  Random& random;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  registry::Store& store;
  identity::CertificateDirectory& directory;
  identity::AccessControl& access;
  device_api::ProvisioningApi& provisioning;
  provisioning::JustInTime& just_in_time;
  Journal& journal;
  alarms::PointAlarms& alarms;
  PresenceWatch& presence;
  ClientDirectory& clients;
  RetainedStore& retained;
  SessionAccounts& accounts;
  std::string account;
  std::vector<std::string> endpoints;  ///< as the configuration spells them; at least one
  mqtt::Limits mqtt = {};
  ConnectionLimits limits = {};
};

}  // namespace imprint::server
