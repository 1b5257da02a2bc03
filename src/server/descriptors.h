// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace imprint::server {

/// How many of the process's file descriptors go where. What is not for connections stays for the
/// store, the archive, hooks and reloads, which must work while devices press.
struct Descriptors {
  std::size_t devices = 0;  ///< connections on the MQTT listener
  /// Of these, for one address: half, where there are fewer than were configured.
  std::size_t devices_per_address = 0;
  std::size_t http = 0;  ///< on the REST listener
};

/// Of `all`, when so many connections of devices, in all and of one address, are configured.
Descriptors share_descriptors(std::size_t all, std::size_t wanted, std::size_t wanted_per_address);

/// Raises the limit of this process as far as it may; what it is then.
std::size_t raise_descriptor_limit();

}  // namespace imprint::server
