// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "alarms/rules.h"
#include "monitoring/channel.h"
#include "x509/certificate.h"

namespace imprint::server {

class Shard;

/// What the monitor needs from the server: disk space, expiry dates, and a way to publish to
/// subscribers.

/// The space of the file system that contains a directory.
Result<alarms::DiskSpace> space_at(const std::filesystem::path& directory);

/// When the listeners' certificate, the issuing CA and the root expire.
std::vector<alarms::WatchedCertificate> own_expiries(const x509::Certificate& server,
                                                     const x509::Certificate& issuing,
                                                     const x509::Certificate& root);

/// Publishes to subscribers on every shard; the shards must outlive the result.
monitoring::Publish publisher(const std::vector<Shard*>& shards, const Clock& clock);

}  // namespace imprint::server
