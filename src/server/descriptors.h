// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace imprint::server {

/// How the process's file descriptors are shared out. Those that are not for connections are
/// reserved for the store, the archive, hooks and reloads, which must work even under load.
struct Descriptors {
  std::size_t devices = 0;  ///< connections on the MQTT listener
  /// The part of `devices` that one address may use: half, if there are fewer than configured.
  std::size_t devices_per_address = 0;
  std::size_t http = 0;  ///< on the REST listener
};

/// Shares out `all` descriptors; `wanted` and `wanted_per_address` are the configured limits of
/// device connections.
Descriptors share_descriptors(std::size_t all, std::size_t wanted, std::size_t wanted_per_address);

/// Raises the limit of this process as far as permitted; returns the new limit.
std::size_t raise_descriptor_limit();

}  // namespace imprint::server
