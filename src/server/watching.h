// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "alarms/rules.h"
#include "deployment/layout.h"
#include "monitoring/channel.h"

namespace imprint::server {

class Shard;

/// What only the server can show its monitor, and the way from it to subscribers.

/// Of the file system that a directory lies on.
Result<alarms::DiskSpace> space_at(const std::filesystem::path& directory);

/// The server's certificate, the issuing CA and the root, as the files have them now.
Result<std::vector<alarms::Ending>> own_certificates(const deployment::Layout& layout);

/// Publishes to subscribers on every shard; the shards outlive it.
monitoring::Publish publisher(const std::vector<Shard*>& shards, const Clock& clock);

}  // namespace imprint::server
