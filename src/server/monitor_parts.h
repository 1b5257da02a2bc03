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

/// What only the server can show its monitor, and the way from it to subscribers.

/// Of the file system that a directory lies on.
Result<alarms::DiskSpace> space_at(const std::filesystem::path& directory);

/// When the certificate that the listeners show ends, the issuing CA and the root.
std::vector<alarms::WatchedCertificate> own_endings(const x509::Certificate& server,
                                                    const x509::Certificate& issuing,
                                                    const x509::Certificate& root);

/// Publishes to subscribers on every shard; the shards outlive it.
monitoring::Publish publisher(const std::vector<Shard*>& shards, const Clock& clock);

}  // namespace imprint::server
