// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace imprint::server {

/// How many of the process's file descriptors go where. What is not for connections stays for the
/// store, the archive, hooks and reloads, which must work while devices press.
struct Descriptors {
  std::size_t devices = 0;  ///< connections on the MQTT listener
  std::size_t http = 0;     ///< on the REST listener
};

/// Of `all`, when `wanted` connections of devices are configured.
Descriptors share_descriptors(std::size_t all, std::size_t wanted);

/// Raises the limit of this process as far as it may; what it is then.
std::size_t raise_descriptor_limit();

}  // namespace imprint::server
