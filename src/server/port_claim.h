// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/file.h"
#include "deployment/config.h"

namespace imprint::server {

/// Held while the shards bind one address together. SO_REUSEPORT lets any process of the same user
/// in, and the kernel would give each a part of the connections: another deployment's server, and
/// its CA, would answer half of the devices.
class PortClaim {
 public:
  /// Fault::conflict when somebody listens there already.
  static Result<PortClaim> make(const deployment::ListenAddress& address);

 private:
  explicit PortClaim(FileDescriptor turn) : turn_(std::move(turn)) {}
  FileDescriptor turn_;
};

}  // namespace imprint::server
